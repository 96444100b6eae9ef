//! `[cluster]`: how replicas that share a store notice that one of them is gone.

use std::time::Duration;

use serde::Serialize;

use crate::config::types::duration;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;

/// A dead replica holds up its assistants for as long.
const MAX_SESSION_TTL: Duration = Duration::from_hours(24);

pub(crate) const SECTION: Section = Section::of(&[Key::new(
    "session_ttl",
    Kind::Lifetime { max: MAX_SESSION_TTL },
    "After how long without a sign of life the others take over what a replica had to deliver; it then sends nothing any more.",
)]);

/// How replicas that share a store notice that one of them is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// After how long without a sign of life the others take over.
    #[serde(serialize_with = "duration::serialize")]
    pub session_ttl: Duration,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { session_ttl: Duration::from_secs(6) }
    }
}

impl Cluster {
    pub(crate) fn read(reader: &TableReader<'_>) -> Self {
        let default = Self::default();
        Self { session_ttl: reader.lifetime("session_ttl", MAX_SESSION_TTL).unwrap_or(default.session_ttl) }
    }
}
