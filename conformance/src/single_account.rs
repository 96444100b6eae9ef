//! One vendor account of a configuration without a gateway around it, called directly.
//!
//! Requests go through the account's own [`Stack`](switchboard::upstream::Stack), with its limits, retries and TLS
//! settings.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use switchboard::account::Account;
use switchboard::config::Settings;
use switchboard::gateway::{BuildError, Gateway};
use switchboard::http::request_id::RequestId;
use switchboard::http::trace_context::TraceContext;
use switchboard::upstream::{FailureKind, Repeat, Tasks, VendorRequest, VendorResponse};
use tokio::time::Instant;
use vendors::{CatalogSet, Dialect};

/// What shows how far a check is.
pub type Progress = Box<dyn Fn(usize) + Send + Sync>;

/// An account that can be called.
pub struct SingleAccount {
    account: Arc<Account>,
    /// Called before each request with their number so far.
    progress: Option<Progress>,
    sent: AtomicUsize,
    /// The account's background tasks run for as long as this lives.
    _tasks: Tasks,
}

/// Why there is no response.
pub(crate) enum SendError {
    /// The body is longer than the gateway reads.
    TooLong,
    /// Anything else, in one sentence.
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
        Ok(Self { account, progress: None, sent: AtomicUsize::new(0), _tasks: tasks })
    }

    /// The same account, which reports each request to `progress`.
    #[must_use]
    pub fn reporting(self, progress: Option<Progress>) -> Self {
        Self { progress, ..self }
    }

    /// The operator's name for the account.
    pub(crate) fn name(&self) -> &str {
        &self.account.name
    }

    /// The account's dialect.
    pub(crate) fn dialect(&self) -> &'static Dialect {
        self.account.dialect
    }

    /// Names and ids from the configuration.
    pub(crate) fn configured(&self) -> &CatalogSet {
        &self.account.configured
    }

    /// What the configuration says about the plans of a nested dialect.
    pub(crate) fn settings(&self) -> &vendors::Settings {
        &self.account.plan
    }

    /// `text` with every occurrence of the token redacted.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.account.token.redact(text).into_owned()
    }

    /// Sends one request to `path` below the base URL and reads the whole response. One that is not repeatable arrives at
    /// most once.
    pub(crate) async fn send(
        &self,
        (method, repeatable): (Method, bool),
        path: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<VendorResponse, SendError> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = &self.progress {
            progress(number);
        }
        let uri = self.account.stack.uri(path).map_err(|error| SendError::Failed(error.to_string()))?;
        let request = VendorRequest::new(method, uri, Instant::now() + timeout);
        let mut request = if repeatable { request.repeated(Repeat::WheneverSafe) } else { request.never_twice() };
        let (id, trace) = (RequestId::generate(), TraceContext::start());
        request.headers = self.account.headers(id.to_header_value(), trace.to_header_value());
        request.body = body;
        self.account.stack.call(request).await.map_err(|failure| match failure.kind {
            FailureKind::BodyTooLong { .. } => SendError::TooLong,
            _ => SendError::Failed(failure.to_string()),
        })
    }
}

impl fmt::Debug for SingleAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleAccount").field("account", &self.account).finish_non_exhaustive()
    }
}
