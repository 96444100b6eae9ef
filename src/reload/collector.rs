//! Sends traces to the collector through the gateway's own HTTP client, with the operator's headers.

use std::fmt::Display;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use opentelemetry_http::HttpError;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use crate::config;
use crate::gateway::pem;
use crate::upstream::{Call, HttpClient, TlsRoots, VendorRequest, VendorTls};
use crate::value::PublicRoots;

/// How long a connection to the collector may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const USER_AGENT_VALUE: HeaderValue = HeaderValue::from_static(concat!("switchboard/", env!("CARGO_PKG_VERSION")));

/// A collector that is reached over HTTP.
#[derive(Debug)]
pub(super) struct HttpCollector {
    client: HttpClient,
    headers: HeaderMap,
    timeout: Duration,
}

impl HttpCollector {
    pub(super) fn new(to: &str, traces: &config::Traces) -> Result<Self, String> {
        let wrong = |what: &dyn Display| format!("traces: {what}");
        let roots = if traces.ca_file.is_some() { PublicRoots::None } else { PublicRoots::Platform };
        let tls = VendorTls { roots, issuers: traces.ca_file.as_ref().map(pem), ..VendorTls::default() };
        let https = traces.endpoint.as_ref().is_some_and(config::BaseUrl::is_https);
        let tls = TlsRoots::default().client(https, &tls).map_err(|error| wrong(&error))?;
        let to: Uri = to.parse().map_err(|error| wrong(&error))?;
        let client = HttpClient::elsewhere(&to, tls, CONNECT_TIMEOUT, TaskTracker::new());
        Ok(Self { client, headers: headers(traces)?, timeout: traces.timeout })
    }
}

#[async_trait]
impl opentelemetry_http::HttpClient for HttpCollector {
    /// The operator's headers win over those of `OTEL_EXPORTER_OTLP_HEADERS`.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut request = VendorRequest::new(head.method, head.uri, Instant::now() + self.timeout);
        request.headers = head.headers;
        request.headers.extend(self.headers.clone());
        request.body = body;
        let answered = timeout(self.timeout, self.client.call(&request)).await;
        let answered = answered.map_err(|_| format!("no response within {:?}", self.timeout))?;
        let answered = answered.map_err(|failure| failure.to_string())?;
        let mut response = Response::new(answered.body);
        *response.status_mut() = answered.status;
        *response.headers_mut() = answered.headers;
        Ok(response)
    }
}

fn headers(traces: &config::Traces) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(traces.headers.len() + 1);
    for (name, secret) in &traces.headers {
        let wrong = |_| format!("traces.headers.{name} cannot stand in a request");
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| wrong(()))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| wrong(()))?, value);
    }
    headers.insert(USER_AGENT, USER_AGENT_VALUE);
    Ok(headers)
}
