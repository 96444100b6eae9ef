//! The bound on requests that are handled at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::edge::problem::{Code, Problem, Reason};
use crate::edge::shutdown::Shutdown;
use crate::gateway::Gateway;
use crate::upstream::{Account, Share};

/// What `Retry-After` says when there is no room.
const SOON: Duration = Duration::from_secs(1);

/// The requests in flight.
#[derive(Default)]
pub(in crate::api) struct InFlight(Arc<AtomicUsize>);

/// One request's place among those in flight, given back when it ends however it ends.
pub(in crate::api) struct InFlightPermit {
    taken: Arc<AtomicUsize>,
    most: usize,
    accounts: usize,
}

impl InFlight {
    /// How many there are at this moment.
    pub(in crate::api) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// A place for one more.
    ///
    /// # Errors
    /// All places are taken, or the gateway is shutting down.
    pub(in crate::api) fn permit(&self, gateway: &Gateway, shutdown: &Shutdown) -> Result<InFlightPermit, Problem> {
        if shutdown.soft().is_cancelled() {
            let draining = Problem::new(Code::Overloaded, "this gateway is shutting down").after(SOON);
            return Err(Problem { cause: Some(Reason::Draining), ..draining });
        }
        let taken = self.0.fetch_add(1, Ordering::AcqRel);
        let most = gateway.max_in_flight;
        let permit = InFlightPermit { taken: Arc::clone(&self.0), most, accounts: gateway.routes.accounts.len() };
        if taken < most {
            return Ok(permit);
        }
        drop(permit);
        Err(Problem::new(Code::Overloaded, "this gateway handles as many requests as it may").after(SOON))
    }
}

impl InFlightPermit {
    /// A share of the places for an account, which must leave some for the others.
    pub(in crate::api) fn share(&self, account: &Account) -> Result<Share, Problem> {
        let others = self.taken.load(Ordering::Acquire).saturating_sub(1);
        let free = if self.accounts > 1 { self.most.saturating_sub(others) } else { usize::MAX };
        let full = || Problem::new(Code::Overloaded, "as many requests as may are with this vendor").after(SOON);
        account.stack.share(free).ok_or_else(full)
    }
}

impl Drop for InFlightPermit {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}
