//! Replicas with one store and one vendor, and a network before each of them that a test can hurt.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use http_body_util::Full;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use private_postgres::USER;
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use tokio::sync::Mutex as AsyncMutex;

use crate::gateway::{Gateway, Setup, ask, name, path};
use crate::ledger::{Entry, Fault, Kind, Ledger};
use crate::load::{Addresses, client, headers};
use crate::oracle::{Evidence, Record, Seen};
use crate::proxy::{Late, Proxy, Way};
use crate::reaper::Reaper;
use crate::support::{Reply, eventually};
use crate::vendor::{Answer, Arrival, Vendor};

/// How late a network to the vendor may deliver. With what the vendor takes itself, that is below the time limit of an attempt.
const LATE: Duration = Duration::from_millis(400);
/// How long what waits may take to come to its end once all faults are over.
const TO_SETTLE: Duration = Duration::from_mins(1);
/// How many answers of keys are compared at most.
const KEYS: usize = 300;

/// A session that ends soon, so that takeovers are quick.
pub(crate) const SESSION: Duration = Duration::from_secs(1);
const TABLE: &str = "[store]\nkind = \"postgres\"\nencryption_key = { env = \"STORE_KEY\" }\n\
                     [store.postgres]\nurl = { env = \"DATABASE_URL\" }\ntimeout = \"1s\"\n\
                     [cluster]\nsession_ttl = \"1s\"\n";

const FAIL: &str = "SWITCHBOARD_FAIL";

/// With that failpoint in its environment.
pub(crate) fn failing(mut setup: Setup, fail: &str) -> Setup {
    if !fail.is_empty() {
        setup.environment.push((FAIL.to_owned(), fail.to_owned()));
    }
    setup
}

/// Where the replicas keep what they must not lose.
#[derive(Clone)]
pub(crate) enum Store {
    /// One replica with a file, for trying the tests themselves.
    File,
    /// A database of the servers on these ports, of which one is the primary.
    Servers { ports: Vec<u16>, database: String },
}

pub(crate) struct Cluster {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) vendor: Vendor,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) addresses: Addresses,
    /// How often the vendor's answer to a change was not one to trust.
    unanswered: Arc<Mutex<BTreeMap<(u64, u64), usize>>>,
    client: Client<HttpConnector, Full<bytes::Bytes>>,
}

pub(crate) struct Replica {
    pub(crate) index: usize,
    pub(crate) to_vendor: Proxy,
    /// One for each server of the store.
    pub(crate) to_store: Vec<Proxy>,
    pub(crate) setup: Setup,
    state: AsyncMutex<State>,
    addresses: Addresses,
    has_started: AtomicBool,
    reaper: Reaper,
}

enum State {
    Up(Box<Gateway>),
    Down(Option<TempDir>),
}

impl Cluster {
    /// So many replicas, each with that failpoint until it dies.
    pub(crate) async fn start(count: usize, store: &Store, fail: &str) -> Self {
        Self::with(count, store, |_, setup| failing(setup, fail)).await
    }

    /// The same with the configuration of each changed at last.
    pub(crate) async fn with(count: usize, store: &Store, edit: impl Fn(usize, Setup) -> Setup) -> Self {
        let vendor = Vendor::start().await;
        let addresses: Addresses = Arc::new((0..count).map(|_| Mutex::default()).collect());
        let mut replicas = Vec::new();
        for index in 0..count {
            let replica = Replica::new(index, &vendor, store, &addresses, |setup| edit(index, setup)).await;
            replica.start().await.unwrap();
            replicas.push(replica);
        }
        let (ledger, unanswered) = (Arc::default(), Arc::default());
        Self { replicas, vendor, ledger, addresses, unanswered, client: client() }
    }

    /// The vendor takes a moment, now and then a long one, and fails so often of a hundred times.
    pub(crate) fn vendor_is_slow(&self, failures: u8) {
        let unanswered = Arc::clone(&self.unanswered);
        self.vendor.answers(move |arrival| {
            if is_refused(arrival.number()) {
                return Answer::invalid();
            }
            let fails = fastrand::u8(..100) < failures;
            if fails {
                let key = (arrival.id, arrival.number());
                *unanswered.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
            }
            let answer = match fastrand::u8(..4) {
                _ if !fails => Answer::Ok,
                0 => Answer::down(),
                1 => Answer::Lost,
                2 => Answer::AppliedAndLost,
                _ => return Answer::down().after(&crate::vendor::Gate::new()), // it hangs
            };
            let late = if fastrand::u8(..5) == 0 { 380 } else { 25 };
            Answer::Slow(Duration::from_millis(fastrand::u64(..late)), Box::new(answer))
        });
    }

    /// Sends a request to a replica.
    pub(crate) async fn ask(&self, replica: usize, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let address = self.replicas[replica].address().unwrap();
        ask(&self.client, address, method, path, headers, "").await.unwrap()
    }

