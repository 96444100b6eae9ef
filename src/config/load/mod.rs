//! One load, from arguments to [`Settings`].

pub(super) mod assistants_file;
pub(super) mod bounded_file;
pub(super) mod document;
pub(super) mod environment;
pub(super) mod layers;
pub(super) mod output_path;
pub(super) mod source;
pub(super) mod tree;
pub(super) mod variables;
pub(super) mod vendor_names;
pub(super) mod watched;

use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::settings::Settings;
use super::validate::key_path::KeyPath;
use super::validate::problem::{Diagnostic, ProblemKind, Problems};
use super::validate::root;
use super::validate::validator::Validator;
use environment::{Environment, PATH};
use layers::Layers;
use source::{Sources, Span};
use tree::Table;
use vendor_names::VendorNames;

/// The commented file that the gateway starts from: every key with its default.
pub const DEFAULTS: &str = include_str!("../../../config/switchboard.toml");

/// The file that is read when neither the command line nor the environment names one, if it exists.
const DEFAULT_PATH: &str = "config/switchboard.toml";

/// Loads the configuration, or tells everything that is wrong with it.
///
/// `path` is the command line's; without it `SWITCHBOARD_CONFIG` in the environment names the file, else
/// `config/switchboard.toml` is read if it exists. Nothing else is looked at but the files these name.
///
/// # Errors
/// [`Problems`] when there is at least one error; it lists the warnings too.
pub fn load(path: Option<&Path>, environment: &Environment, known: &VendorNames) -> Result<Settings, Problems> {
    checked(File::Chosen(path), environment, known)
}

/// The same for a text instead of a file; relative paths in it start from the working directory.
///
/// # Errors
/// As [`load`].
pub fn load_text(text: &str, environment: &Environment, known: &VendorNames) -> Result<Settings, Problems> {
    checked(File::Text(text), environment, known)
}

/// Where the layer between defaults and environment comes from.
enum File<'a> {
    /// The command line's path, or whatever file is found without one.
    Chosen(Option<&'a Path>),
    /// This text.
    Text(&'a str),
}

fn checked(file: File<'_>, environment: &Environment, known: &VendorNames) -> Result<Settings, Problems> {
    let mut validator = Validator::new(environment, known);
    let tree = tree(file, &mut validator);
    let settings = match tree {
        Some(tree) => {
            validator.check_section(&tree, Sources::NOWHERE, &root::SECTION, &KeyPath::ROOT);
            Some(Settings::read(&tree, &mut validator))
        }
        None => None,
    };
    let refused = validator.has_errors();
    let (found, sources, files) = validator.finish();
    let problems = Problems::new(found, &sources, files.clone());
    match settings {
        Some(settings) if !refused => Ok(Settings { files, warnings: problems, ..settings }),
        _ => Err(problems),
    }
}

/// Defaults, file, environment and assistants files as one tree; `None` where a file is not TOML or not there.
fn tree(file: File<'_>, validator: &mut Validator<'_>) -> Option<Table> {
    let mut layers = Layers::default();
    let defaults = validator.sources.add_defaults(DEFAULTS);
    let table = document::parse(defaults, validator);
    add_layer(&mut layers, "built-in defaults", table, validator)?;
    if let Some((path, text)) = text_of(file, validator)? {
        let file = validator.sources.add_file(path, text);
        let table = document::parse(file, validator);
        add_layer(&mut layers, "file", table, validator)?;
        if validator.has_errors() {
            return None;
        }
    }
    let variables = validator.variables(layers.tree());
    add_layer(&mut layers, "environment", variables, validator)?;
    let assistants = validator.assistants_layer(layers.tree());
    add_layer(&mut layers, "assistants files", assistants, validator)?;
    let tree = layers.into_tree();
    validator.vendors = names(&tree, "vendors");
    validator.clients = names(&tree, "clients");
    Some(tree)
}

fn add_layer(layers: &mut Layers, name: &'static str, table: Table, validator: &mut Validator<'_>) -> Option<()> {
    let added = layers.add(name, table);
    let report = |error| {
        let message = format!("the layer \"{name}\" cannot be joined to those below it: {error}");
        validator.report(Diagnostic::error(ProblemKind::Syntax, Sources::NOWHERE, "", message));
    };
    added.map_err(report).ok()
}

/// The file's path and text; the outer `None` is a file that is not there, the inner one no file at all.
fn text_of(file: File<'_>, validator: &mut Validator<'_>) -> Option<Option<(PathBuf, Zeroizing<String>)>> {
    let path = match file {
        File::Text(text) => return Some(Some((PathBuf::from("configuration"), Zeroizing::new(text.to_owned())))),
        File::Chosen(path) => path,
    };
    let Some((path, span)) = chosen_file(path, validator) else { return Some(None) };
    let text = file_text(&path, span, validator)?;
    Some(Some((path, text)))
}

/// The file to read and what named it.
fn chosen_file(path: Option<&Path>, validator: &mut Validator<'_>) -> Option<(PathBuf, Span)> {
    if let Some(path) = path {
        return Some((path.to_owned(), Sources::NOWHERE));
    }
    if let Some(path) = validator.environment.get(PATH).filter(|path| !path.is_empty()) {
        let span = validator.sources.add_variable(PATH);
        return Some((path.into(), span));
    }
    let default = PathBuf::from(DEFAULT_PATH);
    validator.watch(&default);
    default.exists().then_some((default, Sources::NOWHERE))
}

fn file_text(path: &Path, span: Span, validator: &mut Validator<'_>) -> Option<Zeroizing<String>> {
    match validator.read(path) {
        Ok(text) => Some(text),
        Err(error) => {
            let message = format!("cannot read the configuration `{}`: {error}", path.display());
            let help = "name a file with `--config` or SWITCHBOARD_CONFIG";
            validator.error(ProblemKind::UnreadableFile, span, "", message, help);
            None
        }
    }
}

/// The names of the tables in a table, those with problems included.
fn names(tree: &Table, table: &str) -> std::collections::BTreeSet<String> {
    tree.get(table)
        .and_then(|entry| entry.node.as_table())
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}
