//! The last finished requests, in memory, for operators: a ring of a fixed length.
//!
//! A request adds itself within one short critical section. Readers look at a few requests at a time, newest first, and
//! give the lock back in between, so that no update waits for one who searches.

mod request;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub use request::RecentRequest;

use super::event::RequestFinished;
use crate::value::Lock;

/// How many requests a reader looks at before it gives the lock back.
const LOOKED_AT: usize = 16;

/// The ring. It keeps nothing until it has a capacity.
#[derive(Default)]
pub struct RecentRequests {
    capacity: AtomicUsize,
    ring: Lock<Ring>,
}

#[derive(Default)]
struct Ring {
    /// The number of the newest request.
    last: u64,
    /// Oldest first; their numbers follow one another.
    requests: VecDeque<RecentRequest>,
}

/// What the ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingExtent {
    /// How many requests it can hold.
    pub capacity: usize,
    /// How many it holds.
    pub held: usize,
    /// The number of the newest request so far; 0 before the first.
    pub last: u64,
}

impl RecentRequests {
    /// Keeps as many requests from now on, and forgets the oldest that are too many.
    pub(super) fn set_capacity(&self, capacity: usize) {
        let mut ring = self.ring.lock();
        if self.capacity.swap(capacity, Relaxed) == capacity {
            return;
        }
        let kept = ring.requests.len().min(capacity);
        let mut next = VecDeque::with_capacity(capacity);
        let forgotten = ring.requests.len() - kept;
        next.extend(ring.requests.drain(forgotten..));
        let before = std::mem::replace(&mut ring.requests, next);
        drop(ring);
        drop(before);
    }

    /// Adds a request that has just finished, and gives it the next number.
    pub(super) fn add(&self, finished: &RequestFinished<'_>) {
        let capacity = self.capacity.load(Relaxed);
        if capacity == 0 {
            return;
        }
        let mut request = RecentRequest::of(finished);
        let mut ring = self.ring.lock();
        ring.last += 1;
        request.number = ring.last;
        let oldest = if ring.requests.len() >= capacity { ring.requests.pop_front() } else { None };
        ring.requests.push_back(request);
        drop(ring);
        drop(oldest);
    }

    /// Looks at the requests, newest first, until `look` says `false`. It runs under the lock, so it has to be short.
    pub fn each(&self, mut look: impl FnMut(&RecentRequest) -> bool) {
        let mut below = u64::MAX;
        loop {
            let ring = self.ring.lock();
            let first = ring.last + 1 - ring.requests.len() as u64;
            let end = (below.min(ring.last + 1).saturating_sub(first)) as usize;
            if end == 0 {
                return;
            }
            let start = end.saturating_sub(LOOKED_AT);
            if !ring.requests.range(start..end).rev().all(&mut look) {
                return;
            }
            below = first + start as u64;
        }
    }

    /// How many it can hold, how many it holds, and how far it has counted.
    pub fn extent(&self) -> RingExtent {
        let ring = self.ring.lock();
        RingExtent { capacity: self.capacity.load(Relaxed), held: ring.requests.len(), last: ring.last }
    }
}

#[cfg(test)]
pub(crate) mod tests;
