//! Callbacks to real receivers on loopback ports, from a store in memory.
//!
//! Where receivers take part, the wall clock is a number that a test sets, and nothing sleeps. Where none does, tokio's
//! clock is paused.

mod double;
mod receiver;

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::subscriber::{DefaultGuard, set_default};

use crate::gateway::CallbackTarget;
use crate::store::{CallbackTried, UpdateId};
use crate::upstream::{PemFile, TlsRoots};
use crate::value::PublicRoots;

use super::*;
use double::Double;
use receiver::{Reaction, Receiver};

const SECOND: Duration = Duration::from_secs(1);
/// Far from zero, and not a whole second.
const START: i64 = 1_790_000_000_500;
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk=";

fn target(url: &str, secrets: &[&str]) -> CallbackTarget {
    let secrets = secrets.iter().map(|secret| key(secret).into()).collect();
    CallbackTarget::new(url.parse().unwrap(), secrets, (PublicRoots::None, None), &mut TlsRoots::default()).unwrap()
}

fn key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix("whsec_").unwrap();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded).unwrap()
}

/// Callbacks that run.
struct Running {
    callbacks: Arc<Callbacks>,
    store: Arc<Double>,
    tried: UnboundedReceiver<CallbackTried>,
    clock: Arc<AtomicI64>,
    targets: Arc<ArcSwap<CallbackTargets>>,
    drain: CancellationToken,
    task: JoinHandle<()>,
    connections: TaskTracker,
}

impl Running {
    fn start(targets: &[(&str, &str)]) -> Self {
        Self::with(targets, Terms::default(), Arc::new(AtomicI64::new(START)), |_| ())
    }

    /// With what is in the store before.
    fn with(targets: &[(&str, &str)], terms: Terms, clock: Arc<AtomicI64>, fill: impl FnOnce(&Double)) -> Self {
        let read = Arc::clone(&clock);
        let now: Clock = Box::new(move || Timestamp(read.load(Ordering::SeqCst)));
        Self::over(now, targets, terms, clock, fill)
    }

    /// Where time is tokio's.
    fn paused(targets: &[(&str, &str)], fill: impl FnOnce(&Double)) -> Self {
        let started = Instant::now();
        let now: Clock = Box::new(move || Timestamp(START).after(started.elapsed()));
        Self::over(now, targets, Terms::default(), Arc::default(), fill)
    }

