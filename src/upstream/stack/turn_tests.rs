//! Turns that last over several requests, on paused time.

use std::sync::Mutex;

use http::Method;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::tests::settings;
use super::*;
use crate::upstream::mock_call::{MockCall, SeenRequest, answered, failed, ok, put};
use crate::upstream::{FailureKind, Repeat};

const SECOND: Duration = Duration::from_secs(1);

/// What arrives at the vendor, and when.
type Log = Arc<Mutex<Vec<(&'static str, Duration)>>>;

/// A vendor that takes a second for each request, marks it as sent, and answers what the number of the call says.
fn stack(reply: fn(usize) -> crate::upstream::mock_call::Outcome) -> (Arc<Stack<MockCall>>, Tasks, Log) {
    let (log, start, tasks) = (Log::default(), Instant::now(), Tasks::default());
    let noted = Arc::clone(&log);
    let mock = MockCall::new(move |nth, seen: SeenRequest| {
        let what = if seen.body.is_empty() {
            "read"
        } else if seen.body == "next" {
            "next"
        } else {
            "write"
        };
        noted.lock().unwrap().push((what, start.elapsed()));
        seen.sent.mark();
        async move {
            sleep(SECOND).await;
            reply(nth)
        }
    });
    (Arc::new(Stack::over(&settings(), &tasks, mock)), tasks, log)
}

fn body(text: &'static str) -> VendorRequest {
    let mut request = put("7").repeated(Repeat::OnlyIfUnsent);
    request.body = bytes::Bytes::from_static(text.as_bytes());
    request
}

fn read() -> VendorRequest {
    let mut read = put("7");
    (read.key, read.method) = (None, Method::GET);
    read
}

async fn turn(stack: &Stack<MockCall>) -> QueuedLock {
    stack.turn(stack.queue_update(&"7".into()).unwrap(), Instant::now() + 30 * SECOND).await.unwrap()
}

/// Starts another update of the assistant, which waits for its turn.
async fn start_next(stack: &Arc<Stack<MockCall>>) -> tokio::task::JoinHandle<Result<VendorResponse, Failure>> {
    let update = stack.update(body("next"));
    let next = TaskTracker::new().spawn(update);
    tokio::task::yield_now().await;
    next
}

fn names(log: &Log) -> Vec<&'static str> {
    log.lock().unwrap().iter().map(|(what, _)| *what).collect()
}

