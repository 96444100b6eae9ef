//! A plain HTTP client for commands that talk to a gateway on this machine.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::Failure;

/// An answer, read whole.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Sends one request and reads at most 4 MiB of the answer.
pub(super) async fn send(request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| cause(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, 4 << 20).collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Reply { status: head.status, headers: head.headers, body })
}

/// A GET.
pub(super) async fn get(uri: Uri) -> Result<Reply, Failure> {
    send(Request::get(uri).body(Full::default())?).await
}

/// The innermost cause is the one that a person can act on.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
