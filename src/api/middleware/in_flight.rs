//! The bound on requests that are handled at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::account::Account;
use crate::gateway::Gateway;
use crate::net::shutdown::Shutdown;
use crate::problem::{Code, Problem, Reason};
use crate::upstream::{Permits, SharePermit};

/// What `Retry-After` says when there is no room.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The requests in flight.
#[derive(Default)]
pub(in crate::api) struct InFlight(Arc<AtomicUsize>);

/// One request's permit among those in flight, returned when it is dropped.
pub(in crate::api) struct InFlightPermit {
    permit: SharePermit,
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
            let draining = Problem::new(Code::Overloaded, "this gateway is shutting down").after(DEFAULT_RETRY_AFTER);
            return Err(Problem { cause: Some(Reason::Draining), ..draining });
        }
        let (permit, taken) = SharePermit::count(&self.0);
        let most = gateway.max_in_flight;
        if taken < most {
            return Ok(InFlightPermit { permit, most, accounts: gateway.routes.accounts.len() });
        }
        Err(Problem::new(Code::Overloaded, "this gateway handles as many requests as it may")
            .after(DEFAULT_RETRY_AFTER))
    }
}

impl InFlightPermit {
    /// The permit and one of the account's share, which must leave some for the other accounts.
    pub(in crate::api) fn permits(self, account: &Account) -> Result<Permits, Problem> {
        let others = self.permit.taken().saturating_sub(1);
        let free = if self.accounts > 1 { self.most.saturating_sub(others) } else { usize::MAX };
        let full = || {
            Problem::new(Code::Overloaded, "as many requests as may are with this vendor").after(DEFAULT_RETRY_AFTER)
        };
        let share = account.stack.share(free).ok_or_else(full)?;
        Ok(Permits { place: self.permit, share })
    }
}
