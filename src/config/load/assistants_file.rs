//! `routing.assistants_files`: named assistants in separate TOML or CSV files.
//!
//! They are added to the tree before it is checked, so that every check covers them too.

use std::path::{Path, PathBuf};
use std::{fs, io};

use csv::{StringRecord, Trim};
use secrecy::zeroize::Zeroizing;

use super::document;
use super::source::{SourceId, Sources, Span};
use super::text;
use super::tree::{Entry, Node, Table, Value};
use crate::config::validate::key_path::KeyPath;
use crate::config::validate::problem::{Diagnostic, ProblemKind};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::Glob;

/// The table that the files add to.
const KEY: &str = "assistants";

/// The key that names the files.
const FILES_KEY: &str = "routing.assistants_files";

/// One of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssistantsFile {
    /// What names it: an entry of `routing.assistants_files`.
    pub pattern: String,
    /// Where it is.
    pub path: PathBuf,
    /// How many assistants it holds.
    pub assistants: usize,
}

/// What is known of a file before its assistants are added.
struct Named {
    pattern: String,
    path: PathBuf,
    text: Zeroizing<String>,
    span: Span,
}

impl Validator<'_> {
    /// Adds the assistants of all files to the tree, and reports names that are there already.
    pub(crate) fn add_assistants(&mut self, tree: &mut Table) {
        let files = self.named_files(tree);
        let node = Node { value: Value::Table(Table::new()), span: Sources::NOWHERE };
        let entry = tree.entry(KEY.to_owned()).or_insert(Entry { key_span: Sources::NOWHERE, node });
        // Where the configuration has something other than a table, the check reports that; the files are read anyway.
        let mut unused = Table::new();
        let assistants = match &mut entry.node.value {
            Value::Table(table) => table,
            _ => &mut unused,
        };
        for Named { pattern, path, text, span } in files {
            let (shown, before) = (path.display().to_string(), self.problem_count());
            let count = self.add_file(assistants, path.clone(), text);
            self.assistants_files.push(AssistantsFile { pattern, path, assistants: count });
            if count == 0 && self.problem_count() == before {
                let message = format!("`{FILES_KEY}`: `{shown}` holds no assistants");
                let help = "it may have been written only in part; write `name,vendor,id` rows (CSV) or \
                            `[assistants.NAME]` tables (TOML)";
                self.warn(ProblemKind::Unused, span, FILES_KEY, message, help);
            }
        }
    }

    /// The configured files with their texts and where they are named, in the order of the configuration.
    fn named_files(&mut self, tree: &Table) -> Vec<Named> {
        let patterns: Vec<(String, Span)> = TableReader::root(tree)
            .table("routing")
            .elements("assistants_files")
            .filter_map(|node| Some((node.as_text()?.to_owned(), node.span)))
            .filter(|(pattern, _)| !pattern.trim().is_empty())
            .collect();
        let mut files = Vec::new();
        for (pattern, span) in patterns {
            for path in self.expand(&pattern, span) {
                if self.has_read(&path) {
                    let message = format!("`{}` is read already", path.display());
                    let help = "name each file once";
                    self.warn(ProblemKind::Duplicate, span, FILES_KEY, message, help);
                    continue;
                }
                match self.read(&path) {
                    Ok(text) => files.push(Named { pattern: pattern.clone(), path, text, span }),
                    Err(error) => self.unreadable(&path, span, &error),
                }
            }
        }
        files
    }

    fn unreadable(&mut self, path: &Path, span: Span, error: &io::Error) {
        let message = format!("cannot read `{}` for `{FILES_KEY}`: {error}", path.display());
        let help = text::help(error, "a relative path starts from the folder of the configuration file");
        self.error(ProblemKind::UnreadableFile, span, FILES_KEY, message, help);
    }

    /// The files that match a pattern, sorted by name.
    fn expand(&mut self, pattern: &str, span: Span) -> Vec<PathBuf> {
        let whole = self.resolve(span, pattern);
        let (folder, name) = match (whole.parent(), whole.file_name()) {
            (Some(folder), Some(name)) => (folder.to_owned(), name.to_string_lossy().into_owned()),
            _ => (PathBuf::new(), String::new()),
        };
        if !Glob::new(Path::new(pattern).parent().unwrap_or(Path::new("")).to_string_lossy()).is_literal() {
            let message = format!("`{FILES_KEY}`: \"{pattern}\" has a pattern in a folder's name");
            let help = "`*` and `?` can stand in the file's name only";
            self.error(ProblemKind::BadValue, span, FILES_KEY, message, help);
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
            let message = format!("`{FILES_KEY}`: no file matches \"{pattern}\"");
            let help = "a relative path starts from the folder of the configuration file";
            self.warn(ProblemKind::Unused, span, FILES_KEY, message, help);
        }
        found
    }

    /// Adds the assistants of a file, and returns how many it holds.
    fn add_file(&mut self, assistants: &mut Table, path: PathBuf, mut text: Zeroizing<String>) -> usize {
        let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        if csv && text.contains('\r') && !text.contains('\n') {
            // Some spreadsheets end lines so.
            text = Zeroizing::new(text.replace('\r', "\n"));
        }
        let source = self.sources.add_file(path, text);
        let rows = if csv { self.csv(source) } else { self.toml(source) };
        let count = rows.len();
        for (name, entry) in rows {
            let Some(first) = assistants.get(&name) else {
                assistants.insert(name, entry);
                continue;
            };
            let location = self.sources.location(first.key_span);
            let key_path = KeyPath::ROOT.key(KEY);
            let key = key_path.key(&name);
            let message = format!("`{key}` is there already: {location}");
            let help = "a name leads to one assistant; rename or remove one of the two";
            self.error(ProblemKind::Duplicate, entry.key_span, key, message, help);
        }
        count
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

    /// The rows of a CSV file: name, vendor, id and optionally handling. A header line and `#` comments are skipped.
    fn csv(&mut self, source: SourceId) -> Vec<(String, Entry)> {
        let text = Zeroizing::new(self.sources.content(source).to_owned());
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).comment(Some(b'#')).trim(Trim::All);
        let mut reader = reader.from_reader(text.as_bytes());
        let (mut rows, mut record, mut end) = (Vec::new(), StringRecord::new(), 0);
        // Reading cannot fail: the text is UTF-8, and rows of any length are accepted.
        while reader.read_record(&mut record).unwrap_or(false) {
            let first = reader.position().record() == 1;
            let header = first && record.get(0).is_some_and(|cell| cell.eq_ignore_ascii_case("name"));
            // Comments and empty lines in front of the row were read with it.
            let before = end;
            end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            let start = before + text[before..end].trim_end().rfind('\n').map_or(0, |newline| newline + 1);
            let row = text[start..].lines().next().unwrap_or_default();
            let span = Span { source, start, end: start + row.len() };
            if let Some((separator, name)) = other_separator(row).filter(|_| record.len() < 3) {
                let message = format!("the cells of this assistants file are separated by {name}");
                let help = format!("write commas: {}", row.replace(separator, ","));
                self.error(ProblemKind::Syntax, span, "assistants", message, help);
                return Vec::new();
            }
            // Spreadsheets fill rows up with empty cells.
            while record.len() > 3 && record.get(record.len() - 1) == Some("") {
                record.truncate(record.len() - 1);
            }
            if header || record.iter().all(str::is_empty) {
                continue;
            }
            if let Some(row) = csv_row(&record, row, span) {
                rows.push(row);
                continue;
            }
            let cells = if record.len() == 1 { "cell" } else { "cells" };
            let message = format!("a row of an assistants file has {} {cells}", record.len());
            let help = "write `name,vendor,id` or `name,vendor,id,handling`";
            self.error(ProblemKind::Syntax, span, "assistants", message, help);
        }
        rows
    }
}

