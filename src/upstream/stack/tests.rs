//! The layers together, over a vendor in memory.

use std::{num::NonZeroU32, sync::Mutex};

use tokio::{sync::Notify, time::Instant};

use super::*;
use crate::upstream::mock_call::{MockCall, answered, failed, ok, put, with_header};
use crate::upstream::{BreakerSettings, FailureKind, PauseCause, RateSettings, RetrySettings};

pub(super) fn settings() -> StackSettings {
    let roots = rustls::RootCertStore::empty();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    StackSettings {
        name: "v".into(),
        base_url: Uri::from_static("https://vendor.invalid/api"),
        timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(3),
        max_connection_age: Duration::from_secs(300),
        max_in_flight: 4,
        max_waiting: 8,
        settle_after_unknown: Duration::from_secs(2),
        rate_limit: None,
        retry: RetrySettings {
            max_attempts: 3,
            backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
        },
        breaker: BreakerSettings {
            failure_ratio: 0.5,
            min_requests: 20,
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(15),
        },
        tls: Arc::new(tls),
        server_name: None,
    }
}

fn over(mock: MockCall) -> (Arc<Stack<MockCall>>, Tasks) {
    let tasks = Tasks::default();
    (Arc::new(Stack::over(&settings(), &tasks, mock)), tasks)
}

fn failures_of(snapshot: &Snapshot, name: &str) -> u64 {
    snapshot.failures.iter().find(|(kind, _)| *kind == name).unwrap().1
}

/// A vendor whose first call waits for the bell after marking itself sent.
fn belled(bell: &Arc<Notify>, sent: bool) -> MockCall {
    let bell = Arc::clone(bell);
    MockCall::new(move |_, seen| {
        let bell = Arc::clone(&bell);
        async move {
            if sent {
                seen.sent.mark();
            }
            bell.notified().await;
            ok()
        }
    })
}

