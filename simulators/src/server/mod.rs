//! A running simulator and the handle that controls it.

mod listener;
mod request_log;
mod service;

use std::{
    error::Error,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    backend::{Backend, Deviations},
    contracts::{self, Contract, NAMES},
    drift::Drift,
    faults::{Fault, FaultKind},
    http::Received,
};

use listener::listen;
use service::Service;

/// How to start a simulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on; port 0 for any free one.
    pub listen: SocketAddr,
    /// The token that callers must send; `sim-<vendor>` by default.
    pub token: Option<String>,
    /// The faults that are active from the start.
    pub faults: Vec<Fault>,
    /// Whether undocumented keys are rejected; the real vendor ignores them.
    pub strict: bool,
    /// What has changed since the documentation was written.
    pub drift: Vec<Drift>,
    /// How many assistants are listed from the start, with the ids from 1; 0 for the documented example alone.
    pub assistants: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            token: None,
            faults: Vec::new(),
            strict: false,
            drift: Vec::new(),
            assistants: 0,
        }
    }
}

/// The simulator could not start.
#[derive(Debug)]
pub enum StartError {
    /// No such vendor.
    UnknownVendor(String),
    /// A fault names a response that is not documented.
    UnknownShape {
        /// The name given.
        slug: String,
        /// The vendor.
        vendor: &'static str,
    },
    /// The vendor's data is malformed, or a drift does not fit it.
    Contract {
        /// The vendor.
        vendor: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The address cannot be listened on.
    Listen(SocketAddr, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVendor(name) => write!(f, "no vendor is called `{name}`; there are {}", NAMES.join(", ")),
            Self::UnknownShape { slug, vendor } => {
                let known: Vec<_> = contracts::answers(vendor).iter().map(|(slug, _)| *slug).collect();
                write!(f, "{vendor} has no response named `{slug}`; there are {}", known.join(", "))
            }
            Self::Contract { vendor, reason } => {
                write!(f, "the data of {vendor} cannot be used: {reason}")
            }
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Listen(_, error) => Some(error),
            Self::UnknownVendor(_) | Self::UnknownShape { .. } | Self::Contract { .. } => None,
        }
    }
}

/// A running simulator. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Simulator {
    contract: &'static Contract,
    address: SocketAddr,
    token: String,
    service: Arc<Service>,
    tasks: TaskTracker,
}

impl Simulator {
    /// Starts `vendor` on the current runtime. Connections are accepted once it returns.
    ///
    /// # Errors
    /// There is no such vendor, a fault names an unknown response, or the address cannot be listened on.
    pub async fn start(vendor: &str, options: Options) -> Result<Self, StartError> {
        let contract = contracts::find(vendor).ok_or_else(|| StartError::UnknownVendor(vendor.to_owned()))?;
        check_shapes(contract, &options.faults)?;
        let failed = |error| StartError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = options.token.unwrap_or_else(|| format!("sim-{vendor}"));
        let deviations = Deviations { strict: options.strict, drift: options.drift, assistants: options.assistants };
        let backend = Backend::new(contract, &token, deviations, format!("http://{address}"))
            .map_err(|reason| StartError::Contract { vendor: contract.vendor, reason })?;
        let service = Arc::new(Service::new(backend, options.faults, CancellationToken::new()));
        let tasks = TaskTracker::new();
        tasks.spawn(listen(listener, Arc::clone(&service), tasks.clone()));
        tracing::info!(vendor, %address, "simulator started");
        Ok(Self { contract, address, token, service, tasks })
    }

    /// The vendor's name.
    #[must_use]
    pub const fn vendor(&self) -> &'static str {
        self.contract.vendor
    }

    /// The listening address.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The base URL to use instead of the vendor's: `http://127.0.0.1:PORT/api`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// The token that callers must send.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The latest 10,000 requests, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.service.received()
    }

    /// How many requests have arrived since the start, also those whose body never did, which [`received`](Self::received)
    /// does not have. Neither `clear` nor `reset` resets the count.
    #[must_use]
    pub fn arrivals(&self) -> u64 {
        self.service.arrivals()
    }

    /// Waits until at least `count` requests were received, and returns them; some may not have a response yet.
    pub async fn received_at_least(&self, count: usize) -> Vec<Received> {
        self.service.received_at_least(count).await;
        self.service.received()
    }

    /// Drops the requests received so far; the assistants stay as they are.
    pub fn clear(&self) {
        self.service.clear();
    }

    /// Returns to the state at the start: no received requests, no active faults, every assistant and resource unchanged.
    pub fn reset(&self) {
        self.service.set_faults(Vec::new());
        self.service.backend.reset();
        self.service.clear();
    }

    /// Replaces the active faults, counts from the start again, and releases requests that `hold` keeps.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.service.set_faults(faults);
    }

    /// The assistant's current state, under the documented names; `None` if the account does not have it.
    #[must_use]
    pub fn state(&self, id: u64) -> Option<Value> {
        self.service.backend.state(id)
    }

    /// The ids of the assistants that lists show, in ascending order.
    #[must_use]
    pub fn assistants(&self) -> Vec<u64> {
        self.service.backend.ids()
    }

    /// Stops it: it accepts no new connections and cuts off hanging requests. All tasks have ended when this returns.
    pub async fn stop(self) {
        self.service.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.service.stop.cancel();
    }
}

fn check_shapes(contract: &'static Contract, faults: &[Fault]) -> Result<(), StartError> {
    for fault in faults {
        if let FaultKind::Shape(slug) = &fault.kind
            && contract.answer(slug).is_none()
        {
            return Err(StartError::UnknownShape { slug: slug.clone(), vendor: contract.vendor });
        }
    }
    Ok(())
}
