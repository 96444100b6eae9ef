//! Parses a source as TOML; every syntax error and every key given twice is reported, not only the first.

use toml::de::DeTable;

use super::source::{At, SourceId};
use super::tree::{self, Table};
use crate::config::validate::problem::{Finding, ProblemKind};
use crate::config::validate::validator::Validator;

/// The tree of a source; empty where it is not TOML, as half a document would bring up false problems.
pub(crate) fn parse(source: SourceId, inspection: &mut Validator<'_>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(inspection.sources.content(source));
    let found: Vec<Finding> = errors.iter().map(|error| syntax_error(error, source, inspection)).collect();
    let readable = found.is_empty();
    let tree = if readable { tree::from_toml(table.get_ref(), source) } else { Table::new() };
    for finding in found {
        inspection.report(finding);
    }
    tree
}

fn syntax_error(error: &toml::de::Error, source: SourceId, inspection: &Validator<'_>) -> Finding {
    let content = inspection.sources.content(source);
    let span = error.span().unwrap_or_default();
    let at = At { source, start: span.start.min(content.len()), end: span.end.min(content.len()) };
    let duplicate = error.message().starts_with("duplicate key");
    let kind = if duplicate { ProblemKind::Duplicate } else { ProblemKind::Syntax };
    let name = content.get(at.start..at.end).unwrap_or_default();
    let message = if duplicate {
        format!("`{name}` is given twice")
    } else {
        let text = error.message().lines().collect::<Vec<_>>().join(": ");
        format!("not TOML: {text}")
    };
    let mut finding = Finding::error(kind, at, "", message);
    if !duplicate && inspection.sources.may_hold_secret(at) {
        finding = finding.secret();
    }
    let word = name.starts_with(char::is_alphabetic);
    match kind {
        ProblemKind::Duplicate => finding.help("keep one of the two"),
        _ if word => finding.help("texts stand in quotes"),
        _ => finding,
    }
}