    fn over(
        now: Clock,
        targets: &[(&str, &str)],
        terms: Terms,
        clock: Arc<AtomicI64>,
        fill: impl FnOnce(&Double),
    ) -> Self {
        let (store, tried) = Double::new();
        fill(&store);
        let targets = targets.iter().map(|(client, url)| (Arc::from(*client), target(url, &[OLD]))).collect();
        let targets = Arc::new(ArcSwap::from_pointee(targets));
        let (present, connections) = (Arc::clone(&targets), TaskTracker::new());
        let shared: SharedStore = Arc::<Double>::clone(&store);
        let callbacks = Callbacks::with(shared, Box::new(move || present.load_full()), now, terms, &connections);
        let (callbacks, drain) = (Arc::new(callbacks), CancellationToken::new());
        let task = TaskTracker::new().spawn(Arc::clone(&callbacks).run(|| true, drain.clone()));
        Self { callbacks, store, tried, clock, targets, drain, task, connections }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    /// Lets the time come, and has the task notice that.
    fn advance_to(&self, time: Timestamp, client: &str) {
        self.clock.store(time.0, Ordering::SeqCst);
        self.callbacks.notify(client);
    }

    /// Stores the end of a change and says so.
    fn finish(&self, client: &str) -> UpdateId {
        let id = self.store.add(client, self.now());
        self.callbacks.notify(client);
        id
    }

    /// What became of the next try.
    async fn tried(&mut self) -> CallbackTried {
        self.tried.recv().await.unwrap()
    }

    fn counters(&self) -> [u64; 3] {
        let CallbackCounters { delivered, failed, given_up, .. } = self.callbacks.counters();
        [delivered, failed, given_up].map(crate::value::Counter::get)
    }

    /// Drains, and proves that no connection is left.
    async fn end(self) {
        self.drain.cancel();
        self.task.await.unwrap();
        self.connections.close();
        self.connections.wait().await;
    }
}

/// What is logged as long as the guard lives.
fn log() -> (Arc<Mutex<Vec<u8>>>, DefaultGuard) {
    #[derive(Clone)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (lines, level) = (Arc::<Mutex<Vec<u8>>>::default(), tracing::Level::TRACE);
    let log = Log(Arc::clone(&lines));
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(level);
    (lines, set_default(subscriber.with_writer(move || log.clone()).finish()))
}

#[tokio::test]
async fn a_callback_arrives_signed_with_every_secret_and_waits_no_longer() {
    let mut receiver = Receiver::start(|_| Reaction::Accepts).await;
    let mut running = Running::start(&[]);
    running.targets.store(Arc::new([("crm".into(), target(&receiver.url, &[NEW, OLD]))].into()));
    let id = running.finish("crm");
    let request = receiver.next().await;
    assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    assert_eq!(request.line, "POST /hooks/path-token?query-token=1 HTTP/1.1");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("webhook-id"), format!("finished_{id}"));
    assert_eq!(request.header("webhook-timestamp"), "1790000000");
    assert_eq!(request.header("webhook-signature").split(' ').count(), 2);
    assert!(request.is_signed_with(&key(NEW)) && request.is_signed_with(&key(OLD)));
    assert!(!request.is_signed_with(&[7; 24]));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["type"], &body["timestamp"]), (&"update.finished".into(), &"2026-09-21T14:13:20.500Z".into()));
    assert_eq!(body["data"]["update"], id.to_string());
    assert!(running.store.content().callbacks.is_empty());
    assert_eq!(running.counters(), [1, 0, 0]);
    running.end().await;
}

#[tokio::test]
async fn one_that_never_arrives_is_tried_eight_times_under_one_id_and_given_up() {
    let (lines, _guard) = log();
    let mut receiver =
        Receiver::start(|_| Reaction::status("500 No", "x-echo: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n")).await;
    let mut running = Running::start(&[("crm", &receiver.url)]);
    let id = running.finish("crm");
    for (number, pause) in [5, 300, 1800, 7200, 18_000, 36_000, 50_400].into_iter().enumerate() {
        let request = receiver.next().await;
        assert_eq!(request.header("webhook-id"), format!("finished_{id}"), "try {number}");
        assert_eq!(request.header("webhook-timestamp"), (running.now().0 / 1000).to_string());
        assert!(request.is_signed_with(&key(OLD)));
        let next = running.now().after(pause * SECOND);
        assert_eq!(running.tried().await, CallbackTried::Again(id, next));
        running.advance_to(next, "crm");
    }
    assert!(receiver.next().await.is_signed_with(&key(OLD)));
    assert_eq!(running.tried().await, CallbackTried::GivenUp(id));
    assert_eq!(running.counters(), [0, 8, 1]);
    running.end().await;
    assert!(receiver.received.try_recv().is_err());
    let lines = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    let given_up: Vec<_> = lines.lines().filter(|line| line.contains("a callback was given up")).collect();
    let line = given_up.first().unwrap();
    assert!(given_up.len() == 1 && line.contains(&format!("client=\"crm\" update={id} tries=8")), "{given_up:?}");
    assert!(line.contains("answered 500"), "{line}");
    for secret in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "path-token", "query-token", "v1,"] {
        let shown = lines.lines().find(|line| line.contains(secret) && line.contains("switchboard"));
        assert_eq!(shown, None, "{secret}");
    }
}

