//! Loads the configuration: from arguments to [`Settings`].

mod administration;
pub(super) mod assistants_file;
pub(super) mod bounded_file;
pub(super) mod document;
pub(super) mod environment;
pub(super) mod layers;
pub(super) mod output_path;
pub(super) mod shown_line;
pub(super) mod source;
pub(super) mod text;
pub(super) mod tree;
pub(super) mod variables;
pub(super) mod watched_file;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vendors::{Dialect, registry};

use super::origins::Origins;
use super::settings::Settings;
use super::validate::key_path::KeyPath;
use super::validate::problem::{Diagnostic, ProblemKind, Problems};
use super::validate::root;
use super::validate::validator::Validator;
pub use administration::{Administration, administration, probed};
use environment::{Environment, PATH};
use layers::Layers;
use source::{SourceId, Sources};
use tree::{Entry, Table};

/// The commented file that the gateway starts from: every key with its default.
pub const DEFAULTS: &str = include_str!("../../../config/switchboard.toml");

/// The file that is read, if it exists, when neither the command line nor the environment names one.
const DEFAULT_PATH: &str = "config/switchboard.toml";

/// Loads the configuration, or reports everything that is wrong with it.
///
/// `path` comes from the command line. Without it `SWITCHBOARD_CONFIG` in the environment names the file; without
/// that, `config/switchboard.toml` is read if it exists. Only the files that these name are opened.
///
/// # Errors
/// [`Problems`] when there is at least one error; it lists the warnings too.
pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Settings, Problems> {
    checked(environment, |validator| read_file(path, validator))
}

/// The file that [`load`] reads; `None` if none is named and there is none in the default place.
#[must_use]
pub fn file(path: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let variable = environment.get(PATH).filter(|path| !path.is_empty());
    let named = path.map(Path::to_owned).or_else(|| variable.map(PathBuf::from));
    named.or_else(|| Some(PathBuf::from(DEFAULT_PATH)).filter(|default| default.exists()))
}

/// Loads the configuration from a text instead of a file; relative paths in it start from the working directory.
///
/// # Errors
/// As [`load`].
pub fn load_text(text: &str, environment: &Environment) -> Result<Settings, Problems> {
    checked(environment, |validator| {
        Some(Some(validator.sources.add_file("configuration".into(), text.to_owned().into())))
    })
}

/// The source between defaults and environment: `None` where it cannot be read, `Some(None)` where there is none.
type FileSource = Option<Option<SourceId>>;

/// The same, parsed.
type FileTable = Option<Option<Table>>;

