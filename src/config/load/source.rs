//! Where settings come from, and the way back from a byte offset to a file, line and column.

use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::shown_line::{self, SourceLine};
use crate::config::validate::problem::{Excerpt, Location};
use crate::config::validate::visible::visible_columns;

/// One of the [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceId(usize);

/// A range of bytes in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) source: SourceId,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A text with the offset of each of its lines. It is wiped, because it may contain a secret by mistake.
#[derive(Debug)]
pub(crate) struct Text {
    content: Zeroizing<String>,
    line_starts: Vec<usize>,
}

impl Text {
    fn new(content: Zeroizing<String>) -> Self {
        let line_starts = std::iter::once(0).chain(content.match_indices('\n').map(|(offset, _)| offset + 1)).collect();
        Self { content, line_starts }
    }

    /// Line and column (both from 1, columns in characters) and the line itself.
    fn position(&self, offset: usize) -> (usize, usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts[line - 1];
        let column = self.content[start..].char_indices().take_while(|&(index, _)| start + index < offset).count();
        (line, column + 1, start)
    }

    fn line_at(&self, start: usize) -> &str {
        let rest = &self.content[start..];
        rest.split('\n').next().unwrap_or(rest).trim_end()
    }
}

#[derive(Debug)]
enum Source {
    Defaults(Text),
    File(PathBuf, Text),
    Variable(String),
    Nowhere,
}

/// Every text and variable that one load reads.
#[derive(Debug)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Holds the source of [`Sources::NOWHERE`] only.
    pub(crate) fn new() -> Self {
        Self(vec![Source::Nowhere])
    }

    /// The span of problems without a line.
    pub(crate) const NOWHERE: Span = Span { source: SourceId(0), start: 0, end: 0 };

    pub(crate) fn add_defaults(&mut self, content: &str) -> SourceId {
        self.add(Source::Defaults(Text::new(Zeroizing::new(content.to_owned()))))
    }

    pub(crate) fn add_file(&mut self, path: PathBuf, content: Zeroizing<String>) -> SourceId {
        self.add(Source::File(path, Text::new(content)))
    }

    pub(crate) fn add_variable(&mut self, name: &str) -> Span {
        let source = self.add(Source::Variable(name.to_owned()));
        Span { source, start: 0, end: 0 }
    }

    fn add(&mut self, source: Source) -> SourceId {
        self.0.push(source);
        SourceId(self.0.len() - 1)
    }

    /// The text of a file or of the defaults; empty for a variable, whose value may be secret.
    pub(crate) fn content(&self, id: SourceId) -> &str {
        match &self.0[id.0] {
            Source::Defaults(text) | Source::File(_, text) => &text.content,
            Source::Variable(_) | Source::Nowhere => "",
        }
    }

    pub(crate) fn is_default(&self, span: Span) -> bool {
        matches!(self.0[span.source.0], Source::Defaults(_))
    }

    pub(crate) fn is_variable(&self, span: Span) -> bool {
        matches!(self.0[span.source.0], Source::Variable(_))
    }

    /// The folder that relative paths written there start from; for variables, the working directory.
    pub(crate) fn folder(&self, span: Span) -> &Path {
        match &self.0[span.source.0] {
            Source::File(path, _) => path.parent().unwrap_or(Path::new("")),
            Source::Defaults(_) | Source::Variable(_) | Source::Nowhere => Path::new(""),
        }
    }

    pub(crate) fn location(&self, span: Span) -> Location {
        match &self.0[span.source.0] {
            Source::Nowhere => Location::Whole,
            Source::Variable(name) => Location::Variable { name: name.clone() },
            Source::Defaults(text) => {
                let (line, column, _) = text.position(span.start);
                Location::Defaults { line, column }
            }
            Source::File(path, text) => {
                let (line, column, _) = text.position(span.start);
                Location::File { path: path.clone(), line, column }
            }
        }
    }

    /// Whether the line may hold a credential, for problems of text that could not be read.
    pub(crate) fn may_hold_secret(&self, span: Span) -> bool {
        let (Source::Defaults(text) | Source::File(_, text)) = &self.0[span.source.0] else {
            return true;
        };
        let (_, _, start) = text.position(span.start);
        let line = text.line_at(start).to_ascii_lowercase();
        SECRET_WORDS.iter().any(|word| line.contains(word))
    }

    /// The line of a problem, cut off after the marked part so that other values stay out of logs.
    pub(crate) fn excerpt(&self, span: Span) -> Option<Excerpt> {
        let (Source::Defaults(text) | Source::File(_, text)) = &self.0[span.source.0] else {
            return None;
        };
        let (line, column, start) = text.position(span.start);
        let whole = text.line_at(start);
        let before = span.start.saturating_sub(start).min(whole.len());
        let end = span.end.saturating_sub(start).clamp(before, whole.len());
        if holds_secret(whole.get(..before)?) {
            return None;
        }
        let mut shown = visible_columns(whole.get(..end)?);
        if !whole.get(end..)?.trim().is_empty() {
            shown.push_str(" …");
        }
        Some(Excerpt { line, text: shown, indent: column - 1, width: whole.get(before..end)?.chars().count().max(1) })
    }

    /// The lines around a problem in a file, without what may be secret. The line of the problem itself is shown as
    /// `excerpt` has it.
    pub(crate) fn around(&self, span: Span, excerpt: Option<&Excerpt>) -> Vec<SourceLine> {
        let Source::File(_, text) = &self.0[span.source.0] else { return Vec::new() };
        let (line, ..) = text.position(span.start);
        let last = text.line_starts.len();
        let numbers = line.saturating_sub(LINES_AROUND).max(1)..=(line + LINES_AROUND).min(last);
        let shown = |number: usize| match excerpt.filter(|excerpt| number == line && excerpt.is_single()) {
            Some(excerpt) => {
                let mark = Some((excerpt.indent, excerpt.width));
                SourceLine { number, text: excerpt.text.clone(), mark }
            }
            None => {
                let text = text.line_starts.get(number - 1).map(|start| shown_line::shown(text.line_at(*start)));
                SourceLine { number, text: text.unwrap_or_default(), mark: (number == line).then_some((0, 0)) }
            }
        };
        numbers.map(shown).collect()
    }
}

