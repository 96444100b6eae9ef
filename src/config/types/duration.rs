//! Durations as operators write them.

use std::time::Duration;

use serde::Serializer;

/// The longest duration that any key accepts; a longer one is most likely in the wrong unit.
pub(crate) const MAX_DURATION: Duration = Duration::from_hours(24 * 30);

/// The shortest time for which something is kept; a shorter one is most likely in the wrong unit.
pub(crate) const MIN_LIFETIME: Duration = Duration::from_secs(1);

/// Reads durations such as `100ms`, `3s`, `1m30s` or `1h`; the error says what is wrong with the text.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    parse_any(text).and_then(|duration| match duration > MAX_DURATION {
        true => Err("is longer than 30 days"),
        false => Ok(duration),
    })
}

/// Reads the time for which something is kept: at least a second, and at most `max`.
pub(crate) fn parse_lifetime(text: &str, max: Duration) -> Result<Duration, &'static str> {
    match parse_any(text)? {
        duration if duration < MIN_LIFETIME => Err("is shorter than a second"),
        duration if duration > max => Err("is too long"),
        duration => Ok(duration),
    }
}

fn parse_any(text: &str) -> Result<Duration, &'static str> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0" {
        return Err("has no unit");
    }
    humantime::parse_duration(text).map_err(|_| "is not a duration")
}

/// Writes a duration in the form that [`parse`] reads.
pub(crate) fn format(duration: Duration) -> String {
    // The library counts months and years of days and a part of one.
    let days = duration.as_secs() / (24 * 60 * 60);
    if days > 30 && duration == Duration::from_hours(24 * days) {
        return format!("{days}days");
    }
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// For `#[serde(serialize_with)]`.
pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::types::duration::{format, parse, parse_lifetime};

    #[test]
    fn usual_spellings_are_read() {
        for (text, millis) in [
            ("100ms", 100),
            ("3s", 3_000),
            ("10m", 600_000),
            ("1h", 3_600_000),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            ("0s", 0),
        ] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(text), Ok(duration), "{text}");
            assert_eq!(parse(&format(duration)), Ok(duration), "{text}");
        }
    }

    #[test]
    fn lifetimes_have_bounds_of_their_own_and_are_written_in_days() {
        let year = Duration::from_hours(24 * 365);
        for (text, written) in
            [("1s", "1s"), ("24h", "1day"), ("90d", "90days"), ("1year", ""), ("365 days", "365days")]
        {
            match parse_lifetime(text, year) {
                Ok(duration) => assert_eq!(format(duration), written, "{text}"),
                Err(wrong) => assert_eq!((wrong, written), ("is too long", ""), "{text}"),
            }
        }
        assert_eq!(parse_lifetime("999ms", year), Err("is shorter than a second"));
        assert_eq!(parse_lifetime("0s", year), Err("is shorter than a second"));
        assert_eq!(parse_lifetime("24", year), Err("has no unit"));
        assert_eq!(parse_lifetime("24parsecs", year), Err("is not a duration"));
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        assert_eq!(parse("30"), Err("has no unit"));
        assert_eq!(parse("soon"), Err("is not a duration"));
        assert_eq!(parse("-3s"), Err("is not a duration"));
        assert_eq!(parse("400days"), Err("is longer than 30 days"));
        assert_eq!(parse(""), Err("is not a duration"));
    }
}
