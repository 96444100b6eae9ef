//! The header `Request-Timeout: <seconds>`: how long the caller waits for a response.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use crate::problem::{Code, Problem};

/// The header's name.
pub const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("request-timeout");

/// The timeout in the header, if there is one.
///
/// # Errors
/// The header is repeated, or is no decimal number of seconds above 0 with at most nine digits before and after the
/// point.
pub fn request_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let invalid = |what| Problem::new(Code::InvalidRequest, format!("the header Request-Timeout must {what}"));
    let mut values = headers.get_all(REQUEST_TIMEOUT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid("not be repeated"));
    }
    match value.to_str().ok().and_then(parse) {
        None => Err(invalid("be a number of seconds such as 2 or 0.5")),
        Some(Duration::ZERO) => Err(invalid("be more than 0 seconds")),
        timeout => Ok(timeout),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number(seconds) && is_number(fraction))?;
    Duration::try_from_secs_f64(number).ok()
}

#[cfg(test)]
mod tests {
    use crate::api::request::timeout::*;
    use http::HeaderValue;

    fn read(value: &str) -> Result<Option<Duration>, String> {
        let value = HeaderValue::from_str(value).unwrap();
        request_timeout(&HeaderMap::from_iter([(REQUEST_TIMEOUT, value)])).map_err(|problem| problem.detail)
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(request_timeout(&HeaderMap::new()).unwrap(), None);
        assert_eq!(read("2"), Ok(Some(Duration::from_secs(2))));
        assert_eq!(read("0.5"), Ok(Some(Duration::from_millis(500))));
        assert_eq!(read("007.000000001"), Ok(Some(Duration::new(7, 1))));
        assert_eq!(read("999999999"), Ok(Some(Duration::from_secs(999_999_999))));
    }

    #[test]
    fn anything_else_is_rejected() {
        for bad in ["", "-1", "+1", "1e3", "1s", ".5", "1.", "1.2.3", "NaN", "inf", "1 ", "0x1", "9999999999", "1,2"] {
            let detail = "the header Request-Timeout must be a number of seconds such as 2 or 0.5";
            assert_eq!(read(bad).unwrap_err(), detail, "{bad}");
        }
        for zero in ["0", "0.0", "0.000000000"] {
            assert_eq!(read(zero).unwrap_err(), "the header Request-Timeout must be more than 0 seconds");
        }
        let mut twice = HeaderMap::new();
        twice.append(REQUEST_TIMEOUT, HeaderValue::from_static("1"));
        twice.append(REQUEST_TIMEOUT, HeaderValue::from_static("2"));
        let repeated = request_timeout(&twice).unwrap_err();
        assert_eq!(repeated.detail, "the header Request-Timeout must not be repeated");
    }
}
