//! Pauses and openings over replicas, through the stacks of their accounts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use private_postgres::shared;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::*;
use crate::upstream::{
    BreakerSettings, BreakerState, Call, Failure, FailureKind, PauseCause, RateSettings, Repeat, RetrySettings, Stack,
    StackSettings, Tasks, TlsRoots, VendorRequest, VendorResponse, VendorTls,
};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);
const OPEN_FOR: Duration = Duration::from_millis(300);

/// A vendor that all replicas call, what it answers, and whether it answers at all.
#[derive(Debug)]
struct Vendor {
    status: Mutex<StatusCode>,
    answers: watch::Sender<bool>,
    calls: watch::Sender<usize>,
}

impl Vendor {
    fn new(status: u16) -> Arc<Self> {
        Arc::new(Self {
            status: Mutex::new(StatusCode::from_u16(status).unwrap()),
            answers: watch::Sender::new(true),
            calls: watch::Sender::new(0),
        })
    }

    fn calls(&self) -> usize {
        *self.calls.borrow()
    }
}

#[derive(Debug)]
struct Client(Arc<Vendor>);

impl Call for Client {
    async fn call(&self, _: &VendorRequest) -> Result<VendorResponse, Failure> {
        self.0.calls.send_modify(|calls| *calls += 1);
        let _ = self.0.answers.subscribe().wait_for(|answers| *answers).await;
        let (status, mut headers) = (*self.0.status.lock().unwrap(), HeaderMap::new());
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert("retry-after", HeaderValue::from_static("100"));
        }
        Ok(VendorResponse::new(status, headers, Bytes::new()))
    }
}

/// The stack of a replica.
fn stack(replica: &Arc<Sharing>, vendor: &Arc<Vendor>, rate_limit: Option<RateSettings>) -> Stack<Client> {
    let settings = StackSettings {
        name: "v".into(),
        base_url: Uri::from_static("http://v.invalid"),
        timeout: PATIENCE,
        connect_timeout: SECOND,
        max_connection_age: SECOND,
        max_in_flight: 100,
        max_waiting: 100,
        settle_after_unknown: Duration::ZERO,
        rate_limit,
        retry: RetrySettings { max_attempts: 1, backoff: SECOND, max_backoff: SECOND },
        breaker: BreakerSettings { failure_ratio: 0.5, min_requests: 2, window: PATIENCE, open_for: OPEN_FOR },
        tls: TlsRoots::default().client(false, &VendorTls::default()).unwrap(),
        server_name: None,
    };
    Stack::over(&settings, &Tasks::sharing(Arc::clone(replica) as _), Client(Arc::clone(vendor)))
}

