//! `[vendors.*.retry]`: how often and how soon a failed attempt is retried.

use std::time::Duration;

use serde::Serialize;

use crate::config::types::duration;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("max_attempts", Kind::Count { min: 1, max: 20 }, "Attempts in all; 1 turns retries off."),
    Key::new(
        "backoff",
        Kind::Duration { zero: true },
        "Upper end of the random wait before the first retry; it doubles with each.",
    ),
    Key::new("max_backoff", Kind::Duration { zero: true }, "The most that the wait grows to."),
]);

/// Repeating what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// Attempts in all, at least 1.
    pub max_attempts: u32,
    /// Upper end of the random wait before the first retry; doubles with each.
    #[serde(serialize_with = "duration::serialize")]
    pub backoff: Duration,
    /// The most that the wait grows to, at least [`backoff`](Self::backoff).
    #[serde(serialize_with = "duration::serialize")]
    pub max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_attempts: 3, backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2) }
    }
}

impl Retry {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let retry = Self {
            max_attempts: reader.count("max_attempts").unwrap_or(default.max_attempts),
            backoff: reader.duration("backoff").unwrap_or(default.backoff),
            max_backoff: reader.duration("max_backoff").unwrap_or(default.max_backoff),
        };
        retry.validate(reader, validator);
        retry
    }

    fn validate(&self, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
        if self.backoff > self.max_backoff {
            let backoff = duration::format(self.backoff);
            let message = format!(
                "`{}` waits longer at first ({backoff}) than at most ({})",
                reader.key_path,
                duration::format(self.max_backoff)
            );
            let span = reader.node("backoff").map_or(reader.span("max_backoff"), |node| node.span);
            let help = format!("lower `backoff`, or raise `max_backoff` to at least \"{backoff}\"");
            validator.error(ProblemKind::Conflict, span, reader.key_path, message, help);
        }
    }
}
