//! The media types of request bodies.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use mediatype::{MediaType, Name, ReadParams, names};

use crate::http::header_names::ACCEPT_PATCH;
use crate::problem::{Code, Problem};

const JSON: MediaType<'_> = MediaType::new(names::APPLICATION, names::JSON);
const MERGE_PATCH: MediaType<'_> =
    MediaType::from_parts(names::APPLICATION, Name::new_unchecked("merge-patch"), Some(names::JSON), &[]);

/// Rejects a body that is not declared as JSON.
///
/// # Errors
/// No `Content-Type`, more than one, or another one.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unsupported("send one `Content-Type`: `application/json` or `application/merge-patch+json`"));
    };
    if value == "application/json" {
        return Ok(());
    }
    let value = String::from_utf8_lossy(value.as_bytes());
    let media = MediaType::parse(value.trim()).ok();
    let Some(media) = media.filter(|media| media.essence() == JSON || media.essence() == MERGE_PATCH) else {
        let value = vendors::json::excerpt(&value, 64);
        return Err(unsupported(&format!("`{value}` is not read here; send `application/json`")));
    };
    let charset = media.get_param(names::CHARSET);
    if charset.is_some_and(|charset| !charset.unquoted_str().eq_ignore_ascii_case("utf-8")) {
        return Err(unsupported("JSON is read as UTF-8 only"));
    }
    Ok(())
}

fn unsupported(detail: &str) -> Problem {
    let accepted = HeaderValue::from_static("application/json, application/merge-patch+json");
    Problem::new(Code::UnsupportedMediaType, detail).with_header(ACCEPT_PATCH, accepted)
}

#[cfg(test)]
mod tests {
    use crate::api::request::media::*;

    fn is_accepted(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, value.parse().unwrap());
        check(&headers).is_ok()
    }

    #[test]
    fn only_json_is_accepted() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/merge-patch+json;charset=\"utf-8\"",
            "application/json;",
            "application/json ; version=1; Charset=\"UTF-8\"",
        ] {
            assert!(is_accepted(good), "{good}");
        }
        for bad in [
            "text/plain",
            "application/jsonx",
            "application/json; charset=latin1",
            "application/json; charset=\"latin1\"; a=b",
            "",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_accepted(bad), "{bad}");
        }
        assert!(check(&HeaderMap::new()).is_err());
    }
}