fn checked(
    environment: &Environment,
    file: impl FnOnce(&mut Validator<'_>) -> FileSource,
) -> Result<Settings, Problems> {
    let mut validator = Validator::new(environment);
    let settings = tree(file, &mut validator).map(|tree| {
        validator.check_section(&tree, Sources::NOWHERE, &root::SECTION, &KeyPath::ROOT);
        let settings = Settings::read(&tree, &mut validator);
        Settings { origins: Arc::new(Origins::of(&tree, &validator.sources)), ..settings }
    });
    let refused = validator.has_errors();
    let assistants_files = std::mem::take(&mut validator.assistants_files);
    let (diagnostics, sources, files) = validator.finish();
    let problems = Problems::new(diagnostics, &sources, files.clone());
    match settings {
        Some(settings) if !refused => Ok(Settings { assistants_files, files, warnings: problems, ..settings }),
        _ => Err(problems),
    }
}

/// Defaults, OpenTelemetry's variables, file, environment and assistants files as one tree; `None` where a file is missing or not TOML.
fn tree(file: impl FnOnce(&mut Validator<'_>) -> FileSource, validator: &mut Validator<'_>) -> Option<Table> {
    let file = |validator: &mut Validator<'_>| Some(file(validator)?.map(|source| document::parse(source, validator)));
    let mut tree = layered(file, validator)?;
    validator.add_assistants(&mut tree);
    validator.vendors = tables(&tree, "vendors").map(|(name, entry)| (name.clone(), dialect(name, entry))).collect();
    validator.clients = tables(&tree, "clients").map(|(name, _)| name.clone()).collect();
    Some(tree)
}

/// Defaults, file and environment.
fn layered(file: impl FnOnce(&mut Validator<'_>) -> FileTable, validator: &mut Validator<'_>) -> Option<Table> {
    let mut layers = Layers::default();
    let defaults = validator.sources.add_defaults(DEFAULTS);
    let table = document::parse(defaults, validator);
    add(&mut layers, "built-in defaults", table, validator)?;
    let variables = validator.opentelemetry();
    add(&mut layers, "OpenTelemetry's variables", variables, validator)?;
    if let Some(table) = file(validator)? {
        add(&mut layers, "file", table, validator)?;
        if validator.has_errors() {
            return None;
        }
    }
    let variables = validator.variables(layers.tree());
    add(&mut layers, "environment", variables, validator)?;
    Some(layers.into_tree())
}

fn add(layers: &mut Layers, name: &'static str, table: Table, validator: &mut Validator<'_>) -> Option<()> {
    let report = |error| {
        let message = format!("the layer \"{name}\" cannot be merged with those below it: {error}");
        validator.report(Diagnostic::error(ProblemKind::Syntax, Sources::NOWHERE, "", message));
    };
    layers.add(name, table).map_err(report).ok()
}

/// Reads the configuration file that the command line or the environment names, else the default one.
fn read_file(path: Option<&Path>, validator: &mut Validator<'_>) -> FileSource {
    let variable = validator.environment.get(PATH).filter(|path| !path.is_empty());
    let (path, span) = match (path, variable) {
        (Some(path), _) => (path.to_owned(), Sources::NOWHERE),
        (None, Some(path)) => (path.into(), validator.sources.add_variable(PATH)),
        (None, None) if validator.environment.is_unreadable(PATH) => {
            let span = validator.sources.add_variable(PATH);
            let message = format!("the environment variable `{PATH}` is not UTF-8");
            validator.error(ProblemKind::UnreadableFile, span, "", message, "name the file with `--config` instead");
            return None;
        }
        (None, None) => {
            let default = PathBuf::from(DEFAULT_PATH);
            validator.watch(&default);
            if !default.exists() {
                return Some(None);
            }
            (default, Sources::NOWHERE)
        }
    };
    match validator.read(&path) {
        Ok(text) => Some(Some(validator.sources.add_file(path, text))),
        Err(error) => {
            let message = format!("cannot read the configuration `{}`: {error}", path.display());
            let help = match error.kind() {
                io::ErrorKind::NotFound => not_there(&path),
                _ => text::help(&error, "name a file with `--config` or SWITCHBOARD_CONFIG").to_owned(),
            };
            validator.error(ProblemKind::UnreadableFile, span, "", message, help);
            None
        }
    }
}

/// Where a file was looked for: a path that is not absolute starts from a folder that the message would not name.
fn not_there(path: &Path) -> String {
    let whole = std::path::absolute(path);
    match whole.as_deref().unwrap_or(path).parent() {
        Some(folder) if folder.is_dir() => format!("there is no such file in {}", folder.display()),
        Some(folder) => format!("there is no folder {}", folder.display()),
        None => "there is no such file".to_owned(),
    }
}

/// The tables in a table, those with problems included.
fn tables<'a>(tree: &'a Table, table: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> + use<'a> {
    tree.get(table).and_then(|entry| entry.node.as_table()).into_iter().flatten()
}

/// The dialect of a vendor's table: the one that it names, else the one that it is named after.
fn dialect(name: &str, entry: &Entry) -> Option<&'static Dialect> {
    let named = entry.node.as_table()?.get("dialect").map(|entry| entry.node.as_text());
    registry::dialect(named.unwrap_or(Some(name))?)
}