    /// An update of one assistant by a replica.
    pub(crate) async fn put(
        &self,
        replica: usize,
        id: u64,
        headers: &[(&str, &str)],
        number: u64,
    ) -> Result<Reply, String> {
        let address = self.replicas[replica].address().ok_or("it is down")?;
        ask(&self.client, address, Method::PUT, &path(id), headers, &name(number)).await
    }

    /// Writes a fault down that began then and is over now.
    pub(crate) fn fault(&self, name: &'static str, at: Instant, replica: Option<usize>) {
        self.ledger.fault(Fault { name, at, until: Instant::now(), replica });
    }

    /// Ends all faults: every network works, and every replica runs.
    pub(crate) async fn heal(&self) {
        for replica in &self.replicas {
            replica.to_vendor.set(Way::Open);
            replica.to_store.iter().for_each(|proxy| proxy.set(Way::Open));
            replica.go_on().await;
            self.starts(replica.index).await;
        }
    }

    /// Starts a replica that is down; its store may be away for a while.
    pub(crate) async fn starts(&self, replica: usize) {
        eventually(TO_SETTLE, async || self.replicas[replica].start().await.ok()).await;
    }

    /// What is known once nothing waits any more. Callers have ended before.
    pub(crate) async fn evidence(&self) -> Evidence {
        self.heal().await;
        let entries = self.ledger.entries();
        let mut ids: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut records = BTreeMap::<(u64, u64), Vec<Record>>::new();
        for id in ids {
            for state in ["queued", "sending"] {
                let waiting = format!("/v1/updates?assistant=sondos:{id}&state={state}");
                let end = Instant::now() + TO_SETTLE;
                // What waits for longer is found among the records, which the oracle judges.
                eventually(TO_SETTLE * 2, async || {
                    let page = self.ask(0, Method::GET, &waiting, &[]).await;
                    let is_over = page.status == 200 && page.json()["data"].as_array()?.is_empty();
                    (is_over || Instant::now() > end).then_some(())
                })
                .await;
            }
            self.read_records(id, &mut records).await;
        }
        Evidence { records, ..self.seen_so_far() }
    }

    /// The same in the middle of everything, without records.
    pub(crate) fn seen_so_far(&self) -> Evidence {
        let seen = |arrivals: Vec<Arrival>| arrivals.iter().filter(|one| one.method == "PUT").map(Seen::from).collect();
        // Several changes in one request have the number of the last one. If the vendor refuses them, they come one by one.
        let mut arrivals = self.vendor.arrivals();
        arrivals.retain(|arrival| !is_refused(arrival.number()));
        Evidence {
            // What arrives meanwhile was sent by entries that are read after it.
            arrived: seen(arrivals),
            applied: seen(self.vendor.all_applied()),
            records: BTreeMap::new(),
            faults: self.ledger.faults().len(),
            unanswered: self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            entries: self.ledger.entries(),
        }
    }

    async fn read_records(&self, id: u64, records: &mut BTreeMap<(u64, u64), Vec<Record>>) {
        let mut cursor = String::new();
        loop {
            let page = format!("/v1/updates?assistant=sondos:{id}&limit=500{cursor}");
            let page = eventually(TO_SETTLE, async || {
                Some(self.ask(0, Method::GET, &page, &[]).await).filter(|page| page.status == 200)
            })
            .await
            .json();
            for record in page["data"].as_array().unwrap() {
                let number = record["request_id"].as_str().and_then(|name| name.rsplit('-').next()?.parse().ok());
                let state = record["state"].as_str().unwrap().to_owned();
                let together = record["sent_with"].as_array().is_some_and(|others| !others.is_empty());
                records.entry((id, number.unwrap_or_default())).or_default().push(Record { state, together });
            }
            match &page["next_cursor"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => return,
            }
        }
    }

    /// What is wrong with the answers that keys keep: each replica gives the same, to the byte.
    pub(crate) async fn other_answers(&self, entries: &[Entry]) -> Vec<String> {
        let mut wrong = Vec::new();
        let kept = entries.iter().filter(|entry| entry.kind == Kind::Keyed);
        for (entry, first) in kept.filter_map(|entry| Some((entry, entry.kept.as_ref()?))).take(KEYS) {
            let headers = headers(entry.id, entry.number, entry.kind);
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            for replica in 0..self.replicas.len() {
                let again = self.put(replica, entry.id, &headers, entry.number).await.unwrap();
                let replayed = again.header("idempotency-replayed") == Some("true");
                if (again.status, &again.body, replayed) != (first.status, &first.body, true) {
                    wrong.push(format!("key: {} n{}: {again:?}, not {first:?}", entry.id, entry.number));
                }
            }
        }
        wrong
    }
}

/// The vendor refuses every now and then, and always the same.
pub(crate) fn is_refused(number: u64) -> bool {
    number % 23 == 5
}

