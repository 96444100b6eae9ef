//! Sends traces to the collector through the gateway's own HTTP client, with the operator's headers.

use std::fmt::Display;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use crate::config;
use crate::gateway::pem;
use crate::telemetry::settings::{Export, Exported};
use crate::upstream::{Call, HttpClient, PublicRoots, TlsRoots, VendorRequest, VendorTls};

/// How long a connection to the collector may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const USER_AGENT_VALUE: HeaderValue = HeaderValue::from_static(concat!("switchboard/", env!("CARGO_PKG_VERSION")));

/// A collector that is reached over HTTP.
pub(super) struct HttpCollector {
    client: HttpClient,
    to: Uri,
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
        Ok(Self { client, to, headers: headers(traces)?, timeout: traces.timeout })
    }
}

impl Export for HttpCollector {
    fn export(&self, message: Bytes) -> Pin<Box<dyn Future<Output = Exported> + Send + '_>> {
        let mut request = VendorRequest::new(Method::POST, self.to.clone(), Instant::now() + self.timeout);
        request.headers = self.headers.clone();
        request.body = message;
        Box::pin(async move {
            match timeout(self.timeout, self.client.call(&request)).await {
                Ok(Ok(response)) => Ok((response.status.as_u16(), response.body)),
                Ok(Err(failure)) => Err(failure.to_string()),
                Err(_) => Err(format!("no response within {:?}", self.timeout)),
            }
        })
    }
}

fn headers(traces: &config::Traces) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(traces.headers.len() + 2);
    for (name, secret) in &traces.headers {
        let wrong = |_| format!("traces.headers.{name} cannot stand in a request");
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| wrong(()))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| wrong(()))?, value);
    }
    headers.insert(CONTENT_TYPE, PROTOBUF);
    headers.insert(USER_AGENT, USER_AGENT_VALUE);
    Ok(headers)
}
