//! Turns that last over several requests: read, send, read again.
//!
//! 1. [`Stack::queue_update`] takes the place in the order, [`Stack::turn`] waits for it.
//! 2. [`Stack::call`] reads, without a key, as the turn is already there.
//! 3. [`Stack::update`] sends, with the turn ([`VendorRequest::with_lock`]) and the key. Its future keeps the turn after its
//!    end, so [`DetachOnDrop::settled`] and another read follow inside the turn.
//! 4. For another try, [`Stack::next_attempt`] waits as between the attempts of one request, and the next request gets the
//!    turn ([`DetachOnDrop::into_turn`]) and the attempts so far ([`VendorRequest::continuing`]).
//!
//! Whatever is dropped gives the turn to the next update: at once if nothing was sent, at the end of the update in the
//! background if something was, and after the time to settle if its outcome is unknown.
//!
//! [`VendorRequest::with_lock`]: crate::upstream::VendorRequest::with_lock
//! [`VendorRequest::continuing`]: crate::upstream::VendorRequest::continuing

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::upstream::{Call, DetachOnDrop, Failure, QueuedLock, Stack, VendorResponse};

impl<C: Call> Stack<C> {
    /// Waits until `deadline` for the turn of an update that was queued before.
    ///
    /// # Errors
    /// The deadline passed.
    pub async fn turn(&self, queued: QueuedLock, deadline: Instant) -> Result<QueuedLock, Failure> {
        let arrived = Instant::now();
        queued.held(deadline).await.map_err(|mut failure| {
            failure.queued = arrived.elapsed();
            self.parts.context.counters.count_failure(&failure.kind);
            failure
        })
    }

    /// A place in the order of `key` for updates that are stored, whose number is bounded elsewhere.
    ///
    /// # Errors
    /// None at present; the queue has no limit.
    pub fn queue_stored(&self, key: &Arc<str>) -> Result<QueuedLock, Failure> {
        self.parts.locks.queue_unbounded(key)
    }

    /// Whether nothing waits behind what is being sent for `key`.
    #[must_use]
    pub fn nothing_waits(&self, key: &str) -> bool {
        self.parts.locks.current().nothing_waits(key)
    }

    /// Why no request would be sent before `deadline`: the breaker is open, or the vendor has asked for a longer pause.
    ///
    /// # Errors
    /// That reason.
    pub fn check_up(&self, deadline: Instant) -> Result<(), Failure> {
        self.parts.context.pause.wait(deadline)?;
        self.parts.context.circuit.check()
    }

    /// How long an attempt lasts at most.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long the vendor may still apply an attempt after its end.
    #[must_use]
    pub fn settle(&self) -> Duration {
        self.settle
    }

    /// A number that changes when an update, creation or deletion that may have reached the vendor ends, with or without its
    /// caller, through this account or any other whose updates keep one order with it, over reloads; and again when the
    /// time to settle after an unknown outcome ends. What is read while the number stays the same holds for as long.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.parts.locks.writes()
    }

    /// After `update` has ended with `result`: waits until another attempt may be made for the same purpose, within the
    /// settings, the retry budget and the deadline, as between the attempts of one request; false if none is to be made.
    ///
    /// It does not ask whether the attempt before may have arrived. A caller whose request must not be repeated blindly
    /// finds that out first.
    pub async fn next_attempt(
        &self,
        update: &mut DetachOnDrop,
        result: &Result<VendorResponse, Failure>,
        deadline: Instant,
    ) -> bool {
        let attempts = match result {
            Ok(response) => response.attempts,
            Err(failure) => failure.attempts,
        };
        attempts > 0 && self.parts.context.next_attempt(result, attempts, deadline, update.subject()).await
    }
}
