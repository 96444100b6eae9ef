//! `[idempotency]`: what is kept of requests with an `Idempotency-Key`.

use std::time::Duration;

use serde::Serialize;

use crate::config::types::duration::{self, MAX_DURATION};
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;

pub(crate) const SECTION: Section = Section::of(&[Key::new(
    "retention",
    Kind::Lifetime { max: MAX_DURATION },
    "How long a key gives the same answer again, after the first request ended.",
)]);

/// What is kept of requests with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Idempotency {
    /// How long a key gives the same answer again.
    #[serde(serialize_with = "duration::serialize")]
    pub retention: Duration,
}

impl Default for Idempotency {
    fn default() -> Self {
        Self { retention: Duration::from_hours(24) }
    }
}

impl Idempotency {
    pub(crate) fn read(reader: &TableReader<'_>) -> Self {
        let default = Self::default();
        Self { retention: reader.lifetime("retention", MAX_DURATION).unwrap_or(default.retention) }
    }
}