/// How many lines before and after a problem are shown.
const LINES_AROUND: usize = 2;

/// Words in the names of keys that hold credentials.
const SECRET_WORDS: [&str; 4] = ["tok", "secret", "passw", "encryption"];

/// Whether text in front of the marked part may contain a credential.
fn holds_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    SECRET_WORDS.iter().filter_map(|word| lower.find(word)).any(|found| lower[found..].contains(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use crate::config::load::source::{Sources, Span};
    use crate::config::validate::problem::Location;

    #[test]
    fn columns_count_characters_and_start_at_one() {
        let mut sources = Sources::new();
        let source = sources.add_file("a.toml".into(), "a = 1\nü = 'x' # c\n".to_owned().into());
        let span = |start, end| Span { source, start, end };
        assert_eq!(sources.location(span(11, 14)), Location::File { path: "a.toml".into(), line: 2, column: 5 });
        let excerpt = sources.excerpt(span(11, 14)).expect("a line");
        assert_eq!((excerpt.text.as_str(), excerpt.indent), ("ü = 'x' …", 4));
    }

    #[test]
    fn a_credential_before_the_marked_part_hides_the_line() {
        let mut sources = Sources::new();
        let text = "sondos = { token = 'abc', dialect = 'x' }";
        let source = sources.add_file("a.toml".into(), text.to_owned().into());
        let start = text.find("'x'").expect("there");
        assert!(sources.excerpt(Span { source, start, end: start + 3 }).is_none());
    }
}
