//! Fetches one catalog from the vendor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, Dialect, Operation, ResponseBody};

use super::Token;
use super::drift::DriftWatch;
use crate::upstream::{Failure, Stack, VendorRequest, VendorResponse, redact};

/// The deadline of a fetch, which does not depend on the deadlines of the requests that wait for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

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
    pub(super) async fn read(&self, kind: CatalogKind, path: &str) -> Result<Catalog, CatalogFailure> {
        let malformed = |error: &dyn fmt::Display| CatalogFailure::Malformed(error.to_string());
        let uri = self.stack.uri(path).map_err(|error| malformed(&error))?;
        let mut request = VendorRequest::new(Method::GET, uri, Instant::now() + FETCH_TIMEOUT);
        request.headers = self.headers.clone();
        let response = self.stack.call(request).await.map_err(CatalogFailure::Unanswered)?;
        let (status, body) = (response.status, ResponseBody::read(&response.body));
        let scrub = |text: &str| redact(text, std::iter::once(self.token.patterns())).into_owned();
        self.drift.check(self.stack.name(), self.dialect, Operation::Catalog(kind), status.as_u16(), &body, scrub);
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Err(CatalogFailure::Absent),
            // Names from a catalog are shown to callers and logged.
            _ if status.is_success() && self.token.patterns().is_in(&response.body) => {
                Err(malformed(&"it repeats the account's token"))
            }
            _ if status.is_success() => Catalog::parse(&response.body).map_err(|error| malformed(&error)),
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