/// What separates the cells of a row where it is no comma.
fn other_separator(row: &str) -> Option<(char, &'static str)> {
    let separators = [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars")];
    separators.into_iter().find(|(separator, _)| row.matches(*separator).count() >= 2)
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

/// Converts a row to a table with spans; `None` where it has too few or too many cells.
fn csv_row(record: &StringRecord, row: &str, span: Span) -> Option<(String, Entry)> {
    let mut searched = 0;
    let mut cells = record.iter().map(|cell| {
        let start = searched + row.get(searched..).and_then(|rest| rest.find(cell)).unwrap_or(0);
        searched = start + cell.len();
        let span = Span { start: span.start + start, end: span.start + searched, ..span };
        Entry { key_span: span, node: Node { value: Value::Text(cell.to_owned()), span } }
    });
    let name = cells.next().filter(|_| (3..=4).contains(&record.len()))?;
    let columns = ["vendor", "id", "handling"].into_iter().zip(cells);
    let given = columns.filter(|(column, cell)| *column != "handling" || cell.node.as_text() != Some(""));
    let table = given.map(|(column, cell)| (column.to_owned(), cell)).collect();
    let node = Node { value: Value::Table(table), span: name.key_span };
    Some((record.get(0)?.to_owned(), Entry { key_span: name.key_span, node }))
}