impl From<&Arrival> for Seen {
    fn from(arrival: &Arrival) -> Self {
        let replica = arrival.token.rsplit("|r").next().and_then(|index| index.parse().ok()).unwrap_or_default();
        Self { id: arrival.id, number: arrival.number(), at: arrival.at, replica }
    }
}

impl Replica {
    async fn new(
        index: usize,
        vendor: &Vendor,
        store: &Store,
        addresses: &Addresses,
        edit: impl Fn(Setup) -> Setup,
    ) -> Self {
        let target = vendor.base.trim_start_matches("http://").trim_end_matches("/api").parse().unwrap();
        let to_vendor = Proxy::start(target, Late::Within(LATE)).await;
        let mut setup = Setup::new(vendor).vendor(
            "timeout = \"1s\"\nconnect_timeout = \"1s\"\nretry = { max_attempts = 3, backoff = \"300ms\" }\n\
             settle_after_unknown = \"500ms\"\nbreaker = { min_requests = 100000 }\n",
        );
        setup.base = format!("http://{}/api", to_vendor.address);
        setup.more = "[server]\nrequest_timeout = \"8s\"\ndrain_timeout = \"10s\"\n".to_owned();
        setup.environment = vec![("TOKEN".to_owned(), format!("1|r{index}"))];
        let mut to_store = Vec::new();
        if let Store::Servers { ports, database } = store {
            for port in ports {
                to_store.push(Proxy::start(SocketAddr::from(([127, 0, 0, 1], *port)), Late::Always).await);
            }
            let hosts: Vec<_> = to_store.iter().map(|proxy| proxy.address.to_string()).collect();
            let hosts = hosts.join(",");
            let attributes = if ports.len() > 1 { "&target_session_attrs=read-write" } else { "" };
            let url = format!("postgres://{USER}@{hosts}/{database}?sslmode=disable{attributes}");
            TABLE.clone_into(&mut setup.table);
            setup.environment.push(("DATABASE_URL".to_owned(), url));
            setup.environment.push(("STORE_KEY".to_owned(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()));
        }
        let state = AsyncMutex::new(State::Down(Some(tempdir().unwrap())));
        let (setup, addresses, reaper) = (edit(setup), Arc::clone(addresses), Reaper::start());
        let has_started = AtomicBool::new(false);
        Self { index, to_vendor, to_store, setup, state, addresses, has_started, reaper }
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        *self.addresses[self.index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listens(&self, address: Option<SocketAddr>) {
        *self.addresses[self.index].lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Starts it if it is down; what is wrong if it does not come to listen.
    pub(crate) async fn start(&self) -> Result<(), String> {
        let mut state = self.state.lock().await;
        let State::Down(home) = &mut *state else { return Ok(()) };
        let mut setup = self.setup.clone();
        if self.has_started.load(Ordering::Relaxed) {
            setup.environment.retain(|(name, _)| name != FAIL);
        }
        match Gateway::try_start_in(home.take().unwrap(), &setup, "").await {
            Ok(gateway) => {
                self.has_started.store(true, Ordering::Relaxed);
                self.reaper.watches(gateway.process.pid, gateway.home.path());
                self.listens(Some(gateway.process.api));
                *state = State::Up(Box::new(gateway));
                Ok(())
            }
            Err((back, error)) => {
                *home = Some(back);
                Err(error)
            }
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) async fn kill(&self) {
        let mut state = self.state.lock().await;
        self.listens(None);
        let before = std::mem::replace(&mut *state, State::Down(None));
        *state = State::Down(match before {
            State::Up(gateway) => Some(gateway.killed().await),
            State::Down(home) => home,
        });
    }

    /// Drains it: new requests go to the others, and those that it has are answered.
    pub(crate) async fn drain(&self) {
        let mut state = self.state.lock().await;
        let before = std::mem::replace(&mut *state, State::Down(None));
        *state = State::Down(match before {
            State::Up(gateway) => {
                self.listens(None);
                Some(gateway.stopped().await)
            }
            State::Down(home) => home,
        });
    }

    /// What it says of itself among the others.
    pub(crate) async fn view(&self) -> Value {
        let State::Up(gateway) = &*self.state.lock().await else { panic!("it is down") };
        gateway.admin(Method::GET, "/admin/replicas").await.json()
    }

    /// Freezes it.
    pub(crate) async fn freeze(&self) {
        if let State::Up(gateway) = &*self.state.lock().await {
            gateway.process.signal("STOP");
        }
    }

    /// Whether its process has stopped or ended by itself.
    pub(crate) async fn is_still(&self) -> bool {
        let State::Up(gateway) = &*self.state.lock().await else { return true };
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", gateway.process.pid)).unwrap_or_default();
        stat.rsplit(')').next().is_none_or(|rest| rest.trim_start().starts_with(['T', 'Z']) || rest.is_empty())
    }

    /// Lets it go on.
    pub(crate) async fn go_on(&self) {
        if let State::Up(gateway) = &*self.state.lock().await {
            gateway.process.signal("CONT");
        }
    }
}
