//! `rate_limit = { per_second = 50, burst = 100 }`: how often something may happen.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

const COUNT: Kind = Kind::Count { min: 1, max: u32::MAX as u64 };
/// A burst has to come back within the 584 years that the limiters can count, at one a minute too.
const BURST: Kind = Kind::Count { min: 1, max: 100_000_000 };

pub(crate) const SECTION: Section = Section {
    keys: &[
        Key::new("per_second", COUNT, "Requests a second in the long run."),
        Key::new("per_minute", COUNT, "Requests a minute in the long run."),
        Key::new("burst", BURST, "Requests at once after a pause; what one second allows where absent."),
    ],
    either: &["per_second", "per_minute"],
};

/// A steady rate with room for bursts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in each [`period`](Self::period).
    pub requests: NonZeroU32,
    /// One second or one minute.
    pub period: Duration,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
}

impl RateLimit {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let (requests, period) = match (reader.count("per_second"), reader.count("per_minute")) {
            (Some(requests), _) => (requests, Duration::from_secs(1)),
            (None, Some(requests)) => (requests, Duration::from_mins(1)),
            (None, None) => {
                if reader.node("per_second").or(reader.node("per_minute")).is_none() {
                    let message = format!("`{}` does not say how many", reader.key_path);
                    let help = "add `per_second` or `per_minute`";
                    let span = reader.own_span();
                    validator.error(ProblemKind::MissingKey, span, reader.key_path, message, help);
                }
                return None;
            }
        };
        let requests = NonZeroU32::new(requests)?;
        let seconds = u32::try_from(period.as_secs()).unwrap_or(1);
        let a_second = NonZeroU32::new(requests.get().div_ceil(seconds))?;
        Some(Self { requests, period, burst: reader.count("burst").and_then(NonZeroU32::new).unwrap_or(a_second) })
    }
}

impl Serialize for RateLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let per = if self.period == Duration::from_secs(1) { "per_second" } else { "per_minute" };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(per, &self.requests)?;
        map.serialize_entry("burst", &self.burst)?;
        map.end()
    }
}
