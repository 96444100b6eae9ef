//! One vendor account: its stack, its token, its catalogs, and how its responses differ from their documentation.

mod assistants;
mod catalog_reader;
mod catalogs;
pub mod drift;
mod shared_catalogs;
mod token;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use vendors::{CatalogSet, Dialect, Handling, Policies};

use crate::http::request_id::X_REQUEST_ID;
use crate::http::trace_context::TRACEPARENT;
use crate::upstream::Stack;

use drift::DriftWatch;

pub use assistants::{AssistantPages, ListFailure, ListReader, Page, Walk, read_single};
pub use catalog_reader::{CatalogFailure, CatalogReader};
pub use catalogs::LiveCatalogs;
pub use token::Token;

/// A vendor account.
#[derive(Debug)]
pub struct Account {
    /// The operator's name for it.
    pub name: Arc<str>,
    /// Its dialect.
    pub dialect: &'static Dialect,
    /// What to do with fields that it cannot express, unless the request, the assistant or the client decides; the default
    /// if `None`.
    pub handling: Option<Handling>,
    /// The operator's decisions by field.
    pub policies: Policies,
    /// What it says about the requests that an update of a nested dialect takes.
    pub plan: vendors::Settings,
    /// Names and ids from the configuration.
    pub configured: CatalogSet,
    /// Names and ids from the vendor.
    pub live: Arc<LiveCatalogs>,
    /// Its list of assistants, of which one short-lived copy serves reads.
    pub assistants: Arc<AssistantPages>,
    /// The layers between a finished request and the vendor.
    pub stack: Arc<Stack>,
    /// Its limits, for the status and the metrics.
    pub limits: Limits,
    /// The differences between its responses and their documentation.
    pub drift: Arc<DriftWatch>,
    /// The token, for headers and for redacting the vendor's words.
    pub token: Token,
}

/// What operators are shown of an account's settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests sent to it at once.
    pub max_in_flight: usize,
    /// Requests that may wait.
    pub max_waiting: usize,
    /// Whether any certificate is accepted as the vendor's.
    pub insecure_skip_verify: bool,
}

impl Account {
    /// What to do with fields that it cannot express, if nothing else decides.
    pub fn handling(&self) -> Handling {
        self.handling.unwrap_or_default()
    }

    /// What reads the list of assistants, with the headers of a request.
    pub fn list_reader(&self, headers: HeaderMap) -> ListReader {
        ListReader {
            dialect: self.dialect,
            stack: Arc::clone(&self.stack),
            headers,
            drift: Arc::clone(&self.drift),
            token: self.token.clone(),
        }
    }

    /// The headers of a request to this account: built here, never copied from a caller.
    pub fn headers(&self, request_id: HeaderValue, traceparent: HeaderValue) -> HeaderMap {
        let mut headers = self.token.headers().clone();
        headers.insert(X_REQUEST_ID, request_id);
        headers.insert(TRACEPARENT, traceparent);
        headers
    }

    /// Reads this account's catalogs with these headers.
    pub fn catalog_reader(&self, headers: HeaderMap) -> CatalogReader {
        CatalogReader {
            dialect: self.dialect,
            stack: Arc::clone(&self.stack),
            headers,
            drift: Arc::clone(&self.drift),
            token: self.token.clone(),
        }
    }
}
