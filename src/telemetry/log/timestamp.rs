//! The time of a line, to the microsecond; the second's part of the text is made once a second.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::json_lines::push_display;

/// The last second that has a text.
const LAST: u64 = 253_402_300_799;
/// Where the microseconds stand in `2026-01-01T00:00:00.000000Z`.
const MICROS: std::ops::Range<usize> = 20..26;

/// The time that was told last.
#[derive(Default)]
pub(crate) struct Timestamp {
    /// The second since 1970 that `text` is of.
    second: Option<u64>,
    text: Vec<u8>,
}

impl Timestamp {
    /// Before anything was told.
    pub(crate) const NEVER: Self = Self { second: None, text: Vec::new() };

    /// The text of `now` as by RFC 3339; a clock before 1970 or after 9999 is taken to be at that bound.
    pub(crate) fn at(&mut self, now: SystemTime) -> &[u8] {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs().min(LAST);
        if self.second.replace(second) != Some(second) {
            self.text.clear();
            let second = UNIX_EPOCH + Duration::from_secs(second);
            push_display(&mut self.text, humantime::format_rfc3339_micros(second));
        }
        let mut rest = since.subsec_micros();
        for digit in self.text.get_mut(MICROS).unwrap_or_default().iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::telemetry::log::timestamp::*;

    proptest! {
        #[test]
        fn every_time_is_told_as_by_the_clock(times in prop::collection::vec((0_u64..3, 0_u32..1_000_000_000), 1..8), from in 0_u64..250_000_000_000) {
            let mut told = Timestamp::NEVER;
            for (second, nanos) in times {
                let now = UNIX_EPOCH + Duration::new(from + second, nanos);
                let expected = humantime::format_rfc3339_micros(now).to_string();
                prop_assert_eq!(told.at(now), expected.as_bytes());
            }
        }
    }

    #[test]
    fn no_clock_is_too_wrong_for_it() {
        let mut told = Timestamp::NEVER;
        assert_eq!(told.at(UNIX_EPOCH - Duration::from_secs(1)), b"1970-01-01T00:00:00.000000Z");
        assert_eq!(told.at(UNIX_EPOCH + Duration::from_secs(1 << 40)), b"9999-12-31T23:59:59.000000Z");
    }
}
