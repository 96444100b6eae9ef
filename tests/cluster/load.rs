//! Callers that send numbered changes to a dozen assistants through any replica, one at a time each.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::gateway::{ask, name, path};
use crate::ledger::{Kind, Ledger, Said};
use crate::support::Reply;

/// How long a caller asks for the answer under its key.
const TO_ANSWER: Duration = Duration::from_mins(1);

/// Where the replicas listen; none where one is down.
pub(crate) type Addresses = Arc<Vec<Mutex<Option<SocketAddr>>>>;

/// What load is made.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) assistants: u64,
    /// How many callers each assistant has.
    pub(crate) callers: usize,
    /// How long each rests between its changes, in milliseconds.
    pub(crate) rest: Range<u64>,
    pub(crate) kinds: &'static [Kind],
}

impl Plan {
    /// All kinds of changes to a dozen assistants.
    pub(crate) fn mixed() -> Self {
        use Kind::{Asynchronous, AsynchronousKeyed, Hasty, Keyed, Plain};
        let kinds = &[Plain, Plain, Plain, Hasty, Keyed, Keyed, Asynchronous, Asynchronous, AsynchronousKeyed];
        Self { assistants: 12, callers: 3, rest: 20..160, kinds }
    }
}

/// Running callers.
pub(crate) struct Load {
    callers: JoinSet<()>,
    stop: CancellationToken,
}

impl Load {
    pub(crate) fn start(plan: &Plan, addresses: &Addresses, ledger: &Arc<Ledger>) -> Self {
        let (mut callers, stop) = (JoinSet::new(), CancellationToken::new());
        for id in 1..=plan.assistants {
            let numbers = Arc::new(AtomicU64::new(1));
            for _ in 0..plan.callers {
                let caller = Caller {
                    id,
                    numbers: Arc::clone(&numbers),
                    plan: plan.clone(),
                    addresses: Arc::clone(addresses),
                    ledger: Arc::clone(ledger),
                    client: client(),
                };
                callers.spawn(caller.run(stop.clone()));
            }
        }
        Self { callers, stop }
    }

    /// Lets each caller come to the end of its change.
    pub(crate) async fn finish(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.callers.join_next().await {
            ended.unwrap();
        }
    }
}

pub(crate) fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// The request id of a change, by which its record is found.
pub(crate) fn request_id(id: u64, number: u64) -> String {
    format!("change-{id}-{number}")
}

/// The headers of a change.
pub(crate) fn headers(id: u64, number: u64, kind: Kind) -> Vec<(&'static str, String)> {
    let mut headers = vec![("x-request-id", request_id(id, number))];
    if kind.is_keyed() {
        headers.push(("idempotency-key", format!("key-{id}-{number}")));
    }
    if kind.is_asynchronous() {
        headers.push(("prefer", "respond-async".to_owned()));
    }
    if kind == Kind::Hasty {
        headers.push(("request-timeout", "0.4".to_owned()));
    }
    headers
}

struct Caller {
    id: u64,
    numbers: Arc<AtomicU64>,
    plan: Plan,
    addresses: Addresses,
    ledger: Arc<Ledger>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let kind = self.plan.kinds[fastrand::usize(..self.plan.kinds.len())];
            let place = self.ledger.sends(self.id, number, kind);
            if kind.is_keyed() {
                self.insist(place, number, kind).await;
            } else {
                let reply = self.send(place, number, kind).await;
                let said = reply.as_ref().map_or(Said::Nothing, said);
                self.ledger.edit(place, |entry| entry.told = Some((Instant::now(), said)));
            }
            let rest = Duration::from_millis(fastrand::u64(self.plan.rest.clone()));
            sleep(rest).await; // this is the pace of the load, which nothing waits for
        }
    }

    /// One request to any replica that runs.
    async fn send(&self, place: usize, number: u64, kind: Kind) -> Option<Reply> {
        let replica = fastrand::usize(..self.addresses.len());
        let address = (*self.addresses[replica].lock().unwrap_or_else(PoisonError::into_inner))?;
        self.ledger.edit(place, |entry| (entry.replica, entry.sendings) = (replica, entry.sendings + 1));
        let headers = headers(self.id, number, kind);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = ask(&self.client, address, Method::PUT, &path(self.id), &headers, &name(number)).await;
        let answer = reply.as_ref().map_or_else(|_| "none".to_owned(), described);
        self.ledger.answered(answer);
        reply.ok()
    }

    /// Sends a change under its key until the key keeps an answer.
    async fn insist(&self, place: usize, number: u64, kind: Kind) {
        let end = Instant::now() + TO_ANSWER;
        let mut in_doubt = false;
        while Instant::now() < end {
            let reply = self.send(place, number, kind).await;
            let said = reply.as_ref().map_or(Said::Nothing, said);
            let is_kept = match &said {
                Said::Applied | Said::Promised => true,
                // An earlier sending may still come to the store, and is carried out then.
                Said::NotApplied(code) => !in_doubt || code == "validation_failed",
                Said::Unknown(code) => code == "superseded",
                Said::Nothing => false,
            };
            if is_kept {
                let keeps = kind == Kind::Keyed && matches!(said, Said::Applied);
                self.ledger.edit(place, |entry| {
                    entry.told = Some((Instant::now(), said));
                    entry.kept = reply.filter(|_| keeps);
                });
                return;
            }
            in_doubt |= !matches!(said, Said::NotApplied(_)) && !is_in_progress(reply.as_ref());
            let pause = Duration::from_millis(fastrand::u64(20..100));
            sleep(pause).await; // the pause of a caller that asks again, which nothing waits for
        }
        self.ledger.edit(place, |entry| entry.told = Some((Instant::now(), Said::Nothing)));
    }
}

fn is_in_progress(reply: Option<&Reply>) -> bool {
    reply.is_some_and(|reply| reply.status == 409 && reply.code() == "idempotency_in_progress")
}

/// Status and code, for people.
fn described(reply: &Reply) -> String {
    if reply.status.is_success() {
        return reply.status.as_u16().to_string();
    }
    let body = reply.json();
    format!("{} {} {}", reply.status.as_u16(), reply.code(), body["outcome"].as_str().unwrap_or("none"))
}

/// What an answer says.
fn said(reply: &Reply) -> Said {
    let code = || reply.code();
    match reply.status.as_u16() {
        200 => Said::Applied,
        202 => Said::Promised,
        _ => match reply.json()["outcome"].as_str() {
            // Its key was sent again after an unknown outcome, and newer changes were applied meanwhile.
            _ if code() == "superseded" => Said::Unknown(code()),
            _ if code() == "idempotency_in_progress" => Said::Nothing,
            Some("not_applied") => Said::NotApplied(code()),
            // The vendor has received it, or may have; without the store, nobody knows of it.
            Some("unknown") if code().starts_with("vendor_") => Said::Unknown(code()),
            Some("unknown") => Said::Nothing,
            _ => panic!("{reply:?}"),
        },
    }
}
