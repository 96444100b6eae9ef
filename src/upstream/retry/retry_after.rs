//! The wait that a vendor asks for: `Retry-After`, or in a 429 also `retry_after` in the body and `X-RateLimit-Reset`.
//!
//! Vendors spell it in many ways, so near misses count: decimals, and dates whose zone is not called `GMT`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::upstream::VendorResponse;
use crate::upstream::layers::retry_after_gate::MAX_PAUSE;

/// The wait after a 429 that does not say how long.
const UNSTATED: Duration = Duration::from_secs(1);
/// From here on, `X-RateLimit-Reset` is a time since 1970 and no wait: 2001 as a time, thirty years as a wait.
const FIRST_EPOCH: Duration = Duration::from_secs(1_000_000_000);
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The wait that a response asks for, in whole seconds, at most [`MAX_PAUSE`]; a 429 always asks for one. A date counts
/// from the response's `Date`, so that neither side's clock matters, or from `now` without one.
pub(crate) fn requested(response: &VendorResponse, now: SystemTime) -> Option<Duration> {
    let headers = &response.headers;
    let now = values(headers, header::DATE).find_map(date).unwrap_or(now);
    let stated = || values(headers, header::RETRY_AFTER).find_map(|text| wait(text, now));
    let wait = if response.status == StatusCode::TOO_MANY_REQUESTS {
        let guess = || values(headers, RATE_LIMIT_RESET).find_map(|text| reset(text, now)).unwrap_or_default();
        stated().or_else(|| from_body(&response.body, now)).unwrap_or_else(|| guess().max(UNSTATED))
    } else {
        stated()?
    };
    Some(wait.min(MAX_PAUSE))
}

fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).map(str::trim)
}

/// Seconds or a date.
fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    seconds(text).or_else(|| Some(date(text)?.duration_since(now).unwrap_or_default()))
}

/// The time until the limit is reset, which is given as a wait or as a time since 1970, there also in milliseconds.
fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let Some(value) = seconds(text).filter(|value| *value >= FIRST_EPOCH) else { return wait(text, now) };
    let since_epoch = if value >= FIRST_EPOCH * 1000 { value / 1000 } else { value };
    let left = since_epoch.saturating_sub(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    Some(Duration::from_secs(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)))
}

/// Digits, with or without a fraction, rounded up.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u64::MAX) };
    let up = fraction.bytes().any(|digit| digit != b'0');
    Some(Duration::from_secs(whole.saturating_add(u64::from(up))))
}

/// A date in any of HTTP's forms, or as in mail, where the zone is an offset.
fn date(text: &str) -> Option<SystemTime> {
    let (day, zone) = text.rsplit_once(' ')?;
    let in_utc = ["gmt", "utc", "ut", "z"].iter().any(|name| zone.eq_ignore_ascii_case(name));
    let text = if in_utc { format!("{} GMT", day.trim_end()) } else { text.to_owned() };
    let in_mail = || OffsetDateTime::parse(&text, &Rfc2822).ok().map(SystemTime::from);
    httpdate::parse_http_date(&text).ok().or_else(in_mail)
}

