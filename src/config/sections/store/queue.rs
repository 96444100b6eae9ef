//! `[queue]`: changes that wait for their vendor.

use std::time::Duration;

use serde::Serialize;
use strum::{EnumString, VariantNames};

use crate::config::types::duration::{self, MAX_DURATION};
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "max_age",
        Kind::Lifetime { max: MAX_DURATION },
        "How long an asynchronous update is tried before it is given up.",
    ),
    Key::new(
        "backoff",
        Kind::Duration { zero: false },
        "Upper end of the random wait before the first further try; it doubles with each.",
    ),
    Key::new("max_backoff", Kind::Duration { zero: false }, "The most that the wait grows to."),
    Key::new(
        "max_per_assistant",
        Kind::Count { min: 1, max: 10_000_000 },
        "Updates of one assistant that may wait; more are refused as `queue_full`.",
    ),
    Key::new(
        "max_total",
        Kind::Count { min: 1, max: 10_000_000 },
        "Updates that may wait in all; more are refused as `queue_full`.",
    ),
    Key::new(
        "coalesce",
        Kind::Flag,
        "Whether updates that wait behind one that failed may go in one request, where that is provably the same.",
    ),
    Key::new(
        "on_dead",
        Kind::Word(OnDead::VARIANTS),
        "After an update that was given up, the next ones of its assistant `continue`, or `hold` until an operator replays or cancels it.",
    ),
]);

/// What becomes of the updates behind one that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OnDead {
    /// They are sent.
    Continue,
    /// They wait for an operator.
    Hold,
}

/// Changes that wait for their vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// How long an update is tried.
    #[serde(serialize_with = "duration::serialize")]
    pub max_age: Duration,
    /// Upper end of the random wait before the first further try; doubles with each.
    #[serde(serialize_with = "duration::serialize")]
    pub backoff: Duration,
    /// The most that the wait grows to, at least [`backoff`](Self::backoff).
    #[serde(serialize_with = "duration::serialize")]
    pub max_backoff: Duration,
    /// Updates of one assistant that may wait.
    pub max_per_assistant: usize,
    /// Updates that may wait in all.
    pub max_total: usize,
    /// Whether updates that wait may go in one request.
    pub coalesce: bool,
    /// What becomes of the updates behind one that was given up.
    pub on_dead: OnDead,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            max_age: Duration::from_hours(24),
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_mins(10),
            max_per_assistant: 1000,
            max_total: 100_000,
            coalesce: true,
            on_dead: OnDead::Continue,
        }
    }
}

impl Queue {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let queue = Self {
            max_age: reader.lifetime("max_age", MAX_DURATION).unwrap_or(default.max_age),
            backoff: reader.duration("backoff").unwrap_or(default.backoff),
            max_backoff: reader.duration("max_backoff").unwrap_or(default.max_backoff),
            max_per_assistant: reader.count("max_per_assistant").unwrap_or(default.max_per_assistant),
            max_total: reader.count("max_total").unwrap_or(default.max_total),
            coalesce: reader.flag("coalesce").unwrap_or(default.coalesce),
            on_dead: reader.word("on_dead").unwrap_or(default.on_dead),
        };
        queue.validate(reader, validator);
        queue
    }

    fn validate(&self, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
        let is_set = |name: &str| !validator.sources.is_default(reader.span(name));
        let (backoff, per_assistant) = (is_set("backoff"), is_set("max_per_assistant"));
        let late = is_set("max_backoff");
        if self.backoff > self.max_backoff {
            let (first, most) = (duration::format(self.backoff), duration::format(self.max_backoff));
            let message = format!("`{}` waits longer at first ({first}) than at most ({most})", reader.key_path);
            let span = reader.span(if backoff { "backoff" } else { "max_backoff" });
            let help = format!("lower `backoff`, or raise `max_backoff` to at least \"{first}\"");
            validator.error(ProblemKind::Conflict, span, reader.key_path, message, help);
        }
        if self.backoff > self.max_age || late && self.max_backoff > self.max_age {
            let name = if late && self.max_backoff > self.max_age { "max_backoff" } else { "backoff" };
            let wrong = format!("is longer than `max_age` ({})", duration::format(self.max_age));
            let help = format!("an update is given up before such a wait ends; lower `{name}`, or raise `max_age`");
            validator.report(reader.warning(name, ProblemKind::Unused, wrong).help(help));
        }
        if self.max_per_assistant > self.max_total {
            let name = if per_assistant { "max_per_assistant" } else { "max_total" };
            let message = format!(
                "`{}` lets more updates of one assistant wait ({}) than in all ({})",
                reader.key_path, self.max_per_assistant, self.max_total
            );
            let help = "`max_total` is reached first; lower `max_per_assistant` to at most that, or raise `max_total`";
            validator.warn(ProblemKind::Unused, reader.span(name), reader.key_path.key(name), message, help);
        }
    }
}
