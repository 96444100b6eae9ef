//! `[journal]`: what is kept of changes that ended.

use std::time::Duration;

use serde::Serialize;
use strum::VariantNames;

use crate::config::types::duration;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::JournalValues;

/// The longest time for which records are kept.
const MAX_RETENTION: Duration = Duration::from_hours(24 * 3650);

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "retention",
        Kind::Lifetime { max: MAX_RETENTION },
        "How long records are kept after their end, and the bodies of those that were given up.",
    ),
    Key::new(
        "values",
        Kind::Word(JournalValues::VARIANTS),
        "What is kept of the values: all but secrets (`redacted`), `none` but the names of fields, or all (`full`).",
    ),
]);

/// What is kept of changes that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Journal {
    /// How long records are kept after their end.
    #[serde(serialize_with = "duration::serialize")]
    pub retention: Duration,
    /// What is kept of the values.
    pub values: JournalValues,
}

impl Default for Journal {
    fn default() -> Self {
        Self { retention: Duration::from_hours(24 * 30), values: JournalValues::default() }
    }
}

impl Journal {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let journal = Self {
            retention: reader.lifetime("retention", MAX_RETENTION).unwrap_or(default.retention),
            values: reader.word("values").unwrap_or(default.values),
        };
        if journal.values == JournalValues::Full {
            let wrong = "keeps secrets that callers send, such as those of webhooks, for as long as `retention` says";
            let help = "write \"redacted\" unless you need them";
            validator.report(reader.warning("values", ProblemKind::Insecure, wrong).help(help));
        }
        journal
    }
}
