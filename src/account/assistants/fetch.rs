//! Fetches one page of the list from the vendor.

use std::fmt;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method};
use tokio::time::Instant;
use vendors::{Listing, Operation, ResponseBody};

use super::{Asked, ListFailure, ListReader, Page};
use crate::upstream::{FailureKind, MAX_READ_RESPONSE, Repeat, VendorRequest, redact};

/// A page, and what it took.
pub(super) struct Fetched {
    pub(super) page: Page,
    /// The ids of its assistants, in order.
    pub(super) ids: Vec<Box<str>>,
    pub(super) attempts: u32,
}

impl ListReader {
    /// A page of the list, as the vendor has it now.
    pub(super) async fn fetch(
        &self,
        listing: Listing,
        asked: &Asked,
        deadline: Instant,
    ) -> Result<Fetched, ListFailure> {
        let malformed =
            |error: &dyn fmt::Display, attempts| ListFailure::Malformed { what: error.to_string(), attempts };
        let (path, body) = listing.request(asked.number, asked.per_page, asked.at.as_deref());
        let uri = self.stack.uri(&path).map_err(|error| malformed(&error, 0))?;
        let method = listing.call.method.parse::<Method>().map_err(|error| malformed(&error, 0))?;
        let repeat = if listing.call.repeatable { Repeat::WheneverSafe } else { Repeat::OnlyIfUnsent };
        let mut request = VendorRequest::new(method, uri, deadline).repeated(repeat);
        request.headers = self.headers.clone();
        request.body = body.into();
        if asked.per_page <= listing.min_per_page() {
            request.max_response = MAX_READ_RESPONSE; // it cannot be asked for in smaller parts
        }
        let response = self.stack.call(request).await.map_err(ListFailure::Unanswered)?;
        let body = ResponseBody::read(&response.body);
        let scrub = |text: &str| redact(text, std::iter::once(self.token.patterns())).into_owned();
        self.drift.check(self.stack.name(), self.dialect, Operation::List, response.status.as_u16(), &body, scrub);
        // The client has decoded what it can read.
        if !response.status.is_success() || is_encoded(&response.headers) {
            return Err(ListFailure::Refused(response));
        }
        let attempts = response.attempts;
        let (page, ids) = Page::of(self.dialect, asked, response.body).map_err(|error| malformed(&error, attempts))?;
        Ok(Fetched { page, ids, attempts })
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_ENCODING)
}

impl ListFailure {
    /// Whether the vendor refuses the request itself, as it does with a cursor that is too old.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(response) if matches!(response.status.as_u16(), 400 | 404 | 410 | 422))
    }

    /// Whether a page with fewer assistants could be read.
    pub(super) fn is_too_long(&self) -> bool {
        match self {
            Self::Unanswered(failure) => {
                matches!(failure.kind, FailureKind::BodyTooLong { status } if status.is_success())
            }
            _ => false,
        }
    }
}