#[tokio::test]
async fn whatever_is_no_2xx_is_a_failed_try_and_no_redirect_is_followed() {
    let mut elsewhere = Receiver::start(|_| Reaction::Accepts).await;
    let location = format!("location: {}\r\n", elsewhere.url);
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n{}", "x".repeat(100_000));
    for (reaction, expected) in [
        (Reaction::status("200 OK", ""), true),
        (Reaction::status("299 Fine", ""), true),
        (Reaction::Says(cut.into()), true),
        (Reaction::Says(long), true),
        (Reaction::status("301 Moved", &location), false),
        (Reaction::status("302 Found", &location), false),
        (Reaction::status("307 Over There", &location), false),
        (Reaction::status("308 Over There", &location), false),
        (Reaction::status("400 Bad", ""), false),
        (Reaction::status("410 Gone", ""), false),
        (Reaction::status("429 Slowly", "retry-after: 1000\r\n"), false),
        (Reaction::status("503 Down", "retry-after: 1000\r\n"), false),
        (Reaction::Says("HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\nhalf".into()), false),
        (Reaction::Says(String::new()), false),
        (Reaction::Says("SSH-2.0-OpenSSH_9.2\r\n".into()), false),
        (Reaction::Hangs, false),
    ] {
        let receiver = Receiver::start(move |_| reaction.clone()).await;
        let terms = Terms { timeout: SECOND / 4, drain: SECOND / 100, ..Terms::default() };
        let mut running = Running::with(&[("crm", &receiver.url)], terms, Arc::new(AtomicI64::new(START)), |_| ());
        let id = running.finish("crm");
        let again = CallbackTried::Again(id, running.now().after(5 * SECOND));
        assert_eq!(running.tried().await, if expected { CallbackTried::Delivered(id) } else { again });
        running.end().await;
    }
    assert!(elsewhere.received.try_recv().is_err());
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let mut running = Running::start(&[("crm", &closed)]);
    let id = running.finish("crm");
    assert_eq!(running.tried().await, CallbackTried::Again(id, running.now().after(5 * SECOND)));
    running.end().await;
}

#[tokio::test]
async fn a_receiver_that_hangs_has_few_tries_at_a_time_and_holds_up_no_other() {
    let mut slow = Receiver::start(|_| Reaction::Hangs).await;
    let mut quick = Receiver::start(|_| Reaction::Accepts).await;
    let terms = Terms { drain: SECOND / 100, ..Terms::default() };
    let targets = [("slow", &*slow.url), ("quick", &*quick.url)];
    let mut running = Running::with(&targets, terms, Arc::new(AtomicI64::new(START)), |store| {
        for _ in 0..100 {
            store.add("slow", Timestamp(0));
        }
    });
    for _ in 0..4 {
        slow.next().await;
    }
    for _ in 0..50 {
        let id = running.finish("quick");
        quick.next().await;
        assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    }
    assert!(slow.received.try_recv().is_err(), "a fifth try at the same time");
    assert_eq!(running.store.content().callbacks.len(), 100);
    running.end().await;
}

#[tokio::test]
async fn an_open_breaker_costs_no_tries_and_what_waited_arrives_when_the_receiver_is_back() {
    let (lines, _guard) = log();
    let up = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&up);
    let receiver = Receiver::start(move |_| match state.load(Ordering::SeqCst) {
        true => Reaction::Accepts,
        false => Reaction::Says(String::new()),
    });
    let receiver = receiver.await;
    let terms = Terms { open_for: SECOND / 10, ..Terms::default() };
    let mut running = Running::with(&[("crm", &receiver.url)], terms, Arc::new(AtomicI64::new(START)), |store| {
        for _ in 0..40 {
            store.add("crm", Timestamp(START));
        }
    });
    let mut failed = 0;
    // The breaker opens after five; three more were on their way. Two probes fail.
    while failed < 10 {
        assert!(matches!(running.tried().await, CallbackTried::Again(..)));
        failed += 1;
    }
    up.store(true, Ordering::SeqCst);
    let mut delivered = 0;
    while delivered + failed < 40 {
        match running.tried().await {
            CallbackTried::Delivered(_) => delivered += 1,
            CallbackTried::Again(..) => failed += 1,
            given_up @ CallbackTried::GivenUp(_) => panic!("{given_up:?}"),
        }
    }
    assert!(failed <= 13, "{failed} tries failed");
    let tries: Vec<_> = running.store.content().callbacks.values().map(|due| due.tries).collect();
    assert_eq!(tries, vec![1; failed], "the others wait for their second try");
    running.end().await;
    assert!(String::from_utf8_lossy(&lines.lock().unwrap()).contains("vendor=callbacks to 127.0.0.1"));
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_gets_nothing_meanwhile_and_that_costs_no_tries() {
    for (status, seconds, longest) in [("429 Slowly", 20, 20), ("503 Down", 1000, 300)] {
        let answer = Reaction::status(status, &format!("retry-after: {seconds}\r\n"));
        let mut receiver = Receiver::start(move |_| answer.clone()).await;
        let mut running = Running::start(&[("crm", &receiver.url)]);
        let id = running.finish("crm");
        assert!(matches!(running.tried().await, CallbackTried::Again(..)));
        receiver.next().await;
        let due = running.store.content().callbacks[&id].clone();
        let pause = running.callbacks.delivery.attempt(due).await.unwrap();
        assert!(pause <= longest * SECOND && pause > longest * SECOND / 2, "{pause:?}");
        assert!(receiver.received.try_recv().is_err());
        assert_eq!((running.store.content().callbacks[&id].tries, running.counters()), (1, [0, 1, 0]));
        running.end().await;
    }
}

