//! Tests of the retries over a mock of the network.

use http::Method;

use crate::upstream::Repeat;
use crate::upstream::mock_call::{MockCall, answered, failed, ok, put, with_header};
use crate::upstream::retry::layer::*;

fn retrying(mock: MockCall) -> Retry<MockCall> {
    let settings =
        RetrySettings { max_attempts: 3, backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2) };
    let context = RetryContext {
        settings,
        budget: Arc::new(RetryBudget::new(3)),
        circuit: Arc::new(Circuit::closed()),
        pause: Arc::new(Pause::new()),
        counters: Arc::default(),
        vendor: "v".into(),
    };
    Retry::new(mock, context)
}

#[tokio::test(start_paused = true)]
async fn only_transient_failures_are_retried() {
    for (status, calls) in [200, 401, 404, 422, 501, 505, 519, 528, 529, 531]
        .map(|status| (status, 1))
        .into_iter()
        .chain([408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530].map(|status| (status, 3)))
    {
        let layer = retrying(MockCall::new(move |_, _| async move { answered(status) }));
        let response = layer.call(&put("1")).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts, layer.inner.calls()), (status, calls, calls as usize));
    }
    for (kind, calls) in [
        (FailureKind::Dns, 3),
        (FailureKind::Connect, 3),
        (FailureKind::Tls, 3),
        (FailureKind::ConnectionLost, 3),
        (FailureKind::Timeout, 3),
        (FailureKind::MalformedResponse, 1),
        (FailureKind::BodyTooLong { status: StatusCode::OK }, 1),
        (FailureKind::BodyTooLong { status: StatusCode::BAD_GATEWAY }, 3),
    ] {
        let layer = retrying(MockCall::new(move |_, _| async move { failed(kind) }));
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!((failure.kind, failure.attempts, layer.inner.calls()), (kind, calls, calls as usize));
    }
}

