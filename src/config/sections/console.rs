//! `[console]`: what is kept for the console's pages.

use serde::Serialize;

use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;

/// The most requests that may be kept.
const MOST_REQUESTS: u64 = 100_000;

pub(crate) const SECTION: Section = Section::of(&[Key::new(
    "requests",
    Kind::Count { min: 0, max: MOST_REQUESTS },
    "How many of the last requests the console and `/admin/requests` show; 0 keeps none.",
)]);

/// The console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Console {
    /// How many of the last requests are kept, in memory; 0 keeps none.
    pub requests: u32,
}

impl Default for Console {
    fn default() -> Self {
        Self { requests: 8192 }
    }
}

impl Console {
    pub(crate) fn read(reader: &TableReader<'_>) -> Self {
        Self { requests: reader.count("requests").unwrap_or(Self::default().requests) }
    }
}
