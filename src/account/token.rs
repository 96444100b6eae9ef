//! The token of a vendor account, ready to be sent and to be redacted.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::zeroize::Zeroizing;
use vendors::Auth;

use crate::http::header_names::SWITCHBOARD_HOP;
use crate::http::request_id::X_REQUEST_ID;
use crate::http::trace_context::TRACEPARENT;
use crate::upstream::{SecretPatterns, redact};
use crate::value::REDACTED;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("switchboard/", env!("CARGO_PKG_VERSION")));

/// A vendor's token. It is sent to the vendor only, and its memory is wiped with the last copy.
#[derive(Clone)]
pub struct Token {
    /// All headers of a request; two of them get their value for each request.
    headers: HeaderMap,
    patterns: Arc<SecretPatterns>,
}

impl Token {
    /// Builds the headers; `None` if the token cannot stand in a header.
    pub fn new(auth: Auth, token: &str) -> Option<Self> {
        let text = Zeroizing::new([auth.prefix().as_bytes(), token.as_bytes()].concat());
        // All clones of this value share its memory, which is wiped when the last of them is dropped.
        let mut credential = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
        credential.set_sensitive(true);
        let own = HeaderValue::from_static("");
        // A full map grows also where a value is only replaced.
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend([
            (HeaderName::from_bytes(auth.header().as_bytes()).ok()?, credential),
            (ACCEPT, JSON),
            (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
            (USER_AGENT, AGENT),
            (CONTENT_TYPE, JSON),
            (SWITCHBOARD_HOP, HeaderValue::from_static("1")),
            (X_REQUEST_ID, own.clone()),
            (TRACEPARENT, own),
        ]);
        Some(Self { headers, patterns: Arc::new(SecretPatterns::of(token)) })
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// `text` with every occurrence of the token redacted.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        redact(text, std::iter::once(self.patterns()))
    }

    /// Finds the token in the vendor's words.
    pub(crate) fn patterns(&self) -> &SecretPatterns {
        &self.patterns
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}
