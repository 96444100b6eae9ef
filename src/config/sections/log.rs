//! `[log]`: what is logged, and how it is written.

use std::path::PathBuf;

use serde::Serialize;
use strum::VariantNames;
use tracing_subscriber::EnvFilter;

use super::log_filter;
use crate::config::load::output_path::output_file;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::LogFormat;

pub(super) const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "format",
        Kind::Word(LogFormat::VARIANTS),
        "`json` for machines, human-readable `text`, `auto` for text on a terminal and JSON elsewhere.",
    ),
    Key::new("level", Kind::Word(LEVELS), "The least important lines that are written."),
    Key::new(
        "filter",
        Kind::Text,
        "Levels by module, as in `info,switchboard::upstream=debug`; replaces `level` where present.",
    ),
    Key::new("file", Kind::Path, "Where lines are written; standard error without this key."),
]);

/// Logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Levels by module; replaces [`level`](Self::level) where present.
    pub filter: Option<String>,
    /// Where lines are written; standard error if `None`.
    pub file: Option<PathBuf>,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::default(), level: "info".into(), filter: None, file: None }
    }
}

impl Log {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let filter = reader.text("filter").filter(|filter| !filter.trim().is_empty());
        match filter.map(|filter| (filter, EnvFilter::try_new(filter))) {
            None => {}
            Some((filter, Ok(_))) => log_filter::check(filter, reader, validator),
            Some((_, Err(error))) => {
                let help = "write levels by module, as in \"info,switchboard::upstream=debug\"";
                let wrong = format_args!("cannot be read: {error}");
                validator.report(reader.error("filter", ProblemKind::BadValue, wrong).help(help));
            }
        }
        let level = reader.text("level").filter(|level| LEVELS.contains(level));
        Self {
            format: reader.word("format").unwrap_or(default.format),
            level: level.map_or(default.level, str::to_owned),
            filter: reader.text("filter").map(str::to_owned),
            file: output_file(reader, "file", validator),
        }
    }

    /// The directives for the subscriber's filter.
    #[must_use]
    pub fn directives(&self) -> &str {
        self.filter.as_deref().unwrap_or(&self.level)
    }
}
