//! The limit of requests in flight at the gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::account::Account;
use crate::gateway::Gateway;
use crate::net::shutdown::Shutdown;
use crate::problem::{Code, Problem, Reason};
use crate::upstream::{Permits, SharePermit};

/// The `Retry-After` of a request that gets no permit.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Counts the requests in flight.
#[derive(Default)]
pub(in crate::api) struct InFlightLimit(Arc<AtomicUsize>);

/// One request's permit, returned when it is dropped.
pub(in crate::api) struct InFlightPermit {
    permit: SharePermit,
    max: usize,
    accounts: usize,
}

impl InFlightLimit {
    /// How many requests are in flight.
    pub(in crate::api) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// A permit for one more request.
    ///
    /// # Errors
    /// No permit is left, or the gateway is shutting down.
    pub(in crate::api) fn acquire(&self, gateway: &Gateway, shutdown: &Shutdown) -> Result<InFlightPermit, Problem> {
        if shutdown.soft().is_cancelled() {
            let draining = Problem::new(Code::Overloaded, "this gateway is shutting down").after(DEFAULT_RETRY_AFTER);
            return Err(Problem { cause: Some(Reason::Draining), ..draining });
        }
        let (permit, taken) = SharePermit::count(&self.0);
        let max = gateway.max_in_flight;
        if taken < max {
            return Ok(InFlightPermit { permit, max, accounts: gateway.routes.accounts.len() });
        }
        Err(Problem::new(Code::Overloaded, "this gateway has reached its limit of requests in flight")
            .after(DEFAULT_RETRY_AFTER))
    }
}

impl InFlightPermit {
    /// This permit and one of the account's share, which leaves some for other accounts.
    pub(in crate::api) fn permits(self, account: &Account) -> Result<Permits, Problem> {
        let share = self.share(account)?;
        Ok(Permits { gateway: self.permit, share })
    }

    /// One of the account's share alone, for an operation that asks several accounts.
    pub(in crate::api) fn share(&self, account: &Account) -> Result<SharePermit, Problem> {
        let others = self.permit.taken().saturating_sub(1);
        let free = if self.accounts > 1 { self.max.saturating_sub(others) } else { usize::MAX };
        let full = || {
            Problem::new(Code::Overloaded, "this vendor has reached its share of the requests in flight")
                .after(DEFAULT_RETRY_AFTER)
        };
        account.stack.share(free).ok_or_else(full)
    }
}
