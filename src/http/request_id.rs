//! The id of a request in its response, in the log and in requests to vendors.
//!
//! The layers of tower-http keep any id of the caller, unbounded and unchecked.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header with the id, in requests, responses and requests to vendors.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LEN: usize = 128;

/// A request id: 1 to 128 characters of `[A-Za-z0-9._-]`, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id if there is exactly one and it is valid, else a new one.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(X_REQUEST_ID).iter();
        match (values.next(), values.next()) {
            (Some(value), None) if is_valid(value.as_bytes()) => Self::of(value.as_bytes()),
            _ => Self::generate(),
        }
    }

    /// A new id, a UUID of version 7: ids of later requests sort later.
    pub fn generate() -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        Self::of(Uuid::now_v7().hyphenated().encode_lower(&mut text).as_bytes())
    }

    /// The id of an earlier request.
    pub fn stored(text: &str) -> Self {
        if is_valid(text.as_bytes()) { Self::of(text.as_bytes()) } else { Self::generate() }
    }

    /// Copies `text`; a clone of the caller's header would keep the whole read buffer alive.
    fn of(text: &[u8]) -> Self {
        let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text));
        Self(value.unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header value, without a copy.
    pub fn to_header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Whether this can be an id of a request.
pub fn is_valid(value: &[u8]) -> bool {
    (1..=MAX_LEN).contains(&value.len())
        // A fold without an early exit is vectorised.
        && value.iter().fold(true, |valid, b| valid & (b.is_ascii_alphanumeric() | matches!(b, b'.' | b'_' | b'-')))
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use crate::http::request_id::*;

    fn read(values: &[&[u8]]) -> RequestId {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
        }
        RequestId::from_headers(&headers)
    }

    #[test]
    fn a_valid_id_of_the_caller_is_kept() {
        assert_eq!(read(&[b"crm-4711_a.B"]).as_str(), "crm-4711_a.B");
        assert_eq!(read(&[&[b'a'; 128]]).as_str().len(), 128);
    }

    #[test]
    fn anything_else_is_replaced_by_a_uuid() {
        let cases: [&[&[u8]]; 7] = [&[], &[b""], &[b"a b"], &[b"a\"b"], &[&[b'a'; 129]], &[b"a", b"b"], &[b"\xffid"]];
        for case in cases {
            let id = read(case);
            let uuid = Uuid::parse_str(id.as_str()).unwrap();
            assert_eq!(uuid.get_version_num(), 7, "{case:?}");
        }
    }

    #[test]
    fn new_ids_differ_and_sort_by_time() {
        let ids: Vec<_> = (0..100).map(|_| RequestId::generate().to_string()).collect();
        assert!(ids.is_sorted());
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
