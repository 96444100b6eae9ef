//! `rate_limit = { per_second = 50, burst = 100 }`: how often something may happen.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::RateSettings;

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

impl RateSettings {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let (count, period) = match (reader.count("per_second"), reader.count("per_minute")) {
            (Some(count), _) => (count, Duration::from_secs(1)),
            (None, Some(count)) => (count, Duration::from_mins(1)),
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
        let count = NonZeroU32::new(count)?;
        let seconds = u32::try_from(period.as_secs()).unwrap_or(1);
        let a_second = NonZeroU32::new(count.get().div_ceil(seconds))?;
        Some(Self { count, period, burst: reader.count("burst").and_then(NonZeroU32::new).unwrap_or(a_second) })
    }
}