async fn call(stack: &Stack<Client>) -> Result<StatusCode, FailureKind> {
    let uri = Uri::from_static("http://v.invalid/1");
    let request = VendorRequest::new(Method::GET, uri, Instant::now() + 20 * SECOND).repeated(Repeat::WheneverSafe);
    stack.call(request).await.map(|response| response.status).map_err(|failure| failure.kind)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_429_at_one_replica_pauses_the_others() {
    let Some(server) = shared() else { return };
    let rate = RateSettings { count: NonZeroU32::new(1000).unwrap(), period: SECOND, burst: NonZeroU32::MIN };
    for rate in [Some(rate), None] {
        let replicas = on(server, 3, PATIENCE).await;
        let vendor = Vendor::new(429);
        let stacks: Vec<_> = replicas.iter().map(|replica| stack(replica, &vendor, rate)).collect();
        assert_eq!(call(&stacks[0]).await, Ok(StatusCode::TOO_MANY_REQUESTS));
        // It is told behind the answer.
        until("the pause is told", async || pause(&replicas[0]).await.is_some_and(|paused| paused > 50 * SECOND)).await;
        let before = vendor.calls();
        for stack in &stacks[1..] {
            match call(stack).await {
                Err(FailureKind::Paused { retry_after, cause }) => {
                    assert!(retry_after > 20 * SECOND && retry_after <= 101 * SECOND, "{retry_after:?}");
                    assert_eq!(cause, PauseCause::Limited);
                }
                other => panic!("{other:?}"),
            }
            assert!(stack.snapshot().paused.is_some());
        }
        assert_eq!(vendor.calls(), before);
    }
}

/// The opening that the store has.
async fn opening(replica: &Sharing) -> Option<Duration> {
    replica.0.state().look().await.unwrap().pop().and_then(|state| state.open)
}

/// The pause that the store has.
async fn pause(replica: &Sharing) -> Option<Duration> {
    replica.0.state().look().await.unwrap().pop().map(|state| state.paused)
}

#[tokio::test]
async fn an_opening_is_one_for_all_one_probe_is_sent_and_its_success_closes_all() {
    let Some(server) = shared() else { return };
    let replicas = on(server, 3, PATIENCE).await;
    let vendor = Vendor::new(500);
    let stacks: Vec<_> = replicas.iter().map(|replica| stack(replica, &vendor, None)).collect();
    for _ in 0..4 {
        let _ = call(&stacks[0]).await;
    }
    let is_open = |stack: &Stack<Client>| stack.snapshot().breaker != BreakerState::Closed;
    assert!(is_open(&stacks[0]));
    until("it is told", async || opening(&replicas[0]).await.is_some()).await;
    vendor.answers.send_replace(false);
    let before = vendor.calls();
    // All call all the time, until one is the probe, and then some more.
    let stop = AtomicBool::new(false);
    let hammer = async |stack| {
        while !stop.load(Ordering::SeqCst) {
            let _ = call(stack).await;
            sleep(Duration::from_millis(5)).await;
        }
    };
    let all = async { tokio::join!(hammer(&stacks[0]), hammer(&stacks[1]), hammer(&stacks[2])) };
    let watch = async {
        until("all are open", async || stacks.iter().all(is_open)).await;
        until("one is the probe", async || vendor.calls() > before).await;
        sleep(2 * SECOND).await;
        assert_eq!(vendor.calls(), before + 1, "one probe is out");
        *vendor.status.lock().unwrap() = StatusCode::OK;
        vendor.answers.send_replace(true);
        until("all are closed", async || !stacks.iter().any(is_open)).await;
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(all, watch);
}

#[tokio::test]
async fn a_probe_that_fails_opens_all_again_and_one_that_is_dropped_leaves_it_to_others() {
    let Some(server) = shared() else { return };
    let replicas = on(server, 2, PATIENCE).await;
    let vendor = Vendor::new(500);
    let stacks: Vec<_> = replicas.iter().map(|replica| stack(replica, &vendor, None)).collect();
    for _ in 0..4 {
        let _ = call(&stacks[0]).await;
    }
    until("it is told", async || opening(&replicas[0]).await.is_some()).await;
    until("the probe fails", async || call(&stacks[0]).await == Ok(StatusCode::INTERNAL_SERVER_ERROR)).await;
    until("it is open again", async || opening(&replicas[0]).await.is_some_and(|left| !left.is_zero())).await;
    // A probe whose caller leaves.
    vendor.answers.send_replace(false);
    let before = vendor.calls();
    until("a probe is out", async || {
        let _ = tokio::time::timeout(Duration::from_millis(500), call(&stacks[0])).await;
        vendor.calls() > before
    })
    .await;
    *vendor.status.lock().unwrap() = StatusCode::OK;
    vendor.answers.send_replace(true);
    until("the other one sends the next", async || call(&stacks[1]).await == Ok(StatusCode::OK)).await;
    until("the first one hears of it", async || call(&stacks[0]).await == Ok(StatusCode::OK)).await;
}

#[tokio::test]
async fn the_end_of_a_probe_is_told_although_another_stack_of_the_account_has_asked_for_one_meanwhile() {
    let Some(server) = shared() else { return };
    let replicas = on(server, 1, PATIENCE).await;
    let vendor = Vendor::new(500);
    // As after a reload: requests of the old configuration still use the first one.
    let [old, new] = [(); 2].map(|()| stack(&replicas[0], &vendor, None));
    for stack in [&old, &new] {
        until("it is open", async || {
            let _ = call(stack).await;
            stack.snapshot().breaker != BreakerState::Closed
        })
        .await;
    }
    until("it is told", async || opening(&replicas[0]).await.is_some()).await;
    vendor.answers.send_replace(false);
    *vendor.status.lock().unwrap() = StatusCode::OK;
    let before = vendor.calls();
    let probe = async {
        until("the probe succeeds", async || call(&old).await == Ok(StatusCode::OK)).await;
    };
    let other = async {
        until("the probe is out", async || vendor.calls() > before).await;
        until("the other stack was told so", async || {
            let _ = call(&new).await;
            // What it hears of the opening is no longer than that.
            matches!(new.snapshot().breaker, BreakerState::Open { next_probe } if next_probe > 2 * OPEN_FOR)
        })
        .await;
        assert_eq!(vendor.calls(), before + 1);
        vendor.answers.send_replace(true);
    };
    tokio::join!(probe, other);
    until("the breaker is closed for all", async || opening(&replicas[0]).await.is_none()).await;
}

#[tokio::test]
async fn without_the_store_each_breaker_is_its_own() {
    let Some(server) = shared() else { return };
    let replicas = on(server, 2, PATIENCE).await;
    let vendor = Vendor::new(500);
    let stacks: Vec<_> = replicas.iter().map(|replica| stack(replica, &vendor, None)).collect();
    replicas[0].close().await;
    for _ in 0..4 {
        let _ = call(&stacks[0]).await;
    }
    assert_ne!(stacks[0].snapshot().breaker, BreakerState::Closed);
    *vendor.status.lock().unwrap() = StatusCode::OK;
    until("its probe closes it", async || call(&stacks[0]).await == Ok(StatusCode::OK)).await;
    assert_eq!(stacks[0].snapshot().breaker, BreakerState::Closed);
    assert_eq!(call(&stacks[1]).await, Ok(StatusCode::OK));
}
