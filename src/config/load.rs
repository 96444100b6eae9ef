//! One load, from arguments to [`Settings`].

use std::path::{Path, PathBuf};

use super::environment::{Environment, PATH};
use super::inspection::{Inspection, read_text};
use super::known::Known;
use super::problem::{ProblemKind, Problems};
use super::settings::Settings;
use super::source::{At, Sources};
use super::trail::Trail;
use super::tree::{self, Table};
use super::{document, root};

/// The commented file that the gateway starts from: every key with its default.
pub const DEFAULTS: &str = include_str!("../../config/switchboard.toml");

/// The file that is read when neither the command line nor the environment names one, if it exists.
const USUAL_FILE: &str = "config/switchboard.toml";

/// Loads the configuration, or tells everything that is wrong with it.
///
/// `path` is the command line's; without it `SWITCHBOARD_CONFIG` in the environment names the file, else
/// `config/switchboard.toml` is read if it exists. Nothing else is looked at but the files these name.
///
/// # Errors
/// [`Problems`] when there is at least one error; it lists the warnings too.
pub fn load(path: Option<&Path>, environment: &Environment, known: &Known) -> Result<Settings, Problems> {
    let mut inspection = Inspection::new(environment, known);
    let tree = layers(path, &mut inspection);
    let settings = match tree {
        Some(tree) => {
            inspection.check_section(&tree, Sources::NOWHERE, &root::SECTION, &Trail::ROOT);
            Some(Settings::read(&tree, &mut inspection))
        }
        None => None,
    };
    let refused = inspection.has_errors();
    let (found, sources, files) = inspection.finish();
    let problems = Problems::new(found, &sources, files.clone());
    match settings {
        Some(settings) if !refused => Ok(Settings { files, warnings: problems, ..settings }),
        _ => Err(problems),
    }
}

/// Defaults, file, environment and assistants files as one tree; `None` where a file is not TOML or not there.
fn layers(path: Option<&Path>, inspection: &mut Inspection<'_>) -> Option<Table> {
    let defaults = inspection.sources.add_defaults(DEFAULTS);
    let mut tree = document::parse(defaults, inspection);
    if let Some((path, at)) = chosen_file(path, inspection) {
        let text = file_text(&path, at, inspection)?;
        let file = inspection.sources.add_file(path, text);
        tree::overlay(&mut tree, document::parse(file, inspection));
        if inspection.has_errors() {
            return None;
        }
    }
    inspection.lay_variables(&mut tree);
    inspection.add_rosters(&mut tree);
    inspection.vendors = names(&tree, "vendors");
    inspection.clients = names(&tree, "clients");
    Some(tree)
}

/// The file to read and what named it.
fn chosen_file(path: Option<&Path>, inspection: &mut Inspection<'_>) -> Option<(PathBuf, At)> {
    if let Some(path) = path {
        return Some((path.to_owned(), Sources::NOWHERE));
    }
    if let Some(path) = inspection.environment.get(PATH).filter(|path| !path.is_empty()) {
        let at = inspection.sources.add_variable(PATH);
        return Some((path.into(), at));
    }
    let usual = PathBuf::from(USUAL_FILE);
    usual.exists().then_some((usual, Sources::NOWHERE))
}

fn file_text(path: &Path, at: At, inspection: &mut Inspection<'_>) -> Option<String> {
    inspection.files.insert(path.to_owned());
    match read_text(path) {
        Ok(text) => Some(text),
        Err(error) => {
            let message = format!("cannot read the configuration `{}`: {error}", path.display());
            let help = "name a file with `--config` or SWITCHBOARD_CONFIG";
            inspection.error(ProblemKind::UnreadableFile, at, "", message, help);
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
