//! Limits how often a peer may fail to authenticate.
//!
//! Only failed requests count, so a valid key always passes, even from the address of an attacker. The limit protects the
//! log and the operators' attention; a key of 256 bits cannot be guessed at any rate.
//!
//! A peer is an IPv4 address or the /64 network of an IPv6 address. Peers share [`BUCKET_COUNT`] buckets, chosen by a hash
//! with a random seed, so memory is bounded. Two peers in one bucket share their failures, which does not matter to
//! valid keys.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::{Code, Problem};
use crate::value::unix_seconds;

/// The number of buckets, about 64 KiB in all.
const BUCKET_COUNT: u64 = 4096;
/// How often one peer is logged.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

type Buckets = RateLimiter<u64, HashMapStateStore<u64>, DefaultClock>;

/// A limit on failed attempts to authenticate, by peer.
pub struct FailedAttempts {
    attempts: Buckets,
    logged: Buckets,
    limit: (Duration, NonZeroU32),
    seed: RandomState,
    failed: AtomicU64,
    limited: AtomicU64,
    /// When the last one was over the limit, in seconds since 1970.
    limited_at: AtomicU64,
}

impl FailedAttempts {
    /// A limit of `burst` failures at once, one more every `interval`; `None` for no interval.
    pub fn new(interval: Duration, burst: NonZeroU32) -> Option<Self> {
        Some(Self {
            attempts: Buckets::hashmap(Quota::with_period(interval)?.allow_burst(burst)),
            logged: Buckets::hashmap(Quota::with_period(LOG_INTERVAL)?),
            limit: (interval, burst),
            seed: RandomState::new(),
            failed: AtomicU64::new(0),
            limited: AtomicU64::new(0),
            limited_at: AtomicU64::new(0),
        })
    }

    /// Whether this is the limit of `burst` failures at once, one more every `interval`.
    pub fn is_limit_of(&self, interval: Duration, burst: NonZeroU32) -> bool {
        self.limit == (interval, burst)
    }

    /// The same limit with the counts of the limit that it replaces.
    pub fn counting_on(self, replaced: &Self) -> Self {
        let (failed, limited) = replaced.counts();
        let limited_at = replaced.limited_at.load(Ordering::Relaxed).into();
        Self { failed: failed.into(), limited: limited.into(), limited_at, ..self }
    }

    /// Counts a failed attempt; returns `problem`, or `rate_limited` if there were too many.
    pub fn record(&self, peer: IpAddr, problem: Problem) -> Problem {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let network = network(peer);
        let bucket = self.seed.hash_one(network) % BUCKET_COUNT;
        let Err(until) = self.attempts.check_key(&bucket) else { return problem };
        self.limited.fetch_add(1, Ordering::Relaxed);
        self.limited_at.store(unix_seconds(), Ordering::Relaxed);
        if self.logged.check_key(&bucket).is_ok() {
            tracing::warn!(target: "switchboard::authentication", peer = %network, "too many failed attempts to authenticate");
        }
        let wait = until.wait_time_from(DefaultClock::default().now());
        let detail = "too many requests from this address could not be authenticated; a known key still passes";
        Problem::new(Code::RateLimited, detail).after(wait)
    }

    /// How many attempts have failed, and how many of these were over the limit.
    pub fn counts(&self) -> (u64, u64) {
        (self.failed.load(Ordering::Relaxed), self.limited.load(Ordering::Relaxed))
    }

    /// When the last one was over the limit, in seconds since 1970; `None` if none was.
    pub fn limited_at(&self) -> Option<u64> {
        Some(self.limited_at.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }
}

impl fmt::Debug for FailedAttempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedAttempts").finish_non_exhaustive()
    }
}

/// The address that stands for a peer: its own, or for IPv6 the first of its network.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use crate::access::failed_attempts::*;

    fn limit(burst: u32) -> FailedAttempts {
        FailedAttempts::new(Duration::from_mins(1), NonZeroU32::new(burst).unwrap()).unwrap()
    }

    fn fail(limit: &FailedAttempts, peer: &str) -> (Code, Option<Duration>) {
        let problem = limit.record(peer.parse().unwrap(), Problem::new(Code::Unauthenticated, "no"));
        (problem.code, problem.retry_after)
    }

    #[test]
    fn a_peer_that_fails_too_often_gets_a_retry_after_and_others_do_not() {
        let limit = limit(2);
        assert_eq!(fail(&limit, "192.0.2.1"), (Code::Unauthenticated, None));
        assert_eq!(fail(&limit, "::ffff:192.0.2.1").0, Code::Unauthenticated);
        let (code, wait) = fail(&limit, "192.0.2.1");
        assert_eq!(code, Code::RateLimited);
        assert!(wait.unwrap() <= Duration::from_mins(1));
        assert_eq!(limit.counts(), (3, 1));
        let other = (2..=254).map(|last| format!("192.0.2.{last}")).find(|other| {
            limit.seed.hash_one(network(other.parse().unwrap())) % BUCKET_COUNT
                != limit.seed.hash_one(network("192.0.2.1".parse().unwrap())) % BUCKET_COUNT
        });
        assert_eq!(fail(&limit, &other.unwrap()).0, Code::Unauthenticated);
    }

    #[test]
    fn a_new_limit_keeps_the_counts() {
        let old = limit(1);
        fail(&old, "192.0.2.1");
        fail(&old, "192.0.2.1");
        let new = limit(2).counting_on(&old);
        assert_eq!(fail(&new, "192.0.2.1").0, Code::Unauthenticated);
        assert_eq!(new.counts(), (3, 1));
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_peer() {
        let limit = limit(1);
        assert_eq!(fail(&limit, "2001:db8:1:2::1").0, Code::Unauthenticated);
        assert_eq!(fail(&limit, "2001:db8:1:2:ffff::9").0, Code::RateLimited);
    }

    #[test]
    fn its_memory_is_bounded() {
        let limit = limit(1);
        for number in 0..100_000_u32 {
            fail(&limit, &std::net::Ipv4Addr::from(number).to_string());
        }
        assert!(limit.attempts.len() <= 4096 && limit.logged.len() <= 4096);
        assert_eq!(limit.counts().0, 100_000);
    }
}
