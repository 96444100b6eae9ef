//! The layers a request passes, from the wire inwards:
//!
//! 1. [`Listener`]: accepts connections, performs TLS handshakes, enforces limits; hyper parses.
//! 2. [`catch_panic`]: chooses the request id; turns a panic into an `internal` problem with that id.
//! 3. [`Api`]: trace; router; loops; CORS preflights; the `Host` of callers without keys; authentication; the client's rate
//!    limit; the permit for a request in flight.
//! 4. The operation: preferences, deadline, routing and permission, media type, the account's permit, body, translation.
//! 5. The account's [`Stack`](crate::upstream::Stack): order, pause, rate, in flight, breaker, retry, timeout, client.
//!
//! [`Api`] adds to the response: the request id, the rate limit, what CORS needs, the mark of a loop. It also reports each
//! request once, however it ends ([`Telemetry::finished`]). What is refused before it, and a panic, have no CORS headers.

mod records;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, service_fn};

use crate::admin::{Admin, Listeners};
use crate::api::{Api, Records};
use crate::config::{self, Settings, WatchedFile};
use crate::gateway::{BuildError, Gateway};
use crate::http::catch_panic::catch_panic;
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::net::connection::Connections;
use crate::net::listener::descriptors::callers_connections;
use crate::net::listener::{BindError, Listener};
use crate::net::listener_meters::ListenerMeters;
use crate::net::rejection::RejectionRenderer;
use crate::net::settings::ListenerSettings;
use crate::net::shutdown::{DrainOutcome, Shutdown};
use crate::net::signals::{Signals, shutdown_on};
use crate::net::tls::acceptor::{Tls, TlsError};
use crate::problem::{Code, Outcome, Problem};
use crate::reload::{ListenersTls, Reloader, START, Source, StartupSettings, telemetry, tls_material, watch};
use crate::store::OpenError;
use crate::telemetry::log::LogControl;
use crate::telemetry::{Telemetry, TelemetryError};
use crate::upstream::Tasks;

use records::Opened;

/// How long idle connections to vendors have to close.
const VENDOR_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the store has to write what is gathered.
const STORE_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long administration drains, after everything else.
const ADMIN_DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// A running gateway.
pub struct App {
    api: SocketAddr,
    admin: SocketAddr,
    shutdown: Shutdown,
    admin_shutdown: Shutdown,
    reloader: Arc<Reloader>,
    tasks: Tasks,
    records: Option<Arc<Records>>,
}

/// Gives what the links in problems start with at present: `server.public_url`.
type Base = Arc<dyn Fn() -> Option<Arc<str>> + Send + Sync>;

