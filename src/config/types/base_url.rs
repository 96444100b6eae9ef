//! A vendor's base URL in the only form that request paths can be appended to. `http::Uri` parses it, as the client
//! sends to one; the `url` crate would repair mistakes (backslashes, tabs, `https:/host`) that are rejected here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

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
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
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
        let after_address = authority.rsplit(']').next().unwrap_or_default();
        let (name, port) = after_address.split_once(':').unwrap_or((after_address, "1"));
        if authority.contains(']') && !name.is_empty() {
            return Err("is not a valid URL");
        }
        if port.parse::<NonZeroU16>().is_err() {
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

    /// Whether a connection to it would, or might, end at `listen`; nothing is resolved but `localhost`.
    #[must_use]
    pub fn leads_to(&self, listen: SocketAddr) -> bool {
        let localhost = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let targets = match self.host().parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) if self.is_loopback() => localhost.to_vec(),
            Err(_) => return false,
        };
        let taken = listen.ip().to_canonical();
        let reaches = |target: IpAddr| {
            let target = match target.to_canonical() {
                IpAddr::V4(any) if any.is_unspecified() => localhost[0],
                IpAddr::V6(any) if any.is_unspecified() => localhost[1],
                target => target,
            };
            match taken {
                IpAddr::V4(any) if any.is_unspecified() => target.is_ipv4() && target.is_loopback(),
                IpAddr::V6(any) if any.is_unspecified() => target.is_loopback(),
                taken => taken == target,
            }
        };
        self.port() == listen.port() && targets.into_iter().any(reaches)
    }

    /// Whether the host is this machine, by name or address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.trim_end_matches('.').eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }
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
    use crate::config::types::base_url::BaseUrl;

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
    fn the_gateways_own_addresses_are_found_in_every_spelling() {
        let leads =
            |url: &str, listen: &str| BaseUrl::parse(url).expect("valid").leads_to(listen.parse().expect("an address"));
        for (url, listen) in [
            ("http://127.0.0.1:8080/api", "127.0.0.1:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("http://LOCALHOST.:8080", "[::1]:8080"),
            ("http://127.9.9.9:8080", "0.0.0.0:8080"),
            ("http://0.0.0.0:8080", "127.0.0.1:8080"),
            ("http://[::]:8080", "[::1]:8080"),
            ("http://[::1]:8080", "[::]:8080"),
            ("http://127.0.0.1:8080", "[::]:8080"),
            ("http://[::ffff:127.0.0.1]:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:8080", "[::ffff:127.0.0.1]:8080"),
            ("https://192.0.2.7", "192.0.2.7:443"),
        ] {
            assert!(leads(url, listen), "{url} at {listen}");
        }
        for (url, listen) in [
            ("http://127.0.0.1:8081", "127.0.0.1:8080"),
            ("http://127.0.0.2:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "0.0.0.0:8080"),
            ("http://localhost.example:8080", "127.0.0.1:8080"),
            ("https://192.0.2.8", "192.0.2.7:443"),
            ("https://vendor.example:8080", "0.0.0.0:8080"),
        ] {
            assert!(!leads(url, listen), "{url} at {listen}");
        }
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
            ("https://a:99999", "has no valid port"),
            ("https://[::1]:99999", "has no valid port"),
        ] {
            assert_eq!(BaseUrl::parse(text).err(), Some(wrong), "{text}");
        }
    }
}