#[tokio::test(start_paused = true)]
async fn waits_are_jittered_and_bounded() {
    for _ in 0..50 {
        let layer = retrying(MockCall::statuses(&[503, 503, 200]));
        let started = Instant::now();
        let response = layer.call(&put("1")).await.unwrap();
        assert_eq!(response.attempts, 3);
        assert!(started.elapsed() <= Duration::from_millis(100 + 200 + 2), "{:?}", started.elapsed());
        assert_eq!(response.vendor, Duration::ZERO);
    }
    let layer = retrying(MockCall::statuses(&[200]));
    assert!((1..100).all(|attempts| layer.context.jittered(attempts) <= Duration::from_secs(2)));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_respected_and_a_429_or_a_503_pauses_the_account() {
    for (status, paused) in [(429, true), (503, true), (502, false)] {
        let layer = retrying(MockCall::new(move |nth, _| async move {
            if nth == 0 { with_header(status, "retry-after", "5") } else { ok() }
        }));
        let pause = Arc::clone(&layer.context.pause);
        let started = Instant::now();
        let request = put("1");
        let (response, while_waiting) = tokio::join!(layer.call(&request), async {
            sleep(Duration::from_secs(1)).await;
            pause.remaining().is_some()
        });
        assert_eq!(response.unwrap().attempts, 2);
        assert_eq!((started.elapsed().as_secs(), while_waiting), (5, paused));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_started() {
    let layer = retrying(MockCall::new(|_, _| async { with_header(429, "retry-after", "30") }));
    let started = Instant::now();
    let response = layer.call(&put("1")).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (429, 1));
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert!(layer.context.pause.remaining().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_last_result_is_returned_if_the_deadline_passes_before_the_next_attempt() {
    for lost in [false, true] {
        let layer = retrying(MockCall::new(move |nth, seen| async move {
            if nth > 0 {
                return failed(FailureKind::DeadlineBeforeSend);
            }
            seen.sent.start_attempt();
            seen.sent.mark();
            sleep(Duration::from_secs(1)).await;
            if lost { failed(FailureKind::ConnectionLost) } else { answered(503) }
        }));
        match layer.call(&put("1")).await {
            Ok(response) => {
                assert_eq!((response.status.as_u16(), response.attempts, response.was_in_doubt), (503, 1, false));
                assert_eq!((lost, response.vendor), (false, Duration::from_secs(1)));
            }
            Err(failure) => {
                assert_eq!((failure.kind, failure.attempts, failure.sent), (FailureKind::ConnectionLost, 1, true));
                assert_eq!((lost, failure.vendor), (true, Duration::from_secs(1)));
            }
        }
    }
    let layer = retrying(MockCall::new(|_, _| async { failed(FailureKind::DeadlineBeforeSend) }));
    let failure = layer.call(&put("1")).await.unwrap_err();
    assert_eq!((failure.kind, failure.attempts), (FailureKind::DeadlineBeforeSend, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_starts_during_the_wait_delays_or_ends_the_retries() {
    for (paused, attempts) in [(10, 2), (60, 1)] {
        let layer = retrying(MockCall::statuses(&[503, 200]));
        let started = Instant::now();
        let request = put("1");
        let (response, ()) = tokio::join!(biased; layer.call(&request), async {
            layer.context.pause.extend(Duration::from_secs(paused), PauseCause::Limited);
        });
        let (response, took) = (response.unwrap(), started.elapsed().as_secs());
        assert_eq!((response.attempts, took >= 10), (attempts, attempts == 2));
        assert_eq!(layer.context.counters.retries.get(), u64::from(attempts - 1));
    }
}

/// The wait after a first attempt with a 429 that asks for twenty seconds.
fn wait_after_a_pause(layer: &Retry<MockCall>, request: &VendorRequest) -> Duration {
    let limited = with_header(429, "retry-after", "20");
    layer.context.pause_after(&limited);
    layer.context.wait_after(&limited, 1, request.deadline).unwrap()
}

#[tokio::test(start_paused = true)]
async fn requests_with_the_same_retry_after_are_spread() {
    let mut waits = std::collections::HashSet::new();
    for _ in 0..50 {
        let layer = retrying(MockCall::new(|_, _| async { ok() }));
        let wait = wait_after_a_pause(&layer, &put("1"));
        assert!((20.0..=21.0).contains(&wait.as_secs_f64()), "{wait:?}");
        waits.insert(wait);
    }
    assert!(waits.len() > 40, "{}", waits.len());
    let layer = retrying(MockCall::new(|_, _| async { ok() }));
    let mut hurried = put("1");
    hurried.deadline = Instant::now() + Duration::from_millis(20_010);
    let wait = wait_after_a_pause(&layer, &hurried);
    assert!((20_000..=20_005).contains(&wait.as_millis()), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_no_proof_for_the_attempts_before_it() {
    for (first, doubt) in [(503, true), (429, false)] {
        let layer = retrying(MockCall::new(move |nth, seen| async move {
            seen.sent.start_attempt();
            seen.sent.mark();
            answered(if nth == 0 { first } else { 429 })
        }));
        let response = layer.call(&put("1")).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts, response.was_in_doubt), (429, 3, doubt));
    }
    let layer = retrying(MockCall::new(|nth, seen| async move {
        seen.sent.start_attempt();
        if nth > 0 {
            return failed(FailureKind::Connect);
        }
        seen.sent.mark();
        answered(429)
    }));
    let failure = layer.call(&put("1")).await.unwrap_err();
    assert_eq!((failure.attempts, failure.sent), (3, false));
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_the_retries() {
    let layer = retrying(MockCall::statuses(&[500]));
    for _ in 0..200 {
        layer.call(&put("1")).await.unwrap();
    }
    let retries = layer.inner.calls() - 200;
    assert!(retries <= 40 + 2 * 2, "{retries}");
    assert_eq!(layer.context.counters.retries.get(), retries as u64);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_the_retries() {
    let mut layer = retrying(MockCall::statuses(&[500]));
    layer.context.circuit = Arc::new(Circuit::open());
    assert_eq!(layer.call(&put("1")).await.unwrap().attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn whether_a_sent_request_is_retried_is_its_own_matter_and_not_its_methods() {
    for (repeat, sent, attempts) in [
        (Repeat::OnlyIfUnsent, true, 1),
        (Repeat::OnlyIfUnsent, false, 3),
        (Repeat::WheneverSafe, true, 3),
        (Repeat::WheneverSafe, false, 3),
    ] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::GET] {
            let layer = retrying(MockCall::new(move |_, seen| async move {
                seen.sent.start_attempt();
                if sent {
                    seen.sent.mark();
                }
                failed(FailureKind::Connect)
            }));
            let mut request = put("1").repeated(repeat);
            request.method = method;
            let failure = layer.call(&request).await.unwrap_err();
            assert_eq!((failure.attempts, failure.sent), (attempts, sent), "{request:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_response_makes_a_request_arrive_twice_that_must_not() {
    for status in [408, 429, 500, 502, 503, 504, 520, 530] {
        let layer = retrying(MockCall::new(move |_, seen| async move {
            seen.sent.start_attempt();
            seen.sent.mark();
            with_header(status, "retry-after", "0")
        }));
        let response = layer.call(&put("1").repeated(Repeat::OnlyIfUnsent)).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts, layer.inner.calls()), (status, 1, 1));
    }
}
