//! What is wrong with a configuration, as compiler-like text and as fields of JSON.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::visible::visible;
use crate::config::load::shown_line::SourceLine;
use crate::config::load::source::{Sources, Span};
use crate::config::load::watched_file::WatchedFile;
use crate::value::without_credentials;

/// Whether the configuration can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is used, though it is probably not what was meant.
    Warning,
}

/// The closed list of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// Not TOML, or not the CSV of an assistants file.
    Syntax,
    /// A key that means nothing here.
    UnknownKey,
    /// A key that has to be there is not.
    MissingKey,
    /// A value of another type than the key's.
    WrongType,
    /// A value of the right type that the key cannot have.
    BadValue,
    /// Settings that contradict each other.
    Conflict,
    /// The same thing said twice.
    Duplicate,
    /// A reference to something that is not configured.
    UnknownName,
    /// An `env` reference to a variable that is not set.
    UnsetVariable,
    /// A secret that is empty, not fit for a header, or written into the file.
    BadSecret,
    /// A file that is missing, not readable or not what it should be.
    UnreadableFile,
    /// Something exposed without the key that says so on purpose.
    Insecure,
    /// Something that will never have an effect.
    Unused,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "in")]
pub enum Location {
    /// In a file; line and column start at 1, columns count characters.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// In the value or the name of an environment variable.
    Variable {
        /// The variable's name.
        name: String,
    },
    /// In the built-in defaults, where another setting makes a default wrong.
    Defaults {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// In the configuration as a whole.
    Whole,
}

impl fmt::Display for Location {
    /// For example `FILE:LINE:COLUMN` or `environment variable NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", visible(&path.to_string_lossy()))
            }
            Self::Variable { name } => write!(f, "environment variable {}", visible(name)),
            Self::Defaults { line, column } => write!(f, "built-in defaults:{line}:{column}"),
            Self::Whole => f.write_str("the configuration"),
        }
    }
}

/// The line of a problem, with the part to underline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) indent: usize,
    pub(crate) width: usize,
}

impl Excerpt {
    /// Whether it holds no other value than the marked one.
    pub(crate) fn is_single(&self) -> bool {
        let start = self.text.char_indices().nth(self.indent).map_or(self.text.len(), |(start, _)| start);
        let (before, marked) = self.text.split_at(start);
        let has_text = |text: &str| text.contains(['"', '\'']);
        !has_text(before) && (!marked.starts_with(['{', '[']) || !has_text(marked))
    }

    /// Whether an address in it has a query or a password.
    fn holds_address(&self) -> bool {
        self.text.split_once("://").is_some_and(|(_, rest)| rest.contains(['?', '@']))
    }
}

/// Of how many problems the lines around them are kept.
const MAX_WITH_LINES: usize = 20;

/// One thing that is wrong, where it is, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// Which of the closed list.
    pub kind: ProblemKind,
    /// The dotted key, such as `vendors.sondos.token`; empty where there is none.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// Where it is wrong.
    #[serde(rename = "place")]
    pub location: Location,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip)]
    excerpt: Option<Excerpt>,
    /// The lines around it, without what may be secret; of the first problems only.
    #[serde(skip)]
    pub lines: Vec<SourceLine>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}", self.message)?;
        if self.location != Location::Whole {
            write!(f, "\n  --> {}", self.location)?;
        }
        if let Some(excerpt) = &self.excerpt {
            let number = excerpt.line.to_string();
            let (gap, indent) = (" ".repeat(number.len()), " ".repeat(excerpt.indent));
            let marks = "^".repeat(excerpt.width);
            write!(f, "\n{number} | {}\n{gap} | {indent}{marks}", excerpt.text)?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// A problem with a span instead of a location and an excerpt.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    severity: Severity,
    kind: ProblemKind,
    span: Span,
    key: String,
    message: String,
    help: Option<String>,
    secret: bool,
}

impl Diagnostic {
    /// Something that makes the configuration unusable.
    pub(crate) fn error(kind: ProblemKind, span: Span, key: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            kind,
            span,
            key: key.to_string(),
            message: message.into(),
            help: None,
            secret: false,
        }
    }

    /// Something that is probably not what was meant.
    pub(crate) fn warning(kind: ProblemKind, span: Span, key: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(kind, span, key, message) }
    }

    /// What would be right.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// "did you mean …", when there is something near; else `otherwise`.
    pub(crate) fn nearest(self, nearest: Option<&str>, otherwise: impl Into<String>) -> Self {
        match nearest {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self.help(otherwise),
        }
    }

    /// Keeps the line out of the message because its value is a credential.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Adds location and excerpt. Anything that looks like a credential is redacted; the location shows where it is.
    fn locate(self, sources: &Sources, has_lines: bool) -> Problem {
        let excerpt = (!self.secret).then(|| sources.excerpt(self.span)).flatten();
        let is_plain = |text: &str| matches!(without_credentials(text), Cow::Borrowed(_));
        let excerpt = excerpt.filter(|excerpt| !excerpt.holds_address() && is_plain(&excerpt.text));
        Problem {
            lines: if has_lines { sources.around(self.span, excerpt.as_ref()) } else { Vec::new() },
            excerpt,
            severity: self.severity,
            kind: self.kind,
            key: visible(&without_credentials(&self.key)),
            message: visible(&without_credentials(&self.message)),
            location: sources.location(self.span),
            help: self.help.map(|help| visible(&without_credentials(&help))),
        }
    }
}

/// Everything found wrong, errors first, each group in the order of the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems {
    list: Vec<Problem>,
    #[serde(skip)]
    files: Vec<WatchedFile>,
}

impl Problems {
    pub(crate) fn new(mut found: Vec<Diagnostic>, sources: &Sources, files: Vec<WatchedFile>) -> Self {
        found.sort_by_key(|diagnostic| (diagnostic.severity, diagnostic.span.source, diagnostic.span.start));
        let found = found.into_iter().enumerate();
        let list = found.map(|(at, diagnostic)| diagnostic.locate(sources, at < MAX_WITH_LINES)).collect();
        Self { list, files }
    }

    /// Those that make the configuration unusable.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter().filter(|problem| problem.severity == Severity::Error)
    }

    /// Those that do not.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter().filter(|problem| problem.severity == Severity::Warning)
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same where a gateway runs with what the file held that is gone: what would be right is to put it back.
    #[must_use]
    pub(crate) fn of_missing_file(mut self, help: &str) -> Self {
        let is_file = |problem: &&mut Problem| problem.kind == ProblemKind::UnreadableFile && problem.key.is_empty();
        self.list.iter_mut().filter(is_file).for_each(|problem| problem.help = Some(help.to_owned()));
        self
    }

    /// The files that were read before the configuration was refused, for a watcher.
    #[must_use]
    pub fn files(&self) -> &[WatchedFile] {
        &self.files
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.list {
            write!(f, "{problem}\n\n")?;
        }
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(f, "{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings))
    }
}

impl std::error::Error for Problems {}
