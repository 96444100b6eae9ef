//! A URL that requests are sent to as it is, such as that of a client's callback.

use std::fmt;
use std::net::SocketAddr;

use http::Uri;
use serde::{Serialize, Serializer};

use super::base_url::BaseUrl;
use crate::value::REDACTED;

/// An absolute `http` or `https` URL without user name, password and fragment. Its query may hold a secret and is shown
/// redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// All up to the query, without slashes at the end.
    base: BaseUrl,
    uri: Uri,
}

impl Endpoint {
    /// Reads a URL; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, query) = text.split_once('?').map_or((text, ""), |(address, query)| (address, query));
        let base = BaseUrl::parse(address)?;
        if query.contains('#') {
            return Err("has a fragment");
        }
        Ok(Self { base, uri: text.parse().map_err(|_| "is not a valid URL")? })
    }

    /// The URL, whole.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.is_https()
    }

    /// Whether the host is this machine, by name or address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.base.is_loopback()
    }

    /// Whether a connection to it would, or might, end at `listen`.
    #[must_use]
    pub fn leads_to(&self, listen: SocketAddr) -> bool {
        self.base.leads_to(listen)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, authority) = (self.uri.scheme_str(), self.uri.authority());
        write!(f, "{}://{}", scheme.unwrap_or_default(), authority.map_or("", |authority| authority.as_str()))?;
        f.write_str(self.uri.path())?;
        match self.uri.query() {
            Some(_) => write!(f, "?{REDACTED}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::types::endpoint::Endpoint;

    #[test]
    fn a_url_is_kept_whole_and_shown_without_its_query() {
        for (text, shown) in [
            ("https://crm.example/hooks/", "https://crm.example/hooks/"),
            ("https://crm.example", "https://crm.example/"),
            ("http://[::1]:8080/h?key=hush&x=//", "http://[::1]:8080/h?[redacted]"),
            ("https://crm.example?key=hush", "https://crm.example/?[redacted]"),
        ] {
            let endpoint = Endpoint::parse(text).expect(text);
            assert_eq!((endpoint.to_string().as_str(), format!("{endpoint:?}").as_str()), (shown, shown));
            assert_eq!(endpoint.uri(), &text.parse::<http::Uri>().expect(text));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, wrong) in [
            ("crm.example/hooks", "does not start with `https://` or `http://`"),
            ("https://u:p@crm.example", "holds a user name or password"),
            ("https://crm.example/#x", "has a fragment"),
            ("https://crm.example/?a#x", "has a fragment"),
            ("https://crm.example/a b", "is not a valid URL"),
            ("https://crm.example/?a b", "is not a valid URL"),
            ("https://crm.example/../x", "has a `.` or `..` path segment"),
            ("https://crm.example:0/", "has no valid port"),
        ] {
            assert_eq!(Endpoint::parse(text).err(), Some(wrong), "{text}");
        }
    }
}
