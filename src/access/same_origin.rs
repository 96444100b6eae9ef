//! Whether a browser sends a write from another website. The rules are those of Go's `http.CrossOriginProtection`.

use http::header::{HOST, HeaderName, HeaderValue, ORIGIN};
use http::request::Parts;

use crate::problem::{Code, Problem};

use super::host_names::split;

/// What browsers say about where a request comes from; scripts cannot set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks a write. Requests without `Sec-Fetch-Site` and `Origin` come from no browser.
///
/// # Errors
/// It comes from another site.
pub(crate) fn check_same_origin(head: &Parts) -> Result<(), Problem> {
    let mut sites = head.headers.get_all(SEC_FETCH_SITE).iter().peekable();
    let is_own = if head.method.is_safe() {
        true
    } else if sites.peek().is_some() {
        // `none` is the user's own doing, such as a bookmark.
        sites.all(|site| site == "same-origin" || site == "none")
    } else {
        head.headers.get_all(ORIGIN).iter().all(|origin| is_own_origin(origin, head))
    };
    if is_own { Ok(()) } else { Err(Problem::new(Code::Forbidden, "a browser sent this request from another website")) }
}

/// Whether a browser says that a page of this address sends the request.
#[cfg(feature = "console")]
pub(crate) fn is_from_own_page(head: &Parts) -> bool {
    let has_own_site = head.headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin");
    check_same_origin(head).is_ok()
        && (has_own_site || head.headers.get(ORIGIN).is_some_and(|origin| is_own_origin(origin, head)))
}

/// Whether a browser sends the request: it says where a write comes from.
pub(crate) fn is_from_browser(head: &Parts) -> bool {
    head.headers.contains_key(SEC_FETCH_SITE) || head.headers.contains_key(ORIGIN)
}

fn is_own_origin(origin: &HeaderValue, head: &Parts) -> bool {
    origin.to_str().is_ok_and(|origin| is_own(origin, head))
}

/// Whether an origin is the one that the request goes to. Its scheme decides the default port only, as TLS may end before
/// this gateway.
fn is_own(origin: &str, head: &Parts) -> bool {
    let Some((scheme, origin)) = origin.split_once("://") else { return false };
    let default = if scheme == "https" { 443 } else { 80 };
    let sent = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map(http::uri::Authority::as_str).or(sent);
    let of = |text: &str| split(text).map(|(name, port)| (name.to_ascii_lowercase(), port.unwrap_or(default)));
    host.is_some_and(|host| of(host).is_some() && of(host) == of(origin))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use crate::access::same_origin::*;

    fn is_refused(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/admin/reload").header("host", "gw.example:9090");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        check_same_origin(&head).is_err_and(|problem| problem.code == Code::Forbidden)
    }

    #[test]
    fn writes_of_other_sites_are_refused_and_everything_else_goes_on() {
        let own: [&[(&str, &str)]; 6] = [
            &[],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://gw.example:9090")],
            &[("origin", "https://GW.example:9090")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://before.the.proxy")],
        ];
        let foreign: [&[(&str, &str)]; 12] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://gw.example:9090")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "http://gw.example")],
            &[("origin", "http://gw.example:9091")],
            &[("origin", "http://evil.example")],
            &[("origin", "http://gw.example:9090.evil.example")],
            &[("origin", "http://gw.example:9090"), ("origin", "http://evil.example")],
        ];
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            own.iter().for_each(|headers| assert!(!is_refused(method, headers), "{method} {headers:?}"));
            foreign.iter().for_each(|headers| assert!(is_refused(method, headers), "{method} {headers:?}"));
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            foreign.iter().for_each(|headers| assert!(!is_refused(method, headers), "{method} {headers:?}"));
        }
    }
}
