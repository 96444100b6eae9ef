//! Fetches one catalog from the vendor.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, CatalogPage, CatalogSpec, Dialect, Operation, ResponseBody};

use super::Token;
use super::drift::DriftWatch;
use crate::upstream::{Failure, Repeat, Stack, VendorRequest, VendorResponse, redact};

/// The deadline of one page, which does not depend on the deadlines of the requests that wait for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// The same for all pages of a catalog together.
const ALL_PAGES_TIMEOUT: Duration = Duration::from_secs(60);

/// The most pages of a catalog that are read.
const MAX_PAGES: usize = 100;

/// The most bytes of a catalog that are read, over all pages.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Why there is no catalog. Displayed for logs, so without the vendor's words.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CatalogFailure {
    /// The vendor did not respond.
    #[error("{0}")]
    Unanswered(Failure),
    /// The vendor responded with an error.
    #[error("the vendor answered {}", .0.status.as_u16())]
    Refused(VendorResponse),
    /// The vendor's response is no catalog.
    #[error("not a catalog: {0}")]
    Malformed(String),
    /// The vendor has no such list (404, 405).
    #[error("the vendor has no such list")]
    Absent,
}

/// The stack and the headers used for a fetch, and what checks the response.
#[derive(Clone)]
pub struct CatalogReader {
    /// The dialect, which knows the paths.
    pub dialect: &'static Dialect,
    /// The account's stack.
    pub stack: Arc<Stack>,
    /// The headers of the request.
    pub headers: HeaderMap,
    /// Compares responses with their documentation.
    pub drift: Arc<DriftWatch>,
    /// The account's token, which no catalog may contain.
    pub token: Token,
}

impl CatalogReader {
    /// Reads a catalog to its end: page after page, by number or cursor, because a URL from the vendor could lead elsewhere.
    pub(super) async fn read(&self, kind: CatalogKind, spec: &CatalogSpec) -> Result<Catalog, CatalogFailure> {
        let deadline = Instant::now() + ALL_PAGES_TIMEOUT;
        let (mut entries, mut seen, mut skipped, mut bytes) = (Vec::new(), HashSet::new(), 0, 0);
        let (mut was_unread, mut at) = (false, None);
        for number in 1..=MAX_PAGES {
            let (page, length) = self.page(kind, spec, (number, at.as_deref()), deadline).await?;
            (skipped, bytes) = (skipped + page.skipped, bytes + length);
            let (before, is_unread) = (entries.len(), page.entries.is_empty());
            entries.extend(page.entries.into_iter().filter(|row| seen.insert((row.id.clone(), row.name.clone()))));
            // A vendor that does not know the parameter sends its first page again. One page without a row that is
            // understood is none of these.
            let is_repeated = if is_unread { was_unread } else { entries.len() == before };
            if !page.has_more || is_repeated || number == MAX_PAGES || bytes > MAX_BYTES {
                self.report(kind, skipped, page.has_more);
                break;
            }
            (was_unread, at) = (is_unread, page.next);
        }
        Ok(entries.into_iter().collect())
    }

    /// Logs what a catalog lacks.
    fn report(&self, kind: CatalogKind, skipped: usize, is_cut: bool) {
        let vendor = self.stack.name();
        if skipped > 0 {
            self.drift.record_skipped_rows(vendor, Operation::Catalog(kind), skipped);
        }
        if is_cut {
            tracing::warn!(vendor, catalog = %kind, "the catalog has more pages than are read; the rest is left out");
        }
    }

    /// A page, by its number and what the page before said of it, and the length of its body.
    async fn page(
        &self,
        kind: CatalogKind,
        spec: &CatalogSpec,
        (number, at): (usize, Option<&str>),
        deadline: Instant,
    ) -> Result<(CatalogPage, usize), CatalogFailure> {
        let malformed = |error: &dyn fmt::Display| CatalogFailure::Malformed(error.to_string());
        let uri = self.stack.uri(&spec.page_path(number, at)).map_err(|error| malformed(&error))?;
        let deadline = deadline.min(Instant::now() + FETCH_TIMEOUT);
        let mut request = VendorRequest::new(Method::GET, uri, deadline).repeated(Repeat::WheneverSafe);
        request.headers = self.headers.clone();
        let response = self.stack.call(request).await.map_err(CatalogFailure::Unanswered)?;
        let (status, body) = (response.status, ResponseBody::read(&response.body));
        let scrub = |text: &str| redact(text, std::iter::once(self.token.patterns())).into_owned();
        self.drift.check(self.stack.name(), self.dialect, Operation::Catalog(kind), status.as_u16(), &body, scrub);
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if number == 1 => Err(CatalogFailure::Absent),
            // Names from a catalog are shown to callers and logged.
            _ if status.is_success() && self.token.patterns().is_in(&response.body) => {
                Err(malformed(&"it repeats the account's token"))
            }
            // The client has decoded what it can read.
            _ if status.is_success() && response.headers.contains_key(CONTENT_ENCODING) => {
                Err(CatalogFailure::Refused(response))
            }
            _ if status.is_success() => match CatalogPage::parse(&response.body, number, spec) {
                Ok(page) => Ok((page, response.body.len())),
                Err(error) => Err(malformed(&error)),
            },
            _ => Err(CatalogFailure::Refused(response)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::account::catalog_reader::*;

    #[test]
    fn a_failure_is_logged_without_the_vendors_words() {
        let response = VendorResponse::new(StatusCode::BAD_GATEWAY, HeaderMap::new(), "hush".into());
        let failure = CatalogFailure::Refused(response);
        assert_eq!(failure.to_string(), "the vendor answered 502");
        assert!(!format!("{failure:?}").contains("hush"));
    }
}
