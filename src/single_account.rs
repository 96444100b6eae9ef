//! One vendor account of a configuration without a gateway around it, for tools that call the vendor themselves.
//!
//! Requests go through the account's own [`Stack`](crate::upstream::Stack), with its limits, retries and TLS settings.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::Instant;
use vendors::{CatalogSet, Dialect};

use crate::account::Account;
use crate::config::Settings;
use crate::gateway::{BuildError, Gateway};
use crate::http::request_id::RequestId;
use crate::http::trace_context::TraceContext;
use crate::upstream::{FailureKind, Tasks, VendorRequest, redact};

/// An account that can be called.
#[derive(Debug)]
pub struct SingleAccount {
    account: Arc<Account>,
    /// The account's background tasks run for as long as this lives.
    _tasks: Tasks,
}

/// The vendor's whole response.
#[derive(Debug, Clone)]
pub struct VendorResponseSummary {
    /// The status of the last attempt.
    pub status: u16,
    /// How long the vendor asks to wait before the next request.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The body is longer than [`MAX_BODY`](crate::upstream::MAX_BODY).
    #[error("the response is longer than the gateway reads")]
    TooLong,
    /// Anything else, in one sentence.
    #[error("{0}")]
    Failed(String),
}

impl SingleAccount {
    /// Builds the account called `name`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The configuration has no such account, or names certificates that cannot be used.
    pub fn build(settings: Settings, name: &str) -> Result<Self, BuildError> {
        let tasks = Tasks::default();
        let gateway = Gateway::build(settings, None, &tasks)?;
        let account = gateway.routes.accounts.get(name).cloned();
        let account = account.ok_or_else(|| BuildError::Inconsistent(format!("there is no account `{name}`")))?;
        Ok(Self { account, _tasks: tasks })
    }

    /// The operator's name for the account.
    pub fn name(&self) -> &str {
        &self.account.name
    }

    /// The account's dialect.
    pub fn dialect(&self) -> &'static Dialect {
        self.account.dialect
    }

    /// Names and ids from the configuration.
    pub fn configured(&self) -> &CatalogSet {
        &self.account.configured
    }

    /// `text` with every occurrence of the token redacted.
    pub fn redact(&self, text: &str) -> String {
        redact(text, std::iter::once(self.account.token.disguises())).into_owned()
    }

    /// Sends one request to `path` below the base URL and reads the whole response.
    ///
    /// # Errors
    /// There is no response within `timeout`, or it is too long.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<VendorResponseSummary, SendError> {
        let uri = self.account.stack.uri(path).map_err(|error| SendError::Failed(error.to_string()))?;
        let mut request = VendorRequest::new(method, uri, Instant::now() + timeout);
        let (id, trace) = (RequestId::generate(), TraceContext::begin());
        request.headers = self.account.headers(id.to_header_value(), trace.to_header_value());
        request.body = body;
        match self.account.stack.call(request).await {
            Ok(response) => Ok(VendorResponseSummary {
                status: response.status.as_u16(),
                retry_after: response.retry_after(),
                body: response.body,
            }),
            Err(failure) if matches!(failure.kind, FailureKind::BodyTooLong { .. }) => Err(SendError::TooLong),
            Err(failure) => Err(SendError::Failed(failure.to_string())),
        }
    }
}
