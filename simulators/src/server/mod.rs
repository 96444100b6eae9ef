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
    contracts::{self, FAMILIES, NAMES},
    drift::Drift,
    families::Family,
    faults::{Fault, FaultKind},
    http::Received,
    vendor::Vendor,
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
            Self::UnknownVendor(name) => {
                let known: Vec<_> = NAMES.into_iter().chain(FAMILIES).collect();
                write!(f, "no vendor is called `{name}`; there are {}", known.join(", "))
            }
            Self::UnknownShape { slug, vendor } => {
                let of_family = contracts::family(vendor).map(contracts::FamilyContract::slugs).unwrap_or_default();
                let slugs = contracts::answers(vendor).iter().map(|(slug, _)| *slug);
                let known: Vec<_> = slugs.chain(of_family.iter().map(String::as_str)).collect();
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
    vendor: &'static str,
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
        let known = NAMES.into_iter().chain(FAMILIES).find(|known| *known == vendor);
        let vendor = known.ok_or_else(|| StartError::UnknownVendor(vendor.to_owned()))?;
        let failed = |error| StartError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = options.token.clone().unwrap_or_else(|| format!("sim-{vendor}"));
        let faults = options.faults.clone();
        let behaviour = behaviour(vendor, &token, options, format!("http://{address}"))
            .map_err(|reason| StartError::Contract { vendor, reason })?;
        check_shapes(vendor, &behaviour, &faults)?;
        let service = Arc::new(Service::new(behaviour, faults, CancellationToken::new()));
        let tasks = TaskTracker::new();
        tasks.spawn(listen(listener, Arc::clone(&service), tasks.clone()));
        tracing::info!(vendor, %address, "simulator started");
        Ok(Self { vendor, address, token, service, tasks })
    }

    /// The vendor's name.
    #[must_use]
    pub const fn vendor(&self) -> &'static str {
        self.vendor
    }

    /// The listening address.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The base URL to use instead of the vendor's: `http://127.0.0.1:PORT/api`, without `/api` for one of [`FAMILIES`].
    #[must_use]
    pub fn base_url(&self) -> String {
        let path = if FAMILIES.contains(&self.vendor) { "" } else { "/api" };
        format!("http://{}{path}", self.address)
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
        self.service.vendor.reset();
        self.service.clear();
    }

    /// Replaces the active faults, counts from the start again, and releases requests that `hold` keeps.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.service.set_faults(faults);
    }

    /// The assistant's current state, under the documented names; `None` if the account does not have it.
    #[must_use]
    pub fn state(&self, id: u64) -> Option<Value> {
        self.service.vendor.state(id)
    }

    /// The ids of the assistants that lists show, in ascending order.
    #[must_use]
    pub fn assistants(&self) -> Vec<u64> {
        self.service.vendor.numbers()
    }

    /// An object of the account as a reading request tells it; of an agent or an LLM with versions, the newest. `None` if the
    /// account does not have it.
    #[must_use]
    pub fn document(&self, id: &str) -> Option<Value> {
        self.service.vendor.document(id)
    }

    /// Every version of an object, oldest first; without versions the object alone.
    #[must_use]
    pub fn versions(&self, id: &str) -> Vec<Value> {
        self.service.vendor.versions(id)
    }

    /// The ids of the assistants that lists show, of any vendor, oldest first.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.service.vendor.ids()
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

fn behaviour(vendor: &'static str, token: &str, options: Options, origin: String) -> Result<Vendor, String> {
    let Options { strict, drift, assistants, .. } = options;
    if let Some(contract) = contracts::family(vendor) {
        let family = Family::new(contract, token, (strict, drift, assistants), origin)?;
        return Ok(Vendor::Family(Box::new(family)));
    }
    let contract = contracts::find(vendor).ok_or("it has no contract")?;
    let backend = Backend::new(contract, token, Deviations { strict, drift, assistants }, origin)?;
    Ok(Vendor::Platform(Box::new(backend)))
}

fn check_shapes(vendor: &'static str, behaviour: &Vendor, faults: &[Fault]) -> Result<(), StartError> {
    for fault in faults {
        if let FaultKind::Shape(slug) = &fault.kind
            && behaviour.answer(slug).is_none()
        {
            return Err(StartError::UnknownShape { slug: slug.clone(), vendor });
        }
    }
    Ok(())
}
