//! `routing.assistants_files`: named assistants kept in files of their own, written by people or exported by
//! programs.
//!
//! Their tables join those of the configuration before anything is checked, so that every check covers them too.

use std::path::{Path, PathBuf};
use std::{fs, io};

use secrecy::zeroize::Zeroizing;

use super::document;
use super::source::{SourceId, Span};
use super::tree::{Entry, Node, Table, Value};
use crate::config::validate::key_path::KeyPath;
use crate::config::validate::problem::{Diagnostic, ProblemKind};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::Glob;

/// The table that the files add to.
const KEY: &str = "assistants";

impl Validator<'_> {
    /// The assistants of all files as a layer to be laid over the tree; no name is in both.
    pub(crate) fn assistants_layer(&mut self, tree: &Table) -> Table {
        let (none, there) = (Table::new(), tree.get(KEY));
        let named = there.map_or(Some(&none), |entry| entry.node.as_table());
        let mut assistants = Table::new();
        for (path, text) in self.assistants_files(tree) {
            self.add_assistants(&mut assistants, named.unwrap_or(&none), path, text);
        }
        let first = assistants.values().next().map(|entry| (entry.key_span, entry.key_span));
        let place = there.map(|entry| (entry.key_span, entry.node.span)).or(first);
        match place {
            // Where the configuration holds something else there, its mistake is told and must not be covered.
            Some((key_span, span)) if named.is_some() && !assistants.is_empty() => {
                let node = Node { value: Value::Table(assistants), span };
                Table::from([(KEY.to_owned(), Entry { key_span, node })])
            }
            _ => none,
        }
    }

    /// The files that are named, in that order, with their texts.
    fn assistants_files(&mut self, tree: &Table) -> Vec<(PathBuf, Zeroizing<String>)> {
        let patterns: Vec<(String, Span)> = TableReader::root(tree)
            .table("routing")
            .elements("assistants_files")
            .filter_map(|node| Some((node.as_text()?.to_owned(), node.span)))
            .filter(|(pattern, _)| !pattern.trim().is_empty())
            .collect();
        let mut files = Vec::new();
        for (pattern, span) in patterns {
            for path in self.expand(&pattern, span) {
                let key = "routing.assistants_files";
                if self.has_read(&path) {
                    let message = format!("`{}` is read already", path.display());
                    let help = "name each file once";
                    self.warn(ProblemKind::Duplicate, span, key, message, help);
                    continue;
                }
                match self.read(&path) {
                    Ok(text) => files.push((path, text)),
                    Err(error) => self.unreadable(&path, span, &error),
                }
            }
        }
        files
    }

    fn unreadable(&mut self, path: &Path, span: Span, error: &io::Error) {
        let key = "routing.assistants_files";
        let message = format!("cannot read `{}` for `{key}`: {error}", path.display());
        let help = "a relative path starts from the folder of the configuration file";
        self.error(ProblemKind::UnreadableFile, span, key, message, help);
    }

    /// The files that a pattern stands for, in the order of their names.
    fn expand(&mut self, pattern: &str, span: Span) -> Vec<PathBuf> {
        let whole = self.resolve(span, pattern);
        let (folder, name) = match (whole.parent(), whole.file_name()) {
            (Some(folder), Some(name)) => (folder.to_owned(), name.to_string_lossy().into_owned()),
            _ => (PathBuf::new(), String::new()),
        };
        let key = "routing.assistants_files";
        if !Glob::new(Path::new(pattern).parent().unwrap_or(Path::new("")).to_string_lossy()).is_literal() {
            let message = format!("`{key}`: \"{pattern}\" has a pattern in a folder's name");
            let help = "`*` and `?` can stand in the file's name only";
            self.error(ProblemKind::BadValue, span, key, message, help);
            return Vec::new();
        }
        let glob = Glob::new(name);
        if glob.is_literal() {
            return vec![whole];
        }
        self.watch(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder });
        let found = match matching(&folder, &glob) {
            Ok(found) => found,
            Err(error) => {
                self.unreadable(&folder, span, &error);
                return Vec::new();
            }
        };
        if found.is_empty() {
            let message = format!("`{key}`: no file matches \"{pattern}\"");
            let help = "a relative path starts from the folder of the configuration file";
            self.warn(ProblemKind::Unused, span, key, message, help);
        }
        found
    }

    fn add_assistants(&mut self, layer: &mut Table, tree: &Table, path: PathBuf, text: Zeroizing<String>) {
        let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let source = self.sources.add_file(path, text);
        let rows = if csv { self.csv(source) } else { self.toml(source) };
        for (name, entry) in rows {
            match tree.get(&name).or_else(|| layer.get(&name)) {
                Some(first) => {
                    let location = self.sources.location(first.key_span);
                    let key_path = KeyPath::ROOT.key(KEY);
                    let key = key_path.key(&name);
                    let message = format!("`{key}` is there already: {location}");
                    let help = "a name leads to one assistant; rename or remove one of the two";
                    self.error(ProblemKind::Duplicate, entry.key_span, key, message, help);
                }
                None => {
                    layer.insert(name, entry);
                }
            }
        }
    }

    /// The `[assistants.*]` tables of a TOML file, which may hold nothing else.
    fn toml(&mut self, source: SourceId) -> Vec<(String, Entry)> {
        let mut rows = Vec::new();
        for (name, entry) in document::parse(source, self) {
            match (name.as_str(), entry.node.value) {
                ("assistants", Value::Table(table)) => rows.extend(table),
                ("assistants", _) => {
                    let message = "`assistants` must be a table";
                    let help = "write `[assistants.NAME]` tables";
                    self.error(ProblemKind::WrongType, entry.key_span, name, message, help);
                }
                _ => {
                    let message = format!("unknown key `{name}` in an assistants file");
                    let diagnostic = Diagnostic::error(ProblemKind::UnknownKey, entry.key_span, name, message);
                    self.report(diagnostic.help("only `[assistants.NAME]` tables can stand here"));
                }
            }
        }
        rows
    }

    /// The rows of a CSV file: name, vendor, id and, if wanted, handling; a header line and `#` comments are skipped.
    fn csv(&mut self, source: SourceId) -> Vec<(String, Entry)> {
        let text = self.sources.content(source).to_owned();
        let mut rows = Vec::new();
        let mut start = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let cells = cells(line, start, source);
            start += line.len();
            let blank = line.trim().is_empty() || line.starts_with('#');
            let header = number == 0 && cells.first().is_some_and(|(cell, _)| cell == "name");
            if blank || header {
                continue;
            }
            match csv_row(cells) {
                Ok(row) => rows.push(row),
                Err((span, count)) => {
                    let message = format!("a row of an assistants file has {count} cells");
                    let help = "write `name,vendor,id` or `name,vendor,id,handling`";
                    self.error(ProblemKind::Syntax, span, "assistants", message, help);
                }
            }
        }
        rows
    }
}

