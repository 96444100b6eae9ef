//! An HTTP client without TLS for commands that talk to a gateway on this machine.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::Failure;

/// Sends one request and reads at most 4 MiB of the response, all within `timeout`; an error names the URL.
pub(super) async fn send(request: Request<Full<Bytes>>, timeout: Duration) -> Result<Response<Bytes>, Failure> {
    let url = request.uri().clone();
    let exchange = async {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.map_err(|error| root_cause(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, 4 << 20).collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    match tokio::time::timeout(timeout, exchange).await {
        Ok(answered) => answered.map_err(|error: String| format!("{url} does not answer: {error}").into()),
        Err(_) => Err(format!("{url} did not answer within {} s", timeout.as_secs()).into()),
    }
}

/// The innermost cause, which says what to fix.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
