//! An HTTP client without TLS for commands that talk to a gateway on this machine.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::Failure;

/// Sends one request and reads at most 4 MiB of the response.
pub(super) async fn send(request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Failure> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| root_cause(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, 4 << 20).collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Response::from_parts(head, body))
}

/// The innermost cause, which says what to fix.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