#[test]
fn addresses_are_joined_with_one_slash() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    for (base, path, whole) in [
        ("https://v.test/api", "/user/assistant/7", "https://v.test/api/user/assistant/7"),
        ("https://v.test/api/", "user/assistant/7?a=b", "https://v.test/api/user/assistant/7?a=b"),
        ("http://v.test:81", "/x", "http://v.test:81/x"),
    ] {
        let settings = StackSettings { base_url: Uri::from_static(base), ..settings() };
        let stack = Stack::over(&settings, &Tasks::default(), MockCall::statuses(&[200]));
        assert_eq!(stack.uri(path).unwrap(), whole);
    }
    assert!(over(MockCall::statuses(&[200])).0.uri("/a b").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_first_good_answer_comes_through_untouched() {
    let (stack, _) = over(MockCall::statuses(&[200]));
    let response = stack.call(put("1")).await.unwrap();
    assert_eq!((response.attempts, response.queued), (1, Duration::ZERO));
    let snapshot = stack.snapshot();
    assert_eq!((snapshot.attempts, snapshot.retries, snapshot.in_flight, snapshot.waiting), (1, 0, 0, 0));
    assert_eq!(snapshot.breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_retried_update_keeps_the_next_one_waiting() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    let (stack, _) = over(MockCall::new(move |nth, seen| {
        noted.lock().unwrap().push(seen.body[0]);
        async move { if nth < 2 { answered(503) } else { ok() } }
    }));
    let numbered = |number: u8| {
        let mut request = put("7");
        request.body = bytes::Bytes::copy_from_slice(&[number]);
        stack.update(request)
    };
    let (first, second) = tokio::join!(numbered(1), numbered(2));
    assert_eq!((first.unwrap().attempts, second.unwrap().attempts), (3, 1));
    assert_eq!(*log.lock().unwrap(), [1, 1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_sent_update_is_finished_when_its_caller_goes() {
    let bell = Arc::new(Notify::new());
    let (stack, tasks) = over(belled(&bell, true));
    let hung_up = tokio::time::timeout(Duration::from_secs(1), stack.update(put("7"))).await;
    assert!(hung_up.is_err());
    let snapshot = stack.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.handed_over, tasks.updates.len()), (1, 1, 1));

    let mut next = Box::pin(stack.update(put("7")));
    let waits = tokio::time::timeout(Duration::from_secs(1), &mut next).await;
    assert!(waits.is_err(), "the turn is still the first one's");
    bell.notify_one();
    tasks.updates.close();
    tasks.updates.wait().await;
    bell.notify_one();
    next.await.unwrap();
    assert_eq!((stack.snapshot().in_flight, stack.snapshot().attempts), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_sent_update_is_retried_to_its_end_without_its_caller() {
    let (stack, tasks) = over(MockCall::new(|nth, seen| async move {
        seen.sent.mark();
        tokio::time::sleep(Duration::from_secs(2)).await;
        if nth == 0 { answered(503) } else { ok() }
    }));
    let hung_up = tokio::time::timeout(Duration::from_secs(1), stack.update(put("7"))).await;
    assert!(hung_up.is_err());
    tasks.updates.close();
    tasks.updates.wait().await;
    assert_eq!((stack.snapshot().attempts, stack.snapshot().in_flight), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_not_sent_goes_with_its_caller() {
    let bell = Arc::new(Notify::new());
    let (stack, tasks) = over(belled(&bell, false));
    let connecting = Box::pin(stack.update(put("7")));
    let waiting = Box::pin(stack.update(put("7")));
    let both = async { tokio::join!(connecting, waiting) };
    assert!(tokio::time::timeout(Duration::from_secs(1), both).await.is_err());
    let snapshot = stack.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.waiting, snapshot.handed_over), (0, 0, 0));
    assert!(tasks.updates.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_with_its_caller_even_when_sent() {
    let bell = Arc::new(Notify::new());
    let (stack, tasks) = over(belled(&bell, true));
    assert!(tokio::time::timeout(Duration::from_secs(1), stack.call(put("7"))).await.is_err());
    assert_eq!((stack.snapshot().in_flight, tasks.updates.len()), (0, 0));
}

#[test]
fn an_update_dropped_after_its_runtime_is_only_dropped() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (stack, tasks) = runtime.block_on(async { over(belled(&Arc::default(), true)) });
    let mut update = Box::pin(stack.update(put("7")));
    runtime.block_on(async {
        std::future::poll_fn(|cx| std::task::Poll::Ready(update.as_mut().poll(cx).is_pending())).await
    });
    drop(runtime);
    drop(update);
    assert!(tasks.updates.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_over_waiting_and_retrying() {
    let (stack, _) = over(MockCall::new(|_, seen| async move {
        seen.sent.mark();
        tokio::time::sleep(Duration::from_secs(4)).await;
        answered(500)
    }));
    let started = Instant::now();
    let mut request = put("7");
    request.deadline = started + Duration::from_secs(6);
    let failure = stack.update(request).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.attempts), (FailureKind::Timeout, true, 2));
    assert_eq!(started.elapsed(), Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn those_held_back_after_a_503_learn_why() {
    let (stack, _) =
        over(MockCall::new(
            |nth, _| async move { if nth == 0 { with_header(503, "retry-after", "40") } else { ok() } },
        ));
    let response = stack.update(put("1")).await.unwrap();
    assert_eq!((response.status.as_u16(), response.retry_after()), (503, Some(Duration::from_secs(40))));
    let failure = stack.update(put("2")).await.unwrap_err();
    let (retry_after, cause) = (Duration::from_secs(40), PauseCause::Unavailable);
    assert_eq!((failure.kind, failure.sent), (FailureKind::Paused { retry_after, cause }, false));
}

#[tokio::test(start_paused = true)]
async fn a_response_tells_the_whole_pause_of_the_account() {
    let (stack, _) = over(MockCall::new(|nth, _| async move {
        tokio::time::sleep(Duration::from_secs(nth as u64 + 1)).await;
        with_header(429, "retry-after", ["60", "1"][nth])
    }));
    let (first, second) = tokio::join!(biased; stack.update(put("1")), stack.update(put("2")));
    assert_eq!(first.unwrap().retry_after(), Some(Duration::from_secs(60)));
    assert_eq!(second.unwrap().retry_after(), Some(Duration::from_secs(59)));
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_the_account_for_others() {
    let (stack, _) =
        over(MockCall::new(
            |nth, _| async move { if nth == 0 { with_header(429, "retry-after", "40") } else { ok() } },
        ));
    assert_eq!(stack.update(put("1")).await.unwrap().status.as_u16(), 429);
    let started = Instant::now();
    let failure = stack.update(put("2")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Paused { retry_after: Duration::from_secs(40), cause: PauseCause::Limited });
    assert_eq!((failure.sent, started.elapsed()), (false, Duration::ZERO));
    assert_eq!((stack.snapshot().breaker, stack.snapshot().attempts), (BreakerState::Closed, 1));
    assert!(stack.snapshot().paused.is_some());

    tokio::time::advance(Duration::from_secs(20)).await;
    stack.update(put("2")).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn a_dead_vendor_opens_the_breaker_which_costs_neither_tokens_nor_attempts() {
    let (stack, _) = over(MockCall::new(|_, _| async { failed(FailureKind::Connect) }));
    for _ in 0..20 {
        let failure = stack.update(put("1")).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, false));
    }
    let attempts = stack.snapshot().attempts;
    let failure = stack.update(put("1")).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::CircuitOpen { .. }), "{failure}");
    assert_eq!(stack.snapshot().attempts, attempts);
    assert_eq!(failures_of(&stack.snapshot(), "circuit_open"), 1);
    assert_eq!(failures_of(&stack.snapshot(), "connect"), 20);

    tokio::time::advance(Duration::from_secs(15)).await;
    let probe = stack.update(put("1")).await.unwrap_err();
    assert_eq!((probe.kind, probe.attempts), (FailureKind::Connect, 1), "a probe is not retried");
}

#[tokio::test(start_paused = true)]
async fn a_full_account_sheds_at_once_and_recovers() {
    let bell = Arc::new(Notify::new());
    let (stack, tasks) = over(belled(&bell, true));
    for key in 0..12 {
        let stack = Arc::clone(&stack);
        tasks.updates.spawn(async move { stack.update(put(&key.to_string())).await });
    }
    tokio::task::yield_now().await;
    assert_eq!((stack.snapshot().in_flight, stack.snapshot().waiting), (4, 8));
    let shed = stack.update(put("99")).await.unwrap_err();
    assert!(matches!(shed.kind, FailureKind::Overloaded { .. }), "{shed}");
    tasks.updates.close();
    while !tasks.updates.is_empty() {
        bell.notify_one();
        tokio::task::yield_now().await;
    }
    assert_eq!((stack.snapshot().in_flight, stack.snapshot().waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_is_the_accounts_own() {
    let rate_limit = Some(RateSettings {
        count: NonZeroU32::new(100).unwrap(),
        period: Duration::from_secs(60),
        burst: NonZeroU32::new(2).unwrap(),
    });
    let settings = StackSettings { rate_limit, ..settings() };
    let stack = Stack::over(&settings, &Tasks::default(), MockCall::statuses(&[200]));
    let started = Instant::now();
    for _ in 0..12 {
        stack.update(put("1")).await.unwrap();
    }
    assert!((6000..6100).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_429_also_stops_those_who_wait_for_a_slot() {
    let settings = StackSettings { max_in_flight: 1, ..settings() };
    let tasks = Tasks::default();
    let vendor = MockCall::new(|_, _| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        with_header(429, "retry-after", "60")
    });
    let stack = Stack::over(&settings, &tasks, vendor);
    let (first, a, b, c) =
        tokio::join!(stack.update(put("1")), stack.update(put("2")), stack.update(put("3")), stack.update(put("4")));
    assert_eq!((first.unwrap().status.as_u16(), stack.snapshot().attempts), (429, 1));
    for failure in [a, b, c].map(Result::unwrap_err) {
        assert_eq!(
            failure.kind,
            FailureKind::Paused { retry_after: Duration::from_secs(60), cause: PauseCause::Limited }
        );
        assert_eq!((failure.sent, failure.attempts), (false, 0));
        assert_eq!((failure.queued, failure.vendor), (Duration::from_secs(1), Duration::ZERO));
    }
    assert_eq!((stack.snapshot().in_flight, stack.snapshot().waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_new_address_keeps_the_order() {
    let bell = Arc::new(Notify::new());
    let (old, tasks) = over(belled(&bell, true));
    let mut first = Box::pin(old.update(put("7")));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut first).await.is_err());
    let moved = StackSettings { base_url: Uri::from_static("https://elsewhere.invalid"), ..settings() };
    let new = Stack::over(&moved, &tasks, MockCall::statuses(&[200]));
    let mut second = Box::pin(new.update(put("7")));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut second).await.is_err(), "the first has its turn");
    assert_eq!(new.snapshot().attempts, 1, "the counters go on, and so far only the first was sent");
    bell.notify_one();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!((old.snapshot().attempts, new.snapshot().attempts), (2, 2));
}
