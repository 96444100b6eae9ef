//! `Request-Timeout: <seconds>`: how long the caller is willing to wait.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// The header's name.
pub const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("request-timeout");

/// The header was there but is no positive decimal number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestTimeoutError {
    /// More than one such header.
    #[error("the header Request-Timeout must not be repeated")]
    Repeated,
    /// Not a decimal number.
    #[error("the header Request-Timeout must be a number of seconds such as 2 or 0.5")]
    NotANumber,
    /// Zero seconds.
    #[error("the header Request-Timeout must be more than 0 seconds")]
    Zero,
}

/// The caller's deadline in the header, if any; at most nine digits before and after the point.
pub fn request_timeout(headers: &HeaderMap) -> Result<Option<Duration>, RequestTimeoutError> {
    let mut values = headers.get_all(REQUEST_TIMEOUT).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => parse(value.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(RequestTimeoutError::Repeated),
    }
}

fn parse(value: &[u8]) -> Result<Duration, RequestTimeoutError> {
    let point = value.iter().position(|&b| b == b'.');
    let (seconds, nanos) = match point {
        Some(at) => (digits(&value[..at], false)?, digits(&value[at + 1..], true)?),
        None => (digits(value, false)?, 0),
    };
    let timeout = Duration::new(u64::from(seconds), nanos);
    if timeout.is_zero() { Err(RequestTimeoutError::Zero) } else { Ok(timeout) }
}

/// One to nine digits as a number; as a fraction they count billionths.
fn digits(text: &[u8], fraction: bool) -> Result<u32, RequestTimeoutError> {
    if !(1..=9).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
        return Err(RequestTimeoutError::NotANumber);
    }
    let padding = if fraction { 9 - text.len() } else { 0 };
    let zeros = std::iter::repeat_n(&b'0', padding);
    Ok(text.iter().chain(zeros).fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use crate::api::request::timeout::*;
    use http::HeaderValue;

    fn read(value: &str) -> Result<Option<Duration>, RequestTimeoutError> {
        let value = HeaderValue::from_str(value).unwrap();
        request_timeout(&HeaderMap::from_iter([(REQUEST_TIMEOUT, value)]))
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(request_timeout(&HeaderMap::new()), Ok(None));
        assert_eq!(read("2"), Ok(Some(Duration::from_secs(2))));
        assert_eq!(read("0.5"), Ok(Some(Duration::from_millis(500))));
        assert_eq!(read("007.000000001"), Ok(Some(Duration::new(7, 1))));
        assert_eq!(read("999999999"), Ok(Some(Duration::from_secs(999_999_999))));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "-1", "+1", "1e3", "1s", ".5", "1.", "1.2.3", "NaN", "inf", "1 ", "0x1", "9999999999", "1,2"] {
            assert_eq!(read(bad), Err(RequestTimeoutError::NotANumber), "{bad}");
        }
        for zero in ["0", "0.0", "0.000000000"] {
            assert_eq!(read(zero), Err(RequestTimeoutError::Zero));
        }
        let mut twice = HeaderMap::new();
        twice.append(REQUEST_TIMEOUT, HeaderValue::from_static("1"));
        twice.append(REQUEST_TIMEOUT, HeaderValue::from_static("2"));
        assert_eq!(request_timeout(&twice), Err(RequestTimeoutError::Repeated));
    }
}
