//! The order of one assistant's updates after an unknown outcome and over changes of the scope, on paused time.

use std::future::pending;
use std::sync::Mutex;

use http::StatusCode;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::tests::settings;
use super::*;
use crate::upstream::FailureKind;
use crate::upstream::mock_call::{MockCall, Outcome, answered, failed, ok, put, with_header};
use crate::upstream::{ResponseValidator, RetrySettings};

const SECOND: Duration = Duration::from_secs(1);

/// When each attempt began, and for which body.
type Log = Arc<Mutex<Vec<(u8, Duration)>>>;

/// A stack that tries once, over a vendor that marks every request as sent and gives each the outcome of its number.
fn stack<R>(reply: fn(usize) -> R) -> (Arc<Stack<MockCall>>, Tasks, Log)
where
    R: Future<Output = Outcome> + Send + 'static,
{
    let once = RetrySettings { max_attempts: 1, ..settings().retry };
    over(StackSettings { retry: once, ..settings() }, &Tasks::default(), reply)
}

fn over<R>(settings: StackSettings, tasks: &Tasks, reply: fn(usize) -> R) -> (Arc<Stack<MockCall>>, Tasks, Log)
where
    R: Future<Output = Outcome> + Send + 'static,
{
    let (log, start) = (Log::default(), Instant::now());
    let noted = Arc::clone(&log);
    let mock = MockCall::new(move |nth, seen| {
        noted.lock().unwrap().push((seen.body.first().copied().unwrap_or_default(), start.elapsed()));
        seen.sent.mark();
        reply(nth)
    });
    (Arc::new(Stack::over(&settings, tasks, mock)), tasks.clone(), log)
}

fn numbered(key: &str, number: u8) -> VendorRequest {
    let mut request = put(key);
    request.body = bytes::Bytes::copy_from_slice(&[number]);
    request
}

/// How long after the end of a first update with that outcome the next one of its assistant is sent.
async fn wait_after<R>(reply: fn(usize) -> R) -> Duration
where
    R: Future<Output = Outcome> + Send + 'static,
{
    let (stack, _, log) = stack(reply);
    let start = Instant::now();
    let _ = stack.update(numbered("7", 1)).await;
    let ended = start.elapsed();
    let _ = stack.update(numbered("7", 2)).await;
    log.lock().unwrap()[1].1 - ended
}

