//! A vendor's base URL, in the one form that request paths can be appended to.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use serde::{Serialize, Serializer};

/// An absolute `http` or `https` URL without credentials, query, fragment or trailing slash.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    uri: Uri,
}

impl BaseUrl {
    /// Reads a URL; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_end_matches('/');
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or("does not start with `https://` or `http://`")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("holds a user name or password");
        }
        if path.contains('?') {
            return Err("has a query");
        }
        if path.contains('#') {
            return Err("has a fragment");
        }
        if path.contains("//") {
            return Err("has an empty path segment (`//`)");
        }
        if path.split('/').any(|part| part == "." || part == "..") {
            return Err("has a `.` or `..` path segment");
        }
        let uri: Uri = text.parse().map_err(|_| "is not a valid URL")?;
        if uri.host().is_none_or(str::is_empty) {
            return Err("has no host");
        }
        if authority.rsplit_once(':').is_some_and(|(_, port)| port.is_empty()) || uri_port_is_zero(&uri) {
            return Err("has no valid port");
        }
        Ok(Self { text: text.to_owned(), uri })
    }

    /// The URL without a trailing slash; `{base}/user/…` is a valid join.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL in parts; its path is `/` where the URL has none.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Host name or address, IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The given port, else the scheme's.
    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.is_https() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(default)
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Whether the host is this machine, by name or address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

fn uri_port_is_zero(uri: &Uri) -> bool {
    uri.port_u16() == Some(0)
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn trailing_slashes_go_and_parts_are_found() {
        let url = BaseUrl::parse("https://app.vendor.example/api//").expect("valid");
        assert_eq!(url.as_str(), "https://app.vendor.example/api");
        assert_eq!((url.host(), url.port()), ("app.vendor.example", 443));
        assert!(url.is_https() && !url.is_loopback());
        let url = BaseUrl::parse("http://[::1]:8081").expect("valid");
        assert_eq!((url.as_str(), url.host(), url.port()), ("http://[::1]:8081", "::1", 8081));
        assert!(url.is_loopback());
        assert!(BaseUrl::parse("http://localhost").expect("valid").is_loopback());
    }

    #[test]
    fn urls_that_cannot_be_joined_to_are_refused() {
        for (text, wrong) in [
            ("app.vendor.example/api", "does not start with `https://` or `http://`"),
            ("ftp://a", "does not start with `https://` or `http://`"),
            ("https://u:p@a/api", "holds a user name or password"),
            ("https://a/api?x=1", "has a query"),
            ("https://a?x=1", "has a query"),
            ("https://a/api#x", "has a fragment"),
            ("https://a//api", "has an empty path segment (`//`)"),
            ("https://a/../api", "has a `.` or `..` path segment"),
            ("https://", "does not start with `https://` or `http://`"),
            ("https://a b/", "is not a valid URL"),
            ("https://a:/api", "has no valid port"),
            ("https://a:0/api", "has no valid port"),
        ] {
            assert_eq!(BaseUrl::parse(text).err(), Some(wrong), "{text}");
        }
    }
}
