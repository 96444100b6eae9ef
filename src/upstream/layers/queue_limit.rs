//! One bound on everybody who waits for a vendor account, whatever for.
//!
//! A request may wait for its turn, the end of a pause, the rate or a slot. With a bound for each, a vendor that is
//! slow in four ways could hold four times as many callers; with one room it cannot, and the others' capacity stays
//! theirs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::upstream::{Failure, FailureKind};

/// What callers who found no seat are told to wait.
pub(crate) const SHED_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A fixed number of seats.
#[derive(Debug)]
pub(crate) struct QueueLimit {
    seats: usize,
    taken: AtomicUsize,
}

/// The right to wait; dropping it frees the seat.
#[derive(Debug)]
pub(crate) struct QueuePermit(Arc<QueueLimit>);

impl QueueLimit {
    pub(crate) fn new(seats: usize) -> Self {
        Self { seats, taken: AtomicUsize::new(0) }
    }

    /// Takes a seat, or fails at once with `Overloaded`.
    pub(crate) fn sit(self: &Arc<Self>) -> Result<QueuePermit, Failure> {
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| (taken < self.seats).then_some(taken + 1))
            .map(|_| QueuePermit(Arc::clone(self)))
            .map_err(|_| overloaded("as many requests wait for this account as may"))
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }
}

impl Drop for QueuePermit {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

pub(crate) fn overloaded(why: &'static str) -> Failure {
    let retry_after = SHED_RETRY_AFTER;
    Failure::new(FailureKind::Overloaded { retry_after }, why)
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::queue_limit::*;

    #[test]
    fn a_full_room_turns_away_and_a_freed_seat_is_taken_again() {
        let room = Arc::new(QueueLimit::new(2));
        let (first, _second) = (room.sit().unwrap(), room.sit().unwrap());
        let refused = room.sit().unwrap_err();
        assert_eq!(refused.kind, FailureKind::Overloaded { retry_after: SHED_RETRY_AFTER });
        drop(first);
        assert!(room.sit().is_ok());
        assert_eq!(room.taken(), 1);
    }
}