#[derive(Deserialize)]
struct Hint {
    retry_after: Seconds,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

fn from_body(body: &[u8], now: SystemTime) -> Option<Duration> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let hint: Hint = serde_json::from_slice(body).ok()?;
    match hint.retry_after {
        Seconds::Number(seconds) if seconds >= 0.0 => {
            Some(Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(MAX_PAUSE))
        }
        Seconds::Number(_) => None,
        Seconds::Text(text) => wait(text.trim(), now),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::upstream::retry::retry_after::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn wait(status: u16, headers: Headers<'_>, body: &'static str) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let response =
            VendorResponse::new(StatusCode::from_u16(status).unwrap(), map, Bytes::from_static(body.as_bytes()));
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        requested(&response, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_dates_and_bodies_are_understood() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let cases: [(Headers<'_>, &str, u64); 15] = [
            (&[("retry-after", "7")], "", 7),
            (&[("retry-after", "7")], r#"{"retry_after":9}"#, 7),
            (&[("retry-after", date)], "", 37),
            (&[("retry-after", date), ("date", "Sun, 06 Nov 1994 08:49:30 GMT")], "", 7),
            (&[("retry-after", "Sun, 06 Nov 1994 08:40:00 GMT")], "", 0),
            (&[("retry-after", "soon")], r#"{"retry_after":9}"#, 9),
            (&[("retry-after", "soon"), ("retry-after", "8")], "", 8),
            (&[], r#"{"message":"Too Many Attempts.","retry_after":60}"#, 60),
            (&[], r#"{"retry_after":"12"}"#, 12),
            (&[], r#"{"retry_after":"1.2"}"#, 2),
            (&[], r#"{"retry_after":1.2}"#, 2),
            (&[], r#"{"retry_after":"Sun, 06 Nov 1994 08:49:37 +0000"}"#, 37),
            (&[], "\u{feff}{\"retry_after\":9}", 9),
            (&[("retry-after", "0")], "", 0),
            (&[("retry-after", "007")], "", 7),
        ];
        for (headers, body, expected) in cases {
            assert_eq!(wait(429, headers, body), Some(expected), "{headers:?} {body}");
        }
    }

    #[test]
    fn near_misses_are_understood() {
        for (text, expected) in [
            ("1.5", 2),
            ("1.0", 1),
            ("0.001", 1),
            (".5", 1),
            ("5.", 5),
            (" 7 ", 7),
            ("Sun, 06 Nov 1994 08:49:37 +0000", 37),
            ("Sun, 06 Nov 1994 08:49:37 -0000", 37),
            ("Sun, 06 Nov 1994 08:49:37 UTC", 37),
            ("Sun, 06 Nov 1994 08:49:37 utc", 37),
            ("Sun, 06 Nov 1994 08:49:37 UT", 37),
            ("Sun, 06 Nov 1994 08:49:37 Z", 37),
            ("Sun, 06 Nov 1994 10:49:37 +0200", 37),
            ("Sun, 6 Nov 1994 08:49:37 GMT", 37),
            ("6 Nov 1994 08:49:37 GMT", 37),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 37),
            ("Sunday, 06-Nov-94 08:49:37 UTC", 37),
            ("Sun Nov  6 08:49:37 1994", 37),
        ] {
            assert_eq!(wait(503, &[("retry-after", text)], ""), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_429_that_does_not_say_how_long_means_a_second() {
        for text in ["", "soon", "-5", "+5", "1,5", "1.2.3", ".", "1e3", "NaN", "2026-11-26", "Sun, 06 Nov"] {
            assert_eq!(wait(429, &[("retry-after", text)], ""), Some(1), "{text}");
            assert_eq!(wait(503, &[("retry-after", text)], ""), None, "{text}");
        }
        for body in
            ["", "<html>", "{}", r#"{"retry_after":-1}"#, r#"{"retry_after":null}"#, r#"{"retry_after":"soon"}"#]
        {
            assert_eq!(wait(429, &[], body), Some(1), "{body}");
        }
    }

    #[test]
    fn the_time_of_the_limits_reset_counts_if_nothing_else_says_how_long() {
        for (text, expected) in [
            ("40", 40),
            ("0", 1),
            ("0.2", 1),
            ("1.5", 2),
            ("784111777", 300),
            ("1000000030", 30),
            ("1000000029.5", 30),
            ("1000000030000", 30),
            ("999999999999", 300),
            ("1000000000", 1),
            ("soon", 1),
            ("Sun, 09 Sep 2001 01:46:50 GMT", 10),
        ] {
            let date = ("date", "Sun, 09 Sep 2001 01:46:40 GMT"); // a billion seconds since 1970
            assert_eq!(wait(429, &[("x-ratelimit-reset", text), date], ""), Some(expected), "{text}");
            assert_eq!(wait(503, &[("x-ratelimit-reset", text), date], ""), None, "{text}");
            assert_eq!(wait(429, &[("x-ratelimit-reset", text), date, ("retry-after", "3")], ""), Some(3), "{text}");
        }
    }

    #[test]
    fn longer_waits_are_shortened_to_the_longest_pause() {
        for text in ["301", "86400", "99999999999999999999999", "Fri, 06 Nov 2099 08:49:37 GMT"] {
            assert_eq!(wait(429, &[("retry-after", text)], ""), Some(300), "{text}");
        }
        assert_eq!(wait(429, &[], r#"{"retry_after":1e300}"#), Some(300));
    }

    #[test]
    fn a_body_counts_only_in_a_429() {
        assert_eq!(wait(503, &[], r#"{"retry_after":9}"#), None);
        assert_eq!(wait(503, &[("retry-after", "3")], ""), Some(3));
    }
}