/// The files of a folder whose names match, sorted.
fn matching(folder: &Path, glob: &Glob) -> io::Result<Vec<PathBuf>> {
    let folder_or_here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder_or_here)? {
        let name = entry?.file_name();
        if glob.matches(&name.to_string_lossy()) {
            found.push(folder.join(name));
        }
    }
    found.retain(|path| !path.is_dir());
    found.sort();
    Ok(found)
}

/// The cells of a line with their places, without the blanks and quotes around them.
fn cells(line: &str, start: usize, source: SourceId) -> Vec<(String, Span)> {
    let line = line.trim_end_matches(['\r', '\n']);
    let mut offset = start;
    line.split(',')
        .map(|raw| {
            let cell = raw.trim();
            let before = raw.len() - raw.trim_start().len();
            let span = Span { source, start: offset + before, end: offset + before + cell.len() };
            offset += raw.len() + 1;
            let bare = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
            (bare.unwrap_or(cell).to_owned(), span)
        })
        .collect()
}

/// A row as the table it stands for, or its place and number of cells where they are too few or too many.
fn csv_row(cells: Vec<(String, Span)>) -> Result<(String, Entry), (Span, usize)> {
    let count = cells.len();
    let mut cells = cells.into_iter();
    let Some((name, name_at)) = cells.next().filter(|_| (3..=4).contains(&count)) else {
        let span = cells.next().map_or(super::source::Sources::NOWHERE, |(_, span)| span);
        return Err((span, count));
    };
    let table: Table = ["vendor", "id", "handling"]
        .into_iter()
        .zip(cells)
        .filter(|(column, (cell, _))| *column != "handling" || !cell.is_empty())
        .map(|(column, (cell, span))| {
            let node = Node { value: Value::Text(cell), span };
            (column.to_owned(), Entry { key_span: span, node })
        })
        .collect();
    let node = Node { value: Value::Table(table), span: name_at };
    Ok((name, Entry { key_span: name_at, node }))
}