#[tokio::test]
async fn the_present_url_and_secret_count_for_the_next_try() {
    let mut first = Receiver::start(|_| Reaction::status("500 No", "")).await;
    let mut second = Receiver::start(|_| Reaction::Accepts).await;
    let mut running = Running::start(&[("crm", &first.url)]);
    let id = running.finish("crm");
    assert!(first.next().await.is_signed_with(&key(OLD)));
    let CallbackTried::Again(_, next) = running.tried().await else { panic!("it failed") };
    running.targets.store(Arc::new([("crm".into(), target(&second.url, &[NEW]))].into()));
    running.advance_to(next, "crm");
    let request = second.next().await;
    assert!(request.is_signed_with(&key(NEW)) && !request.is_signed_with(&key(OLD)));
    assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    running.end().await;
}

#[tokio::test]
async fn one_whose_target_is_missing_for_a_while_arrives_when_it_is_back() {
    let mut receiver = Receiver::start(|_| Reaction::Accepts).await;
    let mut running = Running::start(&[]);
    let id = running.finish("crm");
    let CallbackTried::Again(_, next) = running.tried().await else { panic!("it is tried again") };
    running.targets.store(Arc::new([("crm".into(), target(&receiver.url, &[NEW]))].into()));
    running.advance_to(next, "crm");
    receiver.next().await;
    assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    assert_eq!(running.counters(), [1, 1, 0]);
    running.end().await;
}

#[tokio::test]
async fn what_nobody_wants_or_no_record_tells_of_is_given_up_with_a_line() {
    let (lines, _guard) = log();
    let mut receiver = Receiver::start(|_| Reaction::Accepts).await;
    let mut running = Running::start(&[("crm", &receiver.url)]);
    assert!(running.callbacks.wants(Some("crm")));
    assert!(!running.callbacks.wants(Some("gone")) && !running.callbacks.wants(None));
    let gone = running.finish("gone");
    for _ in 1..8 {
        let CallbackTried::Again(_, next) = running.tried().await else { panic!("it is tried again") };
        running.advance_to(next, "gone");
    }
    assert_eq!(running.tried().await, CallbackTried::GivenUp(gone));
    let swept = running.store.add("crm", running.now());
    running.store.content().records.clear();
    running.callbacks.notify("crm");
    assert_eq!(running.tried().await, CallbackTried::GivenUp(swept));
    assert_eq!(running.counters(), [0, 8, 2]);
    running.end().await;
    assert!(receiver.received.try_recv().is_err());
    let lines = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    assert!(lines.contains(&format!("client=\"gone\" update={gone} tries=8")), "{lines}");
    assert!(lines.contains(&format!("client=\"crm\" update={swept} tries=0")), "{lines}");
}

