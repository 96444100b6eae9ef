//! How often something may happen.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A steady rate with room for bursts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSettings {
    /// Requests in each [`period`](Self::period).
    pub count: NonZeroU32,
    /// One second or one minute.
    pub period: Duration,
    /// Requests that may pass at once after a pause.
    pub burst: NonZeroU32,
}

impl RateSettings {
    /// The time between two requests at the steady rate.
    #[must_use]
    pub fn interval(&self) -> Duration {
        (self.period / self.count.get()).max(Duration::from_nanos(1))
    }
}

impl Serialize for RateSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let per = if self.period == Duration::from_secs(1) { "per_second" } else { "per_minute" };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(per, &self.count)?;
        map.serialize_entry("burst", &self.burst)?;
        map.end()
    }
}