/// A gateway that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A vendor account cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The listener's own certificate cannot be used.
    #[error("server.tls: {0}")]
    Tls(#[source] TlsError),
    /// The admin listener's own certificate cannot be used.
    #[error("server.admin_tls: {0}")]
    AdminTls(#[source] TlsError),
    /// Logs or traces cannot be written.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The store cannot be opened.
    #[error("store: {0}")]
    Store(#[from] OpenError),
    /// The store in PostgreSQL cannot be opened.
    #[error("store: {0}")]
    Postgres(#[from] crate::store::postgres::OpenError),
    /// What is stored cannot be read.
    #[error("store: {0}")]
    Records(String),
}

impl App {
    /// Binds both listeners and serves; `source` is where a reload reads the configuration from.
    ///
    /// # Errors
    /// An address is taken, a certificate cannot be used, or the audit log cannot be opened.
    pub async fn start(
        settings: Settings,
        source: Option<Source>,
        log: Option<LogControl>,
    ) -> Result<Self, StartError> {
        let (shutdown, admin_shutdown) = (Shutdown::new(), Shutdown::new());
        let admin_settings = listener_settings(&settings);
        let tls = ListenersTls {
            api: listener_tls(&settings.server.tls).map_err(StartError::Tls)?,
            admin: listener_tls(&settings.server.admin_tls).map_err(StartError::AdminTls)?,
        };
        let api_listener = Listener::bind(settings.server.listen).await?;
        let admin_listener = Listener::bind(settings.server.admin_listen).await?;
        let telemetry = Telemetry::start(telemetry(&settings), log)?;
        let (api_address, admin_address) = (api_listener.address(), admin_listener.address());
        for warning in settings.warnings.warnings() {
            tracing::warn!(%warning, "configuration");
        }
        let vendors = settings.vendors.values().map(|vendor| vendor.max_in_flight).sum();
        let max_connections = callers_connections(settings.server.max_connections, vendors);
        let api_settings = ListenerSettings {
            max_connections,
            proxy_protocol: settings.server.proxy_protocol,
            trusted_proxies: settings.server.trusted_proxies.clone(),
            ..admin_settings.clone()
        };
        let startup = StartupSettings::of(&settings);
        let files = WatchedFile::list(&settings.files);
        let opened = records::open(settings.store.as_ref(), &settings.cluster).await?;
        let tasks = Opened::tasks(opened.as_ref());
        let gateway = Arc::new(ArcSwap::from_pointee(Gateway::build(settings, None, &tasks)?));
        let records = records::start(opened, &gateway, &telemetry, &tasks).await?;
        let current = Arc::clone(&gateway);
        let reloader = Reloader::new(startup, current, source, tasks.clone(), tls.clone(), telemetry.clone());
        let reloader = Arc::new(reloader);
        if let Some(records) = &records {
            records::follow(records, &reloader, &shutdown);
        }
        let generation = gateway.load().generation;
        let current = Arc::clone(&gateway);
        let base: Base = Arc::new(move || current.load().public_url.clone());
        let api = Api::new(gateway, shutdown.clone(), telemetry.clone(), records.clone());
        let listeners = Listeners::default();
        let service = catch_panics(api.service(), &base);
        let api_connections = connections(service, &api_settings, &listeners.api, &shutdown, &base);
        shutdown.spawn(api_listener.run(api_connections, tls.api));
        let admin = Admin::new(Arc::clone(&reloader), api, shutdown.clone(), listeners.clone());
        #[cfg(feature = "console")]
        let service = catch_panics(crate::console::service(&admin), &base);
        #[cfg(not(feature = "console"))]
        let service = catch_panics(admin.service(), &base);
        let admin_connections = connections(service, &admin_settings, &listeners.admin, &admin_shutdown, &base);
        let console = console(&admin_address, tls.admin.is_some());
        admin_shutdown.spawn(admin_listener.run(admin_connections, tls.admin));
        shutdown.spawn(watch(Arc::clone(&reloader), shutdown.clone()));
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(target: START, api = %api_address, admin = %admin_address, console, version, files, "listening");
        telemetry.started(generation);
        Ok(Self { api: api_address, admin: admin_address, shutdown, admin_shutdown, reloader, tasks, records })
    }

    /// Where the API listens.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// Where administration listens.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Applies new configurations.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// The handle that shuts it down.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Serves until a signal, then drains with the settings that are in force then.
    pub async fn run(self, signals: Signals) -> DrainOutcome {
        let settings = || self.reloader.gateway().drain;
        let ended = shutdown_on(signals, &self.shutdown, self.finish_changes(), settings).await;
        self.release(ended).await
    }

    /// Drains and returns when everything has stopped.
    pub async fn stop(self) -> DrainOutcome {
        let timeout = self.reloader.gateway().drain.drain_timeout;
        let ended = self.shutdown.drain(self.finish_changes(), timeout, std::future::pending::<()>()).await;
        self.release(ended).await
    }

    /// Waits for changes that do not depend on their callers' connections. Only open connections can add any, so call it
    /// after they have drained.
    async fn finish_changes(&self) {
        if let Some(records) = &self.records {
            records.finished().await;
        }
        self.tasks.updates.close();
        self.tasks.updates.wait().await;
    }

    /// Stops administration, which answers until everything else has drained, closes the connections to vendors, which
    /// end with the last generation, and stops telemetry.
    async fn release(self, ended: DrainOutcome) -> DrainOutcome {
        let Self { reloader, tasks, admin_shutdown, records, .. } = self;
        admin_shutdown.drain(std::future::ready(()), ADMIN_DRAIN_TIMEOUT, std::future::pending::<()>()).await;
        let telemetry = reloader.telemetry().clone();
        drop(reloader);
        if let Some(records) = records {
            records.close(STORE_CLOSE_TIMEOUT).await;
        }
        if let Some(shared) = &tasks.shared {
            shared.close().await;
        }
        if tasks.updates.is_empty() {
            tasks.connections.close();
            if tokio::time::timeout(VENDOR_CLOSE_TIMEOUT, tasks.connections.wait()).await.is_err() {
                tracing::debug!(left = tasks.connections.len(), "connections to vendors were cut off");
            }
        } else {
            // These updates hold connections, so there is no use in waiting for connections to close.
            tracing::warn!(left = tasks.updates.len(), "updates whose callers had gone were cut off");
        }
        telemetry.stop(reason(ended)).await;
        ended
    }
}

/// Where the console is, as a URL; `None` in a build without it.
fn console(admin: &SocketAddr, is_tls: bool) -> Option<String> {
    let scheme = if is_tls { "https" } else { "http" };
    cfg!(feature = "console").then(|| format!("{scheme}://{admin}/console/"))
}

/// How the gateway ended, for the log.
const fn reason(ended: DrainOutcome) -> &'static str {
    match ended {
        DrainOutcome::Drained => "drained",
        DrainOutcome::Forced => "forced",
        DrainOutcome::Abandoned { .. } => "abandoned",
    }
}

/// One listener's connections, with a problem as the response to requests that hyper or the listener rejects.
fn connections<S>(
    service: S,
    settings: &ListenerSettings,
    meters: &Arc<ListenerMeters>,
    shutdown: &Shutdown,
    base: &Base,
) -> Connections<S> {
    let (counted, base) = (Arc::clone(meters), Arc::clone(base));
    let page = RejectionRenderer::new(move |refusal| {
        counted.reject(refusal.reason);
        let problem = Problem::from_status(refusal.reason.status(), refusal.reason.detail());
        let problem = Problem { base: base(), ..problem };
        problem.body("", refusal.request_id.as_str()).into()
    });
    Connections::new(service, settings.clone(), page, shutdown.clone()).counted(meters)
}

/// The service with panics turned into `internal` problems. The request's id is chosen here and put into its headers,
/// so that the response to a panic, its log line and everything logged before it have the same id.
fn catch_panics<S, B>(
    service: S,
    base: &Base,
) -> impl Service<Request<B>, Response = S::Response, Error = S::Error, Future: Send> + Clone + Send + Sync + use<S, B>
where
    S: Service<Request<B>, Response = Response<Full<Bytes>>, Future: Send> + Clone + Send + Sync,
    B: Send,
{
    let base = Arc::clone(base);
    service_fn(move |mut request: Request<B>| {
        let base = Arc::clone(&base);
        let request_id = RequestId::from_headers(request.headers());
        request.headers_mut().insert(X_REQUEST_ID, request_id.to_header_value());
        let path: Box<str> = request.uri().path().into();
        catch_panic(service.clone(), request, move |panic| {
            let path = &*path;
            tracing::error!(%request_id, path, panic, "a request panicked");
            let problem = Problem::new(Code::Internal, "a defect of this gateway");
            let problem = Problem { outcome: Outcome::Unknown, base: base(), ..problem };
            let mut response = problem.into_response(path, request_id.as_str());
            response.headers_mut().insert(X_REQUEST_ID, request_id.to_header_value());
            response
        })
    })
}

fn listener_tls(tls: &Option<config::Tls>) -> Result<Option<Tls>, TlsError> {
    tls.as_ref().map(|tls| Tls::new(&tls_material(tls))).transpose()
}

fn listener_settings(settings: &Settings) -> ListenerSettings {
    let server = &settings.server;
    ListenerSettings {
        max_connections: server.max_connections,
        handshake_timeout: server.header_timeout,
        header_timeout: server.header_timeout,
        idle_timeout: server.idle_timeout,
        max_discarded_bytes: server.max_body_bytes.saturating_mul(2),
        max_headers: server.max_headers,
        ..ListenerSettings::default()
    }
}

#[cfg(test)]
mod tests;
