//! Parses a source as TOML; every syntax error and every key given twice is reported, not only the first.

use toml::de::DeTable;

use super::source::{SourceId, Span};
use super::tree::{self, Table};
use crate::config::validate::problem::{Diagnostic, ProblemKind};
use crate::config::validate::validator::Validator;

/// The tree of a source; empty where it is not TOML, because half a document would cause false problems.
pub(crate) fn parse(source: SourceId, validator: &mut Validator<'_>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(validator.sources.content(source));
    let other = (!errors.is_empty()).then(|| other_format(validator.sources.content(source))).flatten();
    let found: Vec<Diagnostic> = match other {
        Some(format) => {
            let message = format!("this is {format}, but the configuration is TOML");
            let help = "write tables as `[server]` and keys as `listen = \"127.0.0.1:8080\"`";
            let span = Span { source, start: 0, end: 0 };
            vec![Diagnostic::error(ProblemKind::Syntax, span, "", message).help(help).secret()]
        }
        None => errors.iter().map(|error| syntax_error(error, source, validator)).collect(),
    };
    let readable = found.is_empty();
    let tree = if readable { tree::from_toml(table.get_ref(), source) } else { Table::new() };
    for diagnostic in found {
        validator.report(diagnostic);
    }
    tree
}

/// What can be read of a source, whatever is wrong with the rest of it; nothing is reported.
pub(crate) fn readable_part(source: SourceId, validator: &Validator<'_>) -> Table {
    let content = validator.sources.content(source);
    let (table, errors) = DeTable::parse_recoverable(content);
    let other = (!errors.is_empty()).then(|| other_format(content)).flatten();
    if other.is_some() { Table::new() } else { tree::from_toml(table.get_ref(), source) }
}

/// The format that a text is in which is not TOML, if it is a well-known one.
fn other_format(text: &str) -> Option<&'static str> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    let first = lines.peek()?;
    if first.starts_with('{') {
        return Some("JSON");
    }
    let is_word = |word: &str| {
        let word = word.trim_matches(['"', '\'']);
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    let is_yaml = |line: &str| {
        let line = line.strip_prefix("- ").unwrap_or(line);
        line == "---"
            || line
                .split_once(':')
                .is_some_and(|(key, value)| is_word(key) && (value.is_empty() || value.starts_with(' ')))
    };
    let (yaml, all) = lines.fold((0, 0), |(yaml, all), line| (yaml + usize::from(is_yaml(line)), all + 1));
    (yaml * 2 > all).then_some("YAML")
}

/// Where a table or key is given first that is given again at `again`: the number of its line.
fn first_line(text: &str, again: usize) -> Option<usize> {
    let before = text.get(..again)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?.split('#').next()?;
    let plain = |line: &str| line.split('#').next().unwrap_or_default().replace(char::is_whitespace, "");
    let earlier: Vec<&str> = text.get(..start)?.lines().collect();
    if line.trim_start().starts_with('[') {
        return earlier.iter().position(|other| plain(other) == plain(line)).map(|index| index + 1);
    }
    let key = plain(line.split('=').next()?);
    let table = earlier.iter().rposition(|line| line.trim_start().starts_with('[')).map_or(0, |index| index + 1);
    let is_first = |other: &&str| other.split_once('=').is_some_and(|(other, _)| plain(other) == key);
    earlier.get(table..)?.iter().position(is_first).map(|index| table + index + 1)
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
        ProblemKind::Duplicate => diagnostic.help(match first_line(content, span.start) {
            Some(line) => format!("keep one of the two; the first is in line {line}"),
            None => "keep one of the two".to_owned(),
        }),
        _ if word => diagnostic.help("texts stand in quotes"),
        _ => diagnostic,
    }
}