#[tokio::test]
async fn what_waits_from_before_the_start_is_tried_and_what_is_not_due_waits() {
    let mut receiver = Receiver::start(|_| Reaction::Accepts).await;
    let mut early = None;
    let clock = Arc::new(AtomicI64::new(START));
    let mut running = Running::with(&[("crm", &receiver.url)], Terms::default(), clock, |store| {
        store.add("crm", Timestamp(START + 60_000));
        early = Some(store.add("crm", Timestamp(0)));
    });
    assert_eq!(running.tried().await, CallbackTried::Delivered(early.unwrap()));
    receiver.next().await;
    running.end().await;
    assert!(receiver.received.try_recv().is_err(), "the other is not due");
}

#[tokio::test]
async fn none_is_missed_however_ends_and_deliveries_overlap() {
    let mut receiver = Receiver::start(|_| Reaction::Accepts).await;
    let mut running = Running::start(&[("crm", &receiver.url)]);
    let mut expected = HashSet::new();
    for round in 0..300 {
        expected.insert(running.finish("crm"));
        for _ in 0..fastrand::usize(..20) {
            tokio::task::yield_now().await;
        }
        if round % 10 == 0 {
            // The backlog is empty and has ended, or is about to.
            while !expected.is_empty() {
                let CallbackTried::Delivered(id) = running.tried().await else { panic!("it arrives") };
                assert!(expected.remove(&id) && receiver.received.recv().await.is_some());
            }
        }
    }
    for _ in 0..expected.len() {
        let CallbackTried::Delivered(id) = running.tried().await else { panic!("it arrives") };
        assert!(expected.remove(&id));
    }
    running.end().await;
}

#[tokio::test]
async fn an_end_between_the_look_into_the_store_and_the_end_of_the_backlog_is_not_missed() {
    let mut running = Running::start(&[]);
    let gate = Arc::new(Notify::new());
    running.store.content().gate = Some(Arc::clone(&gate));
    running.callbacks.notify("gone");
    while running.store.content().asked == 0 {
        tokio::task::yield_now().await;
    }
    let id = running.finish("gone");
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    gate.notify_one();
    assert!(matches!(running.tried().await, CallbackTried::Again(tried, _) if tried == id));
    running.end().await;
}

#[tokio::test]
async fn a_drain_waits_for_running_tries_and_starts_none() {
    let bell = Arc::new(Notify::new());
    let rings = Arc::clone(&bell);
    let mut receiver = Receiver::start(move |_| Reaction::AcceptsAfter(Arc::clone(&rings))).await;
    let terms = Terms { places: 1, drain: 60 * SECOND, ..Terms::default() };
    let mut running = Running::with(&[("crm", &receiver.url)], terms, Arc::new(AtomicI64::new(START)), |_| ());
    let id = running.finish("crm");
    receiver.next().await;
    running.finish("crm");
    running.drain.cancel();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    bell.notify_one();
    assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    let store = Arc::clone(&running.store);
    running.end().await;
    assert!(receiver.received.try_recv().is_err());
    assert_eq!(store.content().callbacks.len(), 1, "the rest stays in the store");
}

#[tokio::test]
async fn a_drain_does_not_wait_long_for_a_receiver_that_hangs() {
    let mut receiver = Receiver::start(|_| Reaction::Hangs).await;
    let terms = Terms { drain: SECOND / 100, ..Terms::default() };
    let mut running = Running::with(&[("crm", &receiver.url)], terms, Arc::new(AtomicI64::new(START)), |_| ());
    let id = running.finish("crm");
    receiver.next().await;
    running.drain.cancel();
    (&mut running.task).await.unwrap();
    assert!(running.tried.try_recv().is_err());
    assert_eq!(running.store.content().callbacks[&id].tries, 0, "it is tried again after the next start");
}

