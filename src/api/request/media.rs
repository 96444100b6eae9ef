//! The media types of request bodies.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::problem::{Code, Problem};

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
    let (media, parameters) = value.split_once(';').unwrap_or((&value, ""));
    let media = media.trim().to_ascii_lowercase();
    if !matches!(media.as_str(), "application/json" | "application/merge-patch+json") {
        return Err(unsupported(&format!(
            "`{}` is not read here; send `application/json`",
            vendors::json::excerpt(&media, 64)
        )));
    }
    let charset = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    for (_, value) in charset.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset")) {
        if !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
            return Err(unsupported("JSON is read as UTF-8 only"));
        }
    }
    Ok(())
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail)
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
        for good in
            ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json;charset=\"utf-8\""]
        {
            assert!(is_accepted(good), "{good}");
        }
        for bad in [
            "text/plain",
            "application/jsonx",
            "application/json; charset=latin1",
            "",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_accepted(bad), "{bad}");
        }
        assert!(check(&HeaderMap::new()).is_err());
    }
}
