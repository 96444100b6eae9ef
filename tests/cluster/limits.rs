//! Limits that all replicas share: of a client, and of a vendor account.
//!
//! When a request was let through is not seen from outside, but it was between its sending and its answer, or its arrival at
//! the vendor. So of any two moments, no more may lie between them whole than the limit lets through in that time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cluster::{Cluster, Store};
use crate::database::Database;
use crate::gateway::{Setup, ask, name, path};
use crate::load::client;
use crate::run::alone;

/// What `Authorization` says for the key of `tests/support/key.sha256`.
const KEY: &str = "Bearer sb_test";
const DIGEST: &str = include_str!("../support/key.sha256");

#[derive(Clone, Copy)]
struct Limit {
    requests: u32,
    period: Duration,
    burst: u32,
}

impl Limit {
    fn text(self) -> String {
        let Self { requests, period, burst } = self;
        let per = if period == Duration::from_secs(1) { "per_second" } else { "per_minute" };
        format!("rate_limit = {{ {per} = {requests}, burst = {burst} }}")
    }

    fn within(self, time: Duration) -> f64 {
        f64::from(self.burst) + f64::from(self.requests) * time.as_secs_f64() / self.period.as_secs_f64()
    }

    /// The most that were let through in some time above what may be, and when; none if there is no such time.
    fn excess(self, spans: &[(Instant, Instant)]) -> Option<String> {
        let mut ends: Vec<_> = spans.to_vec();
        ends.sort_unstable_by_key(|(_, end)| *end);
        for (begin, _) in spans {
            let inside = ends.iter().filter(|(sent, _)| sent >= begin);
            for (count, (_, end)) in (1_u32..).zip(inside) {
                let allowed = self.within(*end - *begin);
                if f64::from(count) > allowed + 1e-6 {
                    return Some(format!("{count} in {:?}, where {allowed:.1} may be", *end - *begin));
                }
            }
        }
        None
    }
}

#[test]
fn too_many_are_found() {
    let now = Instant::now();
    let limit = Limit { requests: 10, period: Duration::from_secs(1), burst: 2 };
    let at = |moment: u64| (now + Duration::from_millis(moment), now + Duration::from_millis(moment + 1));
    let good = [at(0), at(1), at(100), at(200), at(300), at(1000)];
    assert_eq!(limit.excess(&good), None);
    assert!(limit.excess(&[at(0), at(1), at(40)]).is_some());
    assert!(limit.excess(&[at(0), at(500), at(501), at(502)]).is_some());
}

/// Sends reads and updates by all replicas for so long, more than the limits allow: the spans of those reads that were let
/// through, and of those updates that have come to the vendor.
async fn press(cluster: &Cluster, length: Duration, pause: Duration) -> [Vec<(Instant, Instant)>; 2] {
    let end = Instant::now() + length;
    let (reads, updates) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let mut callers = JoinSet::new();
    for caller in 0..12_usize {
        let (addresses, client) = (Arc::clone(&cluster.addresses), client());
        let (reads, updates) = (Arc::clone(&reads), Arc::clone(&updates));
        callers.spawn(async move {
            for number in 1_u64.. {
                let sent = Instant::now();
                if sent > end {
                    return;
                }
                let address =
                    addresses[(caller + usize::try_from(number).unwrap()) % addresses.len()].lock().unwrap().unwrap();
                if caller % 2 == 0 {
                    let headers = [("authorization", KEY)];
                    let reply = ask(&client, address, Method::GET, "/v1/vendors", &headers, "").await.unwrap();
                    if reply.status != 429 {
                        assert_eq!(reply.status, 200, "{reply:?}");
                        reads.lock().unwrap_or_else(PoisonError::into_inner).push((sent, Instant::now()));
                    }
                } else {
                    let headers = [("authorization", "Bearer unlimited"), ("request-timeout", "0.5")];
                    let id = 100_000 * caller as u64 + number;
                    updates.lock().unwrap_or_else(PoisonError::into_inner).push((id, sent));
                    let reply = ask(&client, address, Method::PUT, &path(id), &headers, &name(number)).await.unwrap();
                    assert!(matches!(reply.status.as_u16(), 200 | 429 | 503 | 504), "{reply:?}");
                }
                sleep(pause).await; // the pace of the load
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    let sent: std::collections::BTreeMap<u64, Instant> =
        updates.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
    let arrivals = cluster.vendor.arrivals();
    let arrived = arrivals.iter().filter(|one| one.method == "PUT").map(|one| (sent[&one.id], one.at)).collect();
    let reads = reads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    [reads, arrived]
}

fn limited(limit: Limit) -> impl Fn(usize, Setup) -> Setup {
    move |_, mut setup| {
        setup.vendor.push_str(&format!("{}\n", limit.text()));
        let unlimited = sha256("unlimited");
        setup.more.push_str(&format!(
            "[auth]\nmode = \"keys\"\n[clients.limited]\nkey_sha256 = \"{}\"\n{}\n[clients.unlimited]\nkey_sha256 = \"{unlimited}\"\n",
            DIGEST.trim(),
            limit.text(),
        ));
        setup
    }
}

/// What is let through beyond the limits of a client and of a vendor account.
async fn excesses(cluster: &Cluster, limit: Limit, length: Duration, pause: Duration) -> [Option<String>; 2] {
    let spans = press(cluster, length, pause).await;
    for (what, spans) in ["a client", "a vendor account"].into_iter().zip(&spans) {
        let (first, last) = (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max());
        let time = last.zip(first).map_or(Duration::ZERO, |(last, first)| last - first);
        let allowed = limit.within(time);
        println!("{what}: {} in {time:.1?}, where {allowed:.1} may be", spans.len());
        assert!(spans.len() > limit.burst as usize, "{what}: only {} were let through", spans.len());
    }
    spans.map(|spans| limit.excess(&spans))
}

async fn hold(limit: Limit, length: Duration, pause: Duration) {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = Cluster::with(3, &database.store(), limited(limit)).await;
    assert_eq!(excesses(&cluster, limit, length, pause).await, [None, None]);
}

const QUICK: Limit = Limit { requests: 20, period: Duration::from_secs(1), burst: 10 };
const SHORT: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn one_gateway_holds_its_limits_and_several_that_share_nothing_do_not() {
    let _alone = alone().await;
    for (count, are_held) in [(1, true), (3, false)] {
        let cluster = Cluster::with(count, &Store::File, limited(QUICK)).await;
        let excesses = excesses(&cluster, QUICK, SHORT, Duration::from_millis(5)).await;
        assert_eq!(excesses.each_ref().map(Option::is_none), [are_held; 2], "{count}: {excesses:?}");
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_limits_of_clients_and_vendors() {
    hold(QUICK, SHORT, Duration::from_millis(5)).await;
}

/// By hand: `cargo test --test cluster a_hundred_a_minute -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than a minute"]
async fn replicas_share_a_limit_of_a_hundred_a_minute() {
    let limit = Limit { requests: 100, period: Duration::from_mins(1), burst: 20 };
    hold(limit, Duration::from_secs(130), Duration::from_millis(100)).await;
}
