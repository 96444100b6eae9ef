//! Limits each account's part of `server.max_in_flight`, which a vendor that hangs could otherwise fill alone.
//!
//! An account gets another permit only while it holds at most twice as many as are free. One slow vendor ends at two
//! thirds of the permits and two at two fifths each, so some always stay free for the others. With the defaults (1024
//! permits; 128 in flight and 256 waiting for each account) an account's own limits come first.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Permits that an account may hold for each that is free.
const PER_FREE: usize = 2;

/// How many permits one account holds.
#[derive(Debug, Default)]
pub(crate) struct FairShare(Arc<AtomicUsize>);

/// One of a number of permits, returned when dropped.
#[derive(Debug)]
pub struct SharePermit(Arc<AtomicUsize>);

/// The permits that an update holds for as long as it runs.
#[derive(Debug)]
pub struct Permits {
    /// One of `server.max_in_flight`.
    pub gateway: SharePermit,
    /// One of the account's.
    pub share: SharePermit,
}

impl SharePermit {
    /// One more of `taken`, and how many there were before.
    pub fn count(taken: &Arc<AtomicUsize>) -> (Self, usize) {
        let before = taken.fetch_add(1, Ordering::AcqRel);
        (Self(Arc::clone(taken)), before)
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl FairShare {
    /// Takes one, `free` being left, this one included.
    pub(crate) fn take(&self, free: usize) -> Option<SharePermit> {
        let most = free.saturating_mul(PER_FREE);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |held| (held <= most).then_some(held + 1))
            .ok()
            .map(|_| SharePermit(Arc::clone(&self.0)))
    }
}

impl Drop for SharePermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::fair_share::*;

    /// Fills `places` with accounts that all ask for more and give nothing back; what each ends with, and what is
    /// free.
    fn filled(places: usize, accounts: usize) -> (Vec<usize>, usize) {
        let shares: Vec<FairShare> = (0..accounts).map(|_| FairShare::default()).collect();
        let mut held = Vec::new();
        loop {
            let before = held.len();
            for account in &shares {
                let free = places - held.len();
                held.extend((free > 0).then(|| account.take(free)).flatten());
            }
            if held.len() == before {
                return (shares.iter().map(|account| account.0.load(Ordering::SeqCst)).collect(), places - held.len());
            }
        }
    }

    #[test]
    fn however_many_accounts_are_slow_some_places_stay_free() {
        assert_eq!(filled(900, 1), (vec![601], 299));
        assert_eq!(filled(1000, 2), (vec![401, 400], 199));
        let (_, free) = filled(1024, 5);
        assert!(free > 90, "{free}");
    }

    #[test]
    fn few_places_may_all_be_taken() {
        assert_eq!((filled(1, 1).1, filled(2, 1).1, filled(3, 1).1), (0, 0, 0));
    }

    #[test]
    fn a_place_given_back_can_be_taken_again() {
        let shares = FairShare::default();
        let first = shares.take(0).unwrap();
        assert!(shares.take(0).is_none());
        drop(first);
        assert!(shares.take(0).is_some());
    }
}