#[tokio::test(start_paused = true)]
async fn the_next_update_waits_after_an_attempt_without_a_trustworthy_answer() {
    macro_rules! waits {
        ($($outcome:expr),*) => {
            $(assert_eq!(wait_after(|_| async { $outcome }).await, 2 * SECOND, "{}", stringify!($outcome));)*
        };
    }
    waits!(
        answered(500),
        answered(502),
        answered(504),
        answered(302),
        failed(FailureKind::ConnectionLost),
        failed(FailureKind::ResponseCut { status: StatusCode::OK }),
        failed(FailureKind::MalformedResponse),
        failed(FailureKind::BodyTooLong { status: StatusCode::OK }),
        pending().await
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_update_does_not_wait_after_a_clear_answer() {
    macro_rules! goes_on {
        ($($status:expr),*) => {
            $(assert_eq!(wait_after(|_| async { answered($status) }).await, Duration::ZERO, "{}", $status);)*
        };
    }
    goes_on!(200, 204, 400, 401, 403, 404, 408, 422);
    assert_eq!(wait_after(|_| async { with_header(429, "retry-after", "0") }).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_leaves_nothing_to_wait_for() {
    let tasks = Tasks::default();
    let stack = Stack::over(&settings(), &tasks, MockCall::new(|_, _| async { failed(FailureKind::Connect) }));
    let start = Instant::now();
    for _ in 0..2 {
        let mut request = put("7");
        request.deadline = start + SECOND;
        assert_eq!(stack.update(request).await.unwrap_err().kind, FailureKind::Connect);
    }
}

#[tokio::test(start_paused = true)]
async fn other_assistants_never_wait_for_it() {
    let (stack, _, log) = stack(|nth| async move { if nth == 0 { answered(500) } else { ok() } });
    stack.update(numbered("7", 1)).await.unwrap();
    stack.update(numbered("8", 2)).await.unwrap();
    assert_eq!(log.lock().unwrap()[1].1, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_succeeds_does_not_take_back_the_doubt_about_the_attempt_before() {
    let tasks = Tasks::default();
    let (stack, _, log) = over(settings(), &tasks, |nth| async move { if nth == 0 { answered(503) } else { ok() } });
    assert_eq!(stack.update(numbered("7", 1)).await.unwrap().attempts, 2);
    stack.update(numbered("7", 2)).await.unwrap();
    assert_eq!(log.lock().unwrap()[2], (2, 2 * SECOND), "two seconds after the end of the first attempt");
}

#[tokio::test(start_paused = true)]
async fn the_wait_counts_from_the_last_such_attempt() {
    let tasks = Tasks::default();
    let (stack, _, log) = over(settings(), &tasks, |nth| async move {
        match nth {
            0 => with_header(503, "retry-after", "3"),
            1 => answered(503),
            _ => ok(),
        }
    });
    assert_eq!(stack.update(numbered("7", 1)).await.unwrap().attempts, 3);
    stack.update(numbered("7", 2)).await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[3], (2, log[1].1 + 2 * SECOND), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_ends_meanwhile_says_when_to_come_back() {
    let (stack, _, log) = stack(|_| async { answered(500) });
    stack.update(numbered("7", 1)).await.unwrap();
    for left in [1500, 1000] {
        let mut hurried = numbered("7", 2);
        hurried.deadline = Instant::now() + Duration::from_millis(500);
        let failure = stack.update(hurried).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Settling { retry_after: Duration::from_millis(left) });
        assert_eq!((failure.sent, failure.attempts), (false, 0));
    }
    stack.update(numbered("7", 3)).await.unwrap();
    assert_eq!(*log.lock().unwrap(), [(1, Duration::ZERO), (3, 2 * SECOND)]);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_already_keep_their_order() {
    let (stack, _, log) = stack(|nth| async move {
        tokio::time::sleep(SECOND).await;
        if nth == 0 { answered(500) } else { ok() }
    });
    let calls = (1..=3).map(|number| stack.update(numbered("7", number)));
    futures_util::future::join_all(calls).await;
    assert_eq!(*log.lock().unwrap(), [(1, Duration::ZERO), (2, 3 * SECOND), (3, 4 * SECOND)]);
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_caller_has_gone_holds_the_next_one_back_too() {
    let (stack, _, log) = stack(|nth| async move { if nth == 0 { pending().await } else { ok() } });
    let mut left = numbered("7", 1);
    left.deadline = Instant::now() + 5 * SECOND;
    assert!(timeout(SECOND, stack.update(left)).await.is_err());
    stack.update(numbered("7", 2)).await.unwrap();
    assert_eq!(log.lock().unwrap()[1], (2, 7 * SECOND));
}

/// Confirms nothing.
struct Doubtful;

impl ResponseValidator for Doubtful {
    fn confirms(&self, _: &VendorResponse) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_turns_out_to_be_none_holds_the_next_one_back() {
    for leaves in [false, true] {
        let (stack, _, log) = stack(|_| async {
            tokio::time::sleep(SECOND).await;
            ok()
        });
        let mut request = numbered("7", 1);
        request.validator = Some(&Doubtful);
        let mut first = stack.update(request);
        if leaves {
            assert!(timeout(SECOND / 2, first).await.is_err());
        } else {
            (&mut first).await.unwrap();
            let next = stack.update(numbered("7", 0));
            assert!(timeout(Duration::ZERO, next).await.is_err(), "not before the answer has been judged");
            first.doubt();
            drop(first);
        }
        stack.update(numbered("7", 2)).await.unwrap();
        assert_eq!(log.lock().unwrap()[1], (2, 3 * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_turned_off() {
    let off = StackSettings { settle_after_unknown: Duration::ZERO, ..settings() };
    let (stack, _, log) = over(off, &Tasks::default(), |_| async { failed(FailureKind::MalformedResponse) });
    for number in [1, 2] {
        stack.update(numbered("7", number)).await.unwrap_err();
    }
    assert_eq!(log.lock().unwrap()[1].1, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_wait_outlives_the_stack_and_then_leaves_nothing() {
    let (old, tasks, _) = stack(|_| async { answered(500) });
    old.update(numbered("7", 1)).await.unwrap();
    drop(old);
    let (new, _, log) = over(settings(), &tasks, |_| async { ok() });
    new.update(numbered("7", 2)).await.unwrap();
    assert_eq!(log.lock().unwrap()[0], (2, 2 * SECOND));
    assert_eq!(new.parts.locks.current().keys(), 0);
}

/// Stacks of two accounts whose vendor takes a second for each update.
fn two_accounts(tasks: &Tasks) -> [Arc<Stack<MockCall>>; 2] {
    ["a", "b"].map(|name| {
        let settings = StackSettings { name: name.into(), ..settings() };
        over(settings, tasks, |_| async {
            tokio::time::sleep(SECOND).await;
            ok()
        })
        .0
    })
}

/// How long two updates of one assistant take, one over each stack.
async fn together([a, b]: &[Arc<Stack<MockCall>>; 2]) -> Duration {
    let start = Instant::now();
    let (first, second) = tokio::join!(a.update(put("7")), b.update(put("7")));
    assert!(first.is_ok() && second.is_ok());
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn accounts_of_one_scope_keep_one_order_and_others_do_not() {
    let tasks = Tasks::default();
    let accounts = two_accounts(&tasks);
    assert_eq!(together(&accounts).await, SECOND);
    tasks.scope("b", &"a".into());
    assert_eq!(together(&accounts).await, 2 * SECOND);
    tasks.scope("b", &"b".into());
    assert_eq!(together(&accounts).await, SECOND);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_when_the_scope_changes_goes_first_and_so_does_what_waits() {
    for (before, after) in [("b", "a"), ("a", "b")] {
        let bell = Arc::new(Notify::new());
        let (tasks, rung, seen) = (Tasks::default(), Arc::clone(&bell), Log::default());
        let noted = Arc::clone(&seen);
        let vendor = MockCall::new(move |_, request| {
            noted.lock().unwrap().push((request.body[0], Duration::ZERO));
            let bell = Arc::clone(&rung);
            async move {
                bell.notified().await;
                ok()
            }
        });
        let [a, b] = ["a", "b"].map(|name| {
            let settings = StackSettings { name: name.into(), ..settings() };
            Arc::new(Stack::over(&settings, &tasks, vendor.clone()))
        });
        tasks.scope("b", &before.into());
        let mut calls = tokio::task::JoinSet::new();
        let mut update = |stack: &Arc<Stack<MockCall>>, number| {
            let update = stack.update(numbered("7", number));
            calls.spawn(update);
        };
        update(&b, 1);
        update(&b, 2);
        tokio::task::yield_now().await;
        tasks.scope("b", &after.into());
        update(&b, 3);
        if after == "a" {
            update(&a, 4);
        }
        for sent in 1..=3 + u8::from(after == "a") {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let expected: Vec<_> = (1..=sent).map(|number| (number, Duration::ZERO)).collect();
            assert_eq!(*seen.lock().unwrap(), expected, "from {before} to {after}");
            bell.notify_one();
        }
        calls.join_all().await;
        assert_eq!((a.parts.locks.current().keys(), b.parts.locks.current().keys()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_scope_keeps_the_wait_after_an_unknown_outcome() {
    let tasks = Tasks::default();
    let (stack, _, log) =
        over(
            settings(),
            &tasks,
            |nth| async move { if nth == 0 { failed(FailureKind::MalformedResponse) } else { ok() } },
        );
    stack.update(numbered("7", 1)).await.unwrap_err();
    tasks.scope("v", &"other".into());
    let mut hurried = numbered("7", 2);
    hurried.deadline = Instant::now() + SECOND;
    let failure = stack.update(hurried).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Settling { retry_after: SECOND });
    stack.update(numbered("7", 3)).await.unwrap();
    assert_eq!(log.lock().unwrap()[1], (3, 2 * SECOND));
}
