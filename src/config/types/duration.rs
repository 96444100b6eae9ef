//! Durations as operators write them.

use std::time::Duration;

use serde::Serializer;

/// The longest duration that any key accepts; a longer one is most likely in the wrong unit.
pub(crate) const MAX_DURATION: Duration = Duration::from_hours(24 * 30);

/// Reads durations such as `100ms`, `3s`, `1m30s` or `1h`; the error says what is wrong with the text.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0" {
        return Err("has no unit");
    }
    match humantime::parse_duration(text) {
        Ok(duration) if duration > MAX_DURATION => Err("is longer than 30 days"),
        Ok(duration) => Ok(duration),
        Err(_) => Err("is not a duration"),
    }
}

/// Writes a duration in the form that [`parse`] reads.
pub(crate) fn format(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// For `#[serde(serialize_with)]`.
pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::types::duration::{format, parse};

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
    fn each_mistake_has_its_own_message() {
        assert_eq!(parse("30"), Err("has no unit"));
        assert_eq!(parse("soon"), Err("is not a duration"));
        assert_eq!(parse("-3s"), Err("is not a duration"));
        assert_eq!(parse("400days"), Err("is longer than 30 days"));
        assert_eq!(parse(""), Err("is not a duration"));
    }
}
