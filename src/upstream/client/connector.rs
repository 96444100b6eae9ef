//! Opens connections: DNS, TCP (hyper-util's connector, which tries IPv6 and IPv4 side by side) and TLS.
//!
//! One timeout covers all three. A failure names the phase in which it happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use tower::service_fn;
use tower_service::Service;

use super::stream::Stream;
use super::tls_failure::plain_words;
use crate::upstream::FailureKind;
use crate::upstream::counters::Counters;
use crate::upstream::failure::chain;

const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// Opens connections for the pool.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    server_name: Option<ServerName<'static>>,
    timeout: Duration,
    counters: Arc<Counters>,
}

/// Why no connection could be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub(super) struct ConnectError {
    pub(super) kind: FailureKind,
    cause: String,
    /// The cause in plain words.
    pub(super) plain: Option<&'static str>,
}

impl From<String> for ConnectError {
    /// The phase is filled in where it is known.
    fn from(cause: String) -> Self {
        Self { kind: FailureKind::Connect, cause, plain: None }
    }
}

/// The phase that connecting has reached.
#[derive(Clone, Debug, Default)]
struct Phase(Arc<AtomicU8>);

impl Phase {
    const TCP: u8 = 1;
    const TLS: u8 = 2;

    fn reach(&self, phase: u8) {
        self.0.store(phase, Ordering::Release);
    }

    fn kind(&self) -> FailureKind {
        match self.0.load(Ordering::Acquire) {
            0 => FailureKind::Dns,
            Self::TCP => FailureKind::Connect,
            _ => FailureKind::Tls,
        }
    }
}

impl Connector {
    pub(crate) fn new(
        tls: Arc<ClientConfig>,
        server_name: Option<ServerName<'static>>,
        connect_timeout: Duration,
        counters: Arc<Counters>,
    ) -> Self {
        let mut tls = Arc::unwrap_or_clone(tls);
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { tls: TlsConnector::from(Arc::new(tls)), server_name, timeout: connect_timeout, counters }
    }

    /// How long opening a connection may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A connection to the host and port of `to`, secure if its scheme is.
    ///
    /// # Errors
    /// The phase that failed or took too long.
    pub(super) async fn connect(&self, to: &Uri) -> Result<Stream, ConnectError> {
        let phase = Phase::default();
        match timeout(self.timeout, self.open(to.clone(), phase.clone())).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(ConnectError { kind: phase.kind(), ..error }),
            Err(_) => {
                let (kind, cause) = (phase.kind(), format!("no connection within {:?}", self.timeout));
                let plain = (kind == FailureKind::Tls).then_some("the handshake did not end in time");
                Err(ConnectError { kind, cause, plain })
            }
        }
    }

    async fn open(&self, to: Uri, phase: Phase) -> Result<Stream, ConnectError> {
        let host = to.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = to.scheme() == Some(&http::uri::Scheme::HTTPS);
        let tcp = self.dial(to, &phase).await?;
        if !secure {
            return Ok(Stream::plain(tcp, Arc::clone(&self.counters)));
        }
        phase.reach(Phase::TLS);
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host).map_err(|error| chain(&error))?,
        };
        let tls = self.tls.connect(name, tcp).await.map_err(|error| {
            let (plain, cause) = (plain_words(&error), chain(&error));
            let cause = plain.map(|plain| format!("{plain} ({cause})")).unwrap_or(cause);
            ConnectError { plain, ..cause.into() }
        })?;
        Ok(Stream::tls(tls, Arc::clone(&self.counters)))
    }

    async fn dial(&self, to: Uri, phase: &Phase) -> Result<TcpStream, String> {
        if to.host().is_some_and(is_address) {
            phase.reach(Phase::TCP); // hyper-util does not call the resolver for these
        }
        let resolved = phase.clone();
        let resolver = service_fn(move |name: dns::Name| {
            let (resolving, phase) = (dns::GaiResolver::new().call(name), resolved.clone());
            async move {
                let addresses = resolving.await?;
                phase.reach(Phase::TCP);
                Ok::<_, std::io::Error>(addresses)
            }
        });
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(TCP_KEEPALIVE));
        http.set_connect_timeout(Some(self.timeout));
        let tcp = http.call(to).await.map_err(|error| chain(&error))?;
        Ok(tcp.into_inner())
    }
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok()
}
