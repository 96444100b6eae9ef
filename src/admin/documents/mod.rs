//! What operators see, as data: a function and its types for each document. Its JSON is served under `/admin/`, and the
//! console's pages show the same.

use crate::problem::Problem;

/// The value of a parameter of a query; `None` if it is absent or empty.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let value = pairs.find(|(key, _)| key == name)?.1.into_owned();
    (!value.is_empty()).then_some(value)
}

/// Runs what blocks.
pub(super) async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(run).await.map_err(|error| Problem::internal("this look failed", error))
}

pub(crate) mod accounts;
pub(crate) mod assistants;
pub(crate) mod attention;
pub(crate) mod clients;
pub(crate) mod configuration;
pub(crate) mod drift;
pub(crate) mod records;
pub(crate) mod replicas;
pub(crate) mod requests;
pub(crate) mod runbook;
pub(crate) mod status;
pub(crate) mod translation;
