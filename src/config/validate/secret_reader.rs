//! Reads the secrets that references point to, and reports those that cannot be read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::key_path::KeyPath;
use super::problem::{Diagnostic, ProblemKind};
use super::table_reader::TableReader;
use super::validator::Validator;
use crate::config::load::source::Span;
use crate::config::load::tree::Node;
use crate::config::types::secret::{self, SecretText};

/// Reads the secret that the value of a key refers to.
pub(super) fn read_secret<T: SecretText>(node: &Node, key: &KeyPath<'_>, validator: &mut Validator<'_>) -> Option<T> {
    if let Some(text) = node.as_text() {
        let literal = validator.sources.is_variable(node.span);
        return literal.then(|| accept(text, "the environment variable", node.span, key, validator))?;
    }
    let reference = TableReader::of(node, *key);
    if let Some(variable) = reference.text("env") {
        let span = reference.span("env");
        let value = validator.environment.get(variable);
        if value.is_none() && !is_variable_name(variable) {
            let message = format!("`{key}.env` is not the name of an environment variable");
            let help = "name the variable that holds the secret, not the secret itself";
            let diagnostic = Diagnostic::error(ProblemKind::BadSecret, span, key, message);
            validator.report(diagnostic.help(help).secret());
            return None;
        }
        let Some(text) = value else {
            unset(variable, span, key, validator);
            return None;
        };
        let origin = format!("the environment variable `{variable}`");
        return accept(text, &origin, span, key, validator);
    }
    let path = reference.text("file")?;
    let span = reference.span("file");
    let (path, text) = validator.read_file(span, key, path)?;
    if is_open_to_others(&path) {
        let message = format!("every user of this machine can read `{}` for `{key}`", path.display());
        let help = "let only the gateway's user read it: `chmod 0640` with a group of its own, or `chmod 0600`";
        validator.warn(ProblemKind::Insecure, span, key, message, help);
    }
    let origin = format!("the file `{}`", path.display());
    accept(&text, &origin, span, key, validator)
}

fn accept<T: SecretText>(
    text: &str,
    origin: &str,
    span: Span,
    key: &KeyPath<'_>,
    validator: &mut Validator<'_>,
) -> Option<T> {
    let text = text.trim_end_matches(['\r', '\n']);
    let read = if text.trim().is_empty() { Err("is empty".into()) } else { T::from_text(text) };
    match read {
        Ok(secret) => {
            if let Some((what, help)) = secret::mistaken(text) {
                let message = format!("the secret for `{key}` {what}");
                validator.warn(ProblemKind::BadSecret, span, key, message, format!("in {origin}: {help}"));
            }
            Some(secret)
        }
        Err(wrong) => {
            let message = format!("the secret for `{key}` {wrong}");
            validator.error(ProblemKind::BadSecret, span, key, message, format!("{} {origin}", T::HELP));
            None
        }
    }
}

/// Whether users other than the owner and the group can read the file and reach it through all folders above it.
fn is_open_to_others(path: &Path) -> bool {
    let has = |path: &Path, bits: u32| path.metadata().is_ok_and(|metadata| metadata.mode() & bits == bits);
    let Ok(path) = path.canonicalize() else { return false };
    has(&path, 0o004) && path.ancestors().skip(1).all(|folder| has(folder, 0o001))
}

/// Whether a shell could set a variable of this name; a secret put here by mistake mostly fails this.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unset(variable: &str, span: Span, key: &KeyPath<'_>, validator: &mut Validator<'_>) {
    if validator.environment.is_unreadable(variable) {
        let message = format!("the environment variable `{variable}` for `{key}` is not UTF-8");
        let help = "a secret consists of visible ASCII characters; set it again";
        validator.error(ProblemKind::BadSecret, span, key, message, help);
        return;
    }
    let message = format!("the environment variable `{variable}` for `{key}` is not set");
    let nearest = vendors::nearest(variable, validator.environment.names());
    let diagnostic = Diagnostic::error(ProblemKind::UnsetVariable, span, key, message);
    validator.report(diagnostic.nearest(nearest, format!("set {variable}, or name another one")));
}