#[tokio::test(start_paused = true)]
async fn it_sleeps_until_the_time_has_come_and_looks_seldom() {
    let due_at = Timestamp(START).after(14 * 3600 * SECOND);
    let mut running = Running::paused(&[], |store| {
        store.add("gone", due_at);
    });
    let started = Instant::now();
    assert!(matches!(running.tried().await, CallbackTried::Again(..)));
    assert_eq!(started.elapsed().as_secs(), 14 * 3600);
    assert!(running.store.content().asked <= 14 * 12 + 2, "{}", running.store.content().asked);
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_again_and_its_end_ends_the_work() {
    let full = || StoreError::Failed("the disk is full".into());
    let mut running = Running::paused(&[("crm", "http://127.0.0.1:9/")], |store| {
        store.add("crm", Timestamp(START));
        store.content().records.clear();
        let names = ["callback_clients", "callbacks_of", "callback_tried"];
        store.content().failing = names.map(|name| (name, (3, full()))).into();
    });
    let started = Instant::now();
    assert!(matches!(running.tried().await, CallbackTried::GivenUp(_)));
    assert_eq!(started.elapsed().as_secs(), 3 * (1 + 2 + 4));
    assert_eq!(running.counters(), [0, 0, 1], "what became of it is stored again, and it is not tried again");
    running.store.content().failing.insert("callbacks_of", (u32::MAX, StoreError::Closed));
    let asked = running.store.content().asked;
    running.finish("gone");
    sleep(3600 * SECOND).await;
    assert_eq!(running.store.content().asked, asked);
    running.end().await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_tried_by_the_schedule_and_a_store_without_an_answer_costs_no_try() {
    let receiver = Receiver::start(|_| Reaction::Accepts).await;
    let mut running = Running::start(&[("crm", &receiver.url)]);
    let unreadable = StoreError::Unreadable("sealed with another key".into());
    running.store.content().failing.insert("record", (1, unreadable));
    let id = running.finish("crm");
    let next = running.now().after(5 * SECOND);
    assert_eq!(running.tried().await, CallbackTried::Again(id, next));
    running.store.content().failing.insert("record", (1, StoreError::Failed("busy".into())));
    running.advance_to(next, "crm");
    assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    assert_eq!(running.counters(), [1, 1, 0]);
    running.end().await;
}

#[tokio::test]
async fn a_receiver_over_tls_is_trusted_by_its_own_certificate_and_by_nothing_else() {
    let (mut receiver, pem) = Receiver::tls().await;
    let mut running = Running::start(&[("crm", &receiver.url)]);
    let id = running.finish("crm");
    let next = running.now().after(5 * SECOND);
    assert_eq!(running.tried().await, CallbackTried::Again(id, next), "nothing is trusted");
    let (url, secrets) = (receiver.url.parse().unwrap(), vec![key(OLD).into()]);
    let issuers = Some(PemFile { path: "ca.pem".into(), pem });
    let trusting = CallbackTarget::new(url, secrets, (PublicRoots::None, issuers), &mut TlsRoots::default()).unwrap();
    running.targets.store(Arc::new([("crm".into(), trusting)].into()));
    running.advance_to(next, "crm");
    assert!(receiver.next().await.is_signed_with(&key(OLD)));
    assert_eq!(running.tried().await, CallbackTried::Delivered(id));
    running.end().await;
    let nonsense = Some(PemFile { path: "ca.pem".into(), pem: "-----BEGIN CERTIFICATE-----\n!".into() });
    let url = "https://localhost/".parse().unwrap();
    let wrong = CallbackTarget::new(url, Vec::new(), (PublicRoots::None, nonsense), &mut TlsRoots::default());
    assert!(wrong.unwrap_err().to_string().starts_with("`ca.pem` cannot be read as PEM"));
}

#[tokio::test]
async fn clients_with_one_url_share_its_connections_and_those_of_no_target_go() {
    let receivers = Receivers::new(&TaskTracker::new());
    let (terms, url) = (Terms::default(), "http://127.0.0.1:9/a");
    let present: CallbackTargets =
        [("a".into(), target(url, &[OLD])), ("b".into(), target(url, &[NEW]))].into_iter().collect();
    let stack = receivers.of(&present["a"], &present, &terms);
    assert!(Arc::ptr_eq(&stack, &receivers.of(&present["b"], &present, &terms)));
    let other = target("http://127.0.0.1:9/b", &[OLD]);
    let next: CallbackTargets = [("c".into(), other.clone())].into_iter().collect();
    assert!(!Arc::ptr_eq(&stack, &receivers.of(&other, &next, &terms)));
    assert_eq!(Arc::strong_count(&stack), 1, "nobody else keeps the old one");
}
