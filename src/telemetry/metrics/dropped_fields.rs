//! How often each field was dropped, found without a look-up: a lenient update may drop dozens.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use vendors::Field;

/// The label of names that are no canonical fields.
const UNKNOWN: &str = "unknown";

/// A count for each field, and one for all other names.
#[derive(Debug)]
pub struct DroppedFields {
    fields: [AtomicU64; Field::COUNT],
    unknown: AtomicU64,
}

impl DroppedFields {
    pub(super) fn count(&self, name: &str) {
        let field = Field::from_name(name).and_then(|field| self.fields.get(field as usize));
        field.unwrap_or(&self.unknown).fetch_add(1, Relaxed);
    }

    /// The names that were dropped so far, and how often.
    pub fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = Field::ALL.into_iter().map(Field::name).chain([UNKNOWN]);
        let counts = self.fields.iter().chain([&self.unknown]).map(|count| count.load(Relaxed));
        names.zip(counts).filter(|(_, count)| *count > 0)
    }
}

impl Default for DroppedFields {
    fn default() -> Self {
        Self { fields: array::from_fn(|_| AtomicU64::default()), unknown: AtomicU64::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::metrics::dropped_fields::*;

    #[test]
    fn each_field_has_a_count_and_other_names_have_one_together() {
        let dropped = DroppedFields::default();
        assert_eq!(dropped.read().count(), 0);
        for name in ["voice_id", "x", "name", "voice_id", "y"] {
            dropped.count(name);
        }
        assert_eq!(dropped.read().collect::<Vec<_>>(), [("name", 1), ("voice_id", 2), (UNKNOWN, 2)]);
    }
}
