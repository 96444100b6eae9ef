//! How long a vendor asks us to wait.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use crate::upstream::VendorResponse;

/// Any wait above this is cut to it; it only has to be longer than any deadline.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait an answer asks for: `Retry-After` in seconds or as a date, else, in a 429, the body's `retry_after` in
/// seconds.
///
/// A date counts from the answer's own `Date`, so that neither side's clock matters; without one, from `now`.
pub(crate) fn requested(answer: &VendorResponse, now: SystemTime) -> Option<Duration> {
    from_headers(&answer.headers, now)
        .or_else(|| (answer.status == StatusCode::TOO_MANY_REQUESTS).then(|| from_body(&answer.body))?)
        .map(|wait| wait.min(LONGEST))
}

fn from_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST, Duration::from_secs));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let from =
        headers.get(header::DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok()).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or(Duration::ZERO))
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

fn from_body(body: &[u8]) -> Option<Duration> {
    let hint: Hint = serde_json::from_slice(body).ok()?;
    let seconds = match hint.retry_after {
        Seconds::Number(seconds) => seconds,
        Seconds::Text(text) => text.trim().parse().ok()?,
    };
    if seconds.is_nan() || seconds < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::upstream::retry::retry_after::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn wait(status: u16, headers: Headers<'_>, body: &'static str) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let answer =
            VendorResponse::new(StatusCode::from_u16(status).unwrap(), map, Bytes::from_static(body.as_bytes()));
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        requested(&answer, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_dates_and_bodies_are_understood() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let cases: [(Headers<'_>, &str, Option<u64>); 12] = [
            (&[("retry-after", "7")], "", Some(7)),
            (&[("retry-after", "7")], r#"{"retry_after":9}"#, Some(7)),
            (&[("retry-after", date)], "", Some(37)),
            (&[("retry-after", date), ("date", "Sun, 06 Nov 1994 08:49:30 GMT")], "", Some(7)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:40:00 GMT")], "", Some(0)),
            (&[("retry-after", "99999999999999999999999")], "", Some(86_400)),
            (&[("retry-after", "soon")], r#"{"retry_after":9}"#, Some(9)),
            (&[], r#"{"message":"Too Many Attempts.","retry_after":60}"#, Some(60)),
            (&[], r#"{"retry_after":"12"}"#, Some(12)),
            (&[], r#"{"retry_after":1e300}"#, Some(86_400)),
            (&[], r#"{"retry_after":-1}"#, None),
            (&[], "<html>", None),
        ];
        for (headers, body, expected) in cases {
            assert_eq!(wait(429, headers, body), expected, "{headers:?} {body}");
        }
    }

    #[test]
    fn a_body_counts_only_in_a_429() {
        assert_eq!(wait(503, &[], r#"{"retry_after":9}"#), None);
        assert_eq!(wait(503, &[("retry-after", "3")], ""), Some(3));
    }
}
