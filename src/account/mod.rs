//! One vendor account: everything that is known of it, built once per configuration.

mod catalogs;
pub mod drift;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use secrecy::zeroize::Zeroizing;
use vendors::{CatalogSet, Dialect, Handling, Policies};

use crate::http::header_names::SWITCHBOARD_HOP;
use crate::http::request_id::X_REQUEST_ID;
use crate::http::trace_context::TRACEPARENT;
use crate::value::REDACTED;

use crate::upstream::{SecretPatterns, Stack, redact};

use drift::DriftWatch;

pub use catalogs::{CatalogFailure, LiveCatalogs, Reader as CatalogReader};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("switchboard/", env!("CARGO_PKG_VERSION")));

/// A vendor account.
#[derive(Debug)]
pub struct Account {
    /// The operator's name for it.
    pub name: Arc<str>,
    /// Its dialect.
    pub dialect: &'static Dialect,
    /// What to do with fields that it cannot express, unless somebody nearer decides.
    pub handling: Handling,
    /// The operator's decisions by field.
    pub policies: Policies,
    /// Names and ids from the configuration.
    pub configured: CatalogSet,
    /// Names and ids from the vendor.
    pub live: Arc<LiveCatalogs>,
    /// The way to the vendor.
    pub stack: Arc<Stack>,
    /// Its limits, for the status and the metrics.
    pub limits: Limits,
    /// Where its answers are not as documented.
    pub drift: Arc<DriftWatch>,
    /// The token, for scrubbing the vendor's words.
    pub token: Token,
}

/// What operators are shown of an account's settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests sent to it at once.
    pub max_in_flight: usize,
    /// Requests that may wait for a place.
    pub max_waiting: usize,
    /// Whether any certificate is accepted as the vendor's.
    pub insecure_skip_verify: bool,
}

/// A vendor's token: shown to nobody but the vendor, and wiped with its last copy.
#[derive(Clone)]
pub struct Token {
    /// All headers of a request that bears it, but for what two of them say, which each request has of its own.
    headers: HeaderMap,
    patterns: Arc<SecretPatterns>,
}

impl Token {
    /// Makes the headers once; `None` if the token cannot stand in a header.
    pub fn new(token: &str) -> Option<Self> {
        let text = Zeroizing::new([b"Bearer ", token.as_bytes()].concat());
        // All headers made of this one share its memory, which is wiped when the last of them goes.
        let mut bearer = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
        bearer.set_sensitive(true);
        let own = HeaderValue::from_static("");
        // A full map grows also where a value is only replaced.
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend([
            (AUTHORIZATION, bearer),
            (ACCEPT, JSON),
            (USER_AGENT, AGENT),
            (CONTENT_TYPE, JSON),
            (SWITCHBOARD_HOP, HeaderValue::from_static("1")),
            (X_REQUEST_ID, own.clone()),
            (TRACEPARENT, own),
        ]);
        Some(Self { headers, patterns: Arc::new(SecretPatterns::of(token)) })
    }

    /// `text` with every occurrence of the token redacted.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        redact(text, std::iter::once(self.disguises()))
    }

    /// The forms in which others may repeat it.
    pub(crate) fn patterns(&self) -> &SecretPatterns {
        &self.patterns
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Account {
    /// The headers of a request to this account: built here, never copied from a caller.
    pub fn headers(&self, request_id: HeaderValue, traceparent: HeaderValue) -> HeaderMap {
        let mut headers = self.token.headers.clone();
        headers.insert(X_REQUEST_ID, request_id);
        headers.insert(TRACEPARENT, traceparent);
        headers
    }
}

/// How long a catalog may take beyond which an update does not wait for it.
pub(crate) const CATALOG_PATIENCE: Duration = Duration::from_secs(10);