#[tokio::test(start_paused = true)]
async fn reads_before_and_after_an_update_are_in_its_turn() {
    let (stack, _, log) = stack(|_| ok());
    let turn = turn(&stack).await;
    let next = start_next(&stack).await;
    stack.call(read()).await.unwrap();
    let mut update = stack.update(body("write").with_lock(Some(turn)));
    (&mut update).await.unwrap();
    update.settled(Instant::now()).await.unwrap(); // nothing to wait for
    stack.call(read()).await.unwrap();
    assert_eq!(names(&log), ["read", "write", "read"]);
    drop(update);
    next.await.unwrap().unwrap();
    assert_eq!(names(&log), ["read", "write", "read", "next"]);
    assert_eq!(log.lock().unwrap()[3].1, 3 * SECOND, "it goes at once");
    assert_eq!(stack.parts.locks.current().keys(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_turn_goes_to_the_next_wherever_it_is_dropped() {
    for point in 0..6 {
        let (stack, tasks, log) = stack(|_| ok());
        let mut turns = stack.queue_update(&"7".into()).ok();
        let next = start_next(&stack).await;
        let mut own = Box::pin(async {
            let turn = stack.turn(turns.take().unwrap(), Instant::now() + SECOND).await.unwrap();
            if point == 0 {
                return;
            }
            stack.call(read()).await.unwrap();
            if point == 2 {
                return;
            }
            let mut update = stack.update(body("write").with_lock(Some(turn)));
            (&mut update).await.unwrap();
            if point == 4 {
                return;
            }
            stack.call(read()).await.unwrap();
        });
        // In the first read, in the update, in the second read; or where it returns.
        let _ = timeout(SECOND * point / 2, &mut own).await;
        drop(own);
        next.await.unwrap().unwrap();
        let expected: &[_] = match point {
            0 => &["next"],
            1 | 2 => &["read", "next"],
            3 | 4 => &["read", "write", "next"],
            _ => &["read", "write", "read", "next"],
        };
        assert_eq!(names(&log), expected, "{point}");
        assert_eq!(stack.snapshot().handed_over, u64::from(point == 3));
        assert_eq!(stack.parts.locks.current().keys(), 0);
        assert_eq!(tasks.updates.len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_come_in_time_is_a_failure_that_counts() {
    let (stack, _, log) = stack(|_| ok());
    let held = turn(&stack).await;
    let waited = stack.turn(stack.queue_update(&"7".into()).unwrap(), Instant::now() + SECOND).await;
    let failure = waited.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.queued), (FailureKind::DeadlineBeforeSend, false, SECOND));
    assert_eq!(stack.parts.context.counters.failures_of(&failure.kind), 1);
    drop(held);
    assert_eq!((names(&log).len(), stack.parts.locks.current().keys()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn after_an_unknown_outcome_the_read_waits_inside_the_turn() {
    let (stack, _, log) = stack(|nth| if nth == 0 { failed(FailureKind::ConnectionLost) } else { ok() });
    let mut update = stack.update(body("write").with_lock(Some(turn(&stack).await)));
    let next = start_next(&stack).await;
    assert!((&mut update).await.unwrap_err().sent);
    let hurried = update.settled(Instant::now() + SECOND).await.unwrap_err();
    assert_eq!(hurried.kind, FailureKind::Settling { retry_after: 2 * SECOND });
    update.settled(Instant::now() + 30 * SECOND).await.unwrap();
    stack.call(read()).await.unwrap();
    drop(update);
    next.await.unwrap().unwrap();
    assert_eq!(*log.lock().unwrap(), [("write", Duration::ZERO), ("read", 3 * SECOND), ("next", 4 * SECOND)]);
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_while_the_vendor_settles_keeps_the_next_waiting() {
    let (stack, _, log) = stack(|nth| if nth == 0 { failed(FailureKind::ConnectionLost) } else { ok() });
    let mut update = stack.update(body("write"));
    assert!((&mut update).await.unwrap_err().sent);
    let next = start_next(&stack).await;
    assert!(timeout(SECOND, update.settled(Instant::now() + 30 * SECOND)).await.is_err());
    let (turn, _) = update.into_turn();
    drop(turn);
    next.await.unwrap().unwrap();
    assert_eq!(log.lock().unwrap()[1], ("next", 3 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_request_keeps_the_next_waiting_although_a_later_one_in_its_turn_is_answered() {
    let (stack, _, log) = stack(|nth| if nth == 0 { failed(FailureKind::ConnectionLost) } else { ok() });
    let mut first = stack.update(body("write"));
    (&mut first).await.unwrap_err();
    let (turn, _) = first.into_turn();
    stack.update(body("write").with_lock(turn)).await.unwrap();
    start_next(&stack).await.await.unwrap().unwrap();
    assert_eq!(log.lock().unwrap()[2], ("next", 3 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn another_attempt_by_the_caller_counts_like_one_of_the_same_request() {
    let (stack, _, log) = stack(|nth| match nth {
        0 => failed(FailureKind::ConnectionLost),
        1 => answered(503),
        _ => answered(429),
    });
    let deadline = Instant::now() + 30 * SECOND;
    let mut update = stack.update(body("write").with_lock(Some(turn(&stack).await)));
    for attempts in 1..=3 {
        let result = (&mut update).await;
        let (so_far, in_doubt) = match &result {
            Ok(response) => (response.attempts, response.was_in_doubt),
            Err(failure) => (failure.attempts, failure.sent),
        };
        assert_eq!((so_far, in_doubt), (attempts, true), "{result:?}");
        assert_eq!(stack.next_attempt(&mut update, &result, deadline).await, attempts < 3);
        let further = body("write").continuing(&update, attempts);
        let (turn, _) = update.into_turn();
        update = stack.update(further.with_lock(turn));
    }
    let snapshot = stack.snapshot();
    assert_eq!((names(&log).len(), snapshot.attempts, snapshot.retries), (3, 3, 2));
    assert!((snapshot.retry_budget - 0.2).abs() < 1e-9, "one request, two retries: {}", snapshot.retry_budget);
}

#[tokio::test(start_paused = true)]
async fn another_attempt_is_bounded_by_the_deadline_the_budget_and_the_breaker() {
    let (stack, ..) = stack(|_| answered(503));
    let mut update = stack.update(body("write"));
    let result = (&mut update).await;
    assert!(!stack.next_attempt(&mut update, &result, Instant::now()).await, "no time is left");
    let deadline = Instant::now() + 30 * SECOND;
    for status in [200, 404, 422, 501] {
        assert!(!stack.next_attempt(&mut update, &answered(status), deadline).await, "{status} does not pass");
    }
    for _ in 0..2 {
        assert!(stack.next_attempt(&mut update, &result, deadline).await);
    }
    assert!(!stack.next_attempt(&mut update, &result, deadline).await, "the budget is spent");
    assert_eq!(stack.snapshot().retries_withheld, 1);
}

#[tokio::test(start_paused = true)]
async fn a_further_request_that_is_not_sent_leaves_the_doubt_of_the_first() {
    let (stack, ..) = stack(|_| failed(FailureKind::ConnectionLost));
    let mut update = stack.update(body("write"));
    assert!((&mut update).await.unwrap_err().sent);
    let mut late = body("write").continuing(&update, 1);
    late.deadline = Instant::now();
    let failure = stack.update(late).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.attempts), (FailureKind::DeadlineBeforeSend, true, 1));
}

#[tokio::test(start_paused = true)]
async fn permits_last_until_the_update_has_ended() {
    let bell = Arc::new(Notify::new());
    let rung = Arc::clone(&bell);
    let mock = MockCall::new(move |_, seen| {
        seen.sent.mark();
        let bell = Arc::clone(&rung);
        async move {
            bell.notified().await;
            ok()
        }
    });
    let stack = Stack::over(&settings(), &Tasks::default(), mock);
    let mut update = stack.update(body("write"));
    assert!(timeout(SECOND, &mut update).await.is_err());
    assert!(matches!(update.into_turn(), (None, None)), "nothing is given out of an update under way");
    bell.notify_one();
    assert_eq!(stack.snapshot().handed_over, 1);
}
