//! The wait that a vendor asks for: `Retry-After`, or `retry_after` in the body of a 429.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use crate::upstream::VendorResponse;

/// Longer waits are shortened to this, which is longer than any deadline.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that a response asks for. A date counts from the response's `Date`, so that neither side's clock matters, or
/// from `now` without one.
pub(crate) fn requested(response: &VendorResponse, now: SystemTime) -> Option<Duration> {
    from_headers(&response.headers, now)
        .or_else(|| (response.status == StatusCode::TOO_MANY_REQUESTS).then(|| from_body(&response.body))?)
        .map(|wait| wait.min(MAX_RETRY_AFTER))
}

fn from_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs));
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
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(MAX_RETRY_AFTER))
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
        let response =
            VendorResponse::new(StatusCode::from_u16(status).unwrap(), map, Bytes::from_static(body.as_bytes()));
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        requested(&response, now).map(|wait| wait.as_secs())
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
