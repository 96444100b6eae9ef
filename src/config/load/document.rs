//! Parses a source as TOML; every syntax error and every key given twice is reported, not only the first.

use toml::de::DeTable;

use super::source::{SourceId, Span};
use super::tree::{self, Table};
use crate::config::validate::problem::{Diagnostic, ProblemKind};
use crate::config::validate::validator::Validator;

/// The tree of a source; empty where it is not TOML, because half a document would cause false problems.
pub(crate) fn parse(source: SourceId, validator: &mut Validator<'_>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(validator.sources.content(source));
    let found: Vec<Diagnostic> = errors.iter().map(|error| syntax_error(error, source, validator)).collect();
    let readable = found.is_empty();
    let tree = if readable { tree::from_toml(table.get_ref(), source) } else { Table::new() };
    for diagnostic in found {
        validator.report(diagnostic);
    }
    tree
}

fn syntax_error(error: &toml::de::Error, source: SourceId, validator: &Validator<'_>) -> Diagnostic {
    let content = validator.sources.content(source);
    let range = error.span().unwrap_or_default();
    let span = Span { source, start: range.start.min(content.len()), end: range.end.min(content.len()) };
    let duplicate = error.message().starts_with("duplicate key");
    let kind = if duplicate { ProblemKind::Duplicate } else { ProblemKind::Syntax };
    let name = content.get(span.start..span.end).unwrap_or_default();
    let message = if duplicate {
        format!("`{name}` is given twice")
    } else {
        let text = error.message().lines().collect::<Vec<_>>().join(": ");
        format!("not TOML: {text}")
    };
    let mut diagnostic = Diagnostic::error(kind, span, "", message);
    if !duplicate && validator.sources.may_hold_secret(span) {
        diagnostic = diagnostic.secret();
    }
    let word = name.starts_with(char::is_alphabetic);
    match kind {
        ProblemKind::Duplicate => diagnostic.help("keep one of the two"),
        _ if word => diagnostic.help("texts stand in quotes"),
        _ => diagnostic,
    }
}
