//! The number of writes that have ended, which tells readers whether what they have read still holds. On paused time.

use http::Method;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::tests::settings;
use super::*;
use crate::upstream::FailureKind;
use crate::upstream::mock_call::{MockCall, Outcome, answered, failed, ok, put};

const SECOND: Duration = Duration::from_secs(1);

fn named(name: &str, tasks: &Tasks, vendor: MockCall) -> Arc<Stack<MockCall>> {
    Arc::new(Stack::over(&StackSettings { name: name.into(), ..settings() }, tasks, vendor))
}

/// A vendor that marks each request as sent, if it is `sent`, and gives it this outcome.
fn vendor(sent: bool, outcome: fn() -> Outcome) -> MockCall {
    MockCall::new(move |_, seen| {
        if sent {
            seen.sent.mark();
        }
        async move { outcome() }
    })
}

/// A vendor that answers when the bell rings.
fn belled(bell: &Arc<Notify>) -> MockCall {
    let bell = Arc::clone(bell);
    MockCall::new(move |_, seen| {
        seen.sent.mark();
        let bell = Arc::clone(&bell);
        async move {
            bell.notified().await;
            ok()
        }
    })
}

fn creation() -> VendorRequest {
    let mut creation = put("7").never_twice();
    (creation.key, creation.method) = (None, Method::POST);
    creation
}

/// Sends an update with a caller that leaves when it is on its way.
async fn leave_behind(stack: &Stack<MockCall>, request: VendorRequest) {
    assert!(timeout(SECOND, stack.update(request)).await.is_err());
}

async fn until_idle(tasks: &Tasks) {
    tasks.updates.close();
    tasks.updates.wait().await;
    tasks.updates.reopen();
}

#[tokio::test(start_paused = true)]
async fn every_write_that_may_have_arrived_counts_and_no_other_request_does() {
    let outcomes: [(fn() -> Outcome, bool); 5] = [
        (ok, false),
        (|| answered(404), false),
        (|| answered(501), true),
        (|| failed(FailureKind::MalformedResponse), true),
        (|| failed(FailureKind::BodyTooLong { status: http::StatusCode::OK }), true),
    ];
    for (outcome, unknown) in outcomes {
        for (request, keyed) in [(put as fn(&str) -> VendorRequest, true), (|_| creation(), false)] {
            let stack = named("v", &Tasks::default(), vendor(true, outcome));
            assert_eq!(stack.writes(), 0);
            let _ = stack.update(request("7")).await;
            assert_eq!(stack.writes(), 1, "{:?}", outcome());
            sleep(3 * SECOND).await;
            assert_eq!(stack.writes(), 1 + u64::from(unknown && keyed), "what the vendor may have applied meanwhile");
            let _ = stack.call(request("8")).await;
            assert_eq!(stack.writes(), 1 + u64::from(unknown && keyed), "a read is no write");
        }
    }
    let stack = named("v", &Tasks::default(), vendor(false, || failed(FailureKind::Connect)));
    stack.update(put("7")).await.unwrap_err();
    assert_eq!(stack.writes(), 0, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn a_write_counts_at_its_end_also_without_its_caller() {
    let (bell, tasks) = (Arc::new(Notify::new()), Tasks::default());
    let stack = named("v", &tasks, belled(&bell));
    for (number, request) in [(1, put("7")), (2, creation())] {
        leave_behind(&stack, request).await;
        assert_eq!(stack.writes(), number - 1, "it is under way");
        bell.notify_one();
        until_idle(&tasks).await;
        assert_eq!(stack.writes(), number);
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_of_one_scope_count_together() {
    let tasks = Tasks::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| named(name, &tasks, vendor(true, ok)));
    tasks.scope("b", &"a".into());
    let before = (a.writes(), b.writes());
    b.update(put("7")).await.unwrap();
    assert_eq!((a.writes(), b.writes(), c.writes()), (before.0 + 1, before.1 + 1, 0));
    a.update(creation()).await.unwrap();
    assert_eq!((a.writes(), b.writes(), c.writes()), (before.0 + 2, before.1 + 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_write_of_the_stack_before_a_reload_counts_after_it() {
    let (bell, tasks) = (Arc::new(Notify::new()), Tasks::default());
    let old = named("v", &tasks, belled(&bell));
    leave_behind(&old, creation()).await;
    drop(old);
    let new = named("v", &tasks, vendor(true, ok));
    let before = new.writes();
    bell.notify_one();
    until_idle(&tasks).await;
    assert_eq!(new.writes(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_under_way_counts_in_both_scopes_when_its_account_changes_them() {
    for (before, after) in [("b", "a"), ("a", "b")] {
        for request in [put("7"), creation()] {
            let (bell, tasks) = (Arc::new(Notify::new()), Tasks::default());
            let [a, b] = ["a", "b"].map(|name| named(name, &tasks, belled(&bell)));
            tasks.scope("b", &before.into());
            let number = b.writes();
            leave_behind(&b, request).await;
            tasks.scope("b", &after.into());
            assert!(b.writes() > number, "what was read in the other scope holds no longer");
            let numbers = (a.writes(), b.writes());
            bell.notify_one();
            until_idle(&tasks).await;
            assert!(b.writes() > numbers.1, "from {before} to {after}");
            assert!(a.writes() > numbers.0, "from {before} to {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_update_of_an_account_with_a_new_name_counts_there() {
    let (bell, tasks) = (Arc::new(Notify::new()), Tasks::default());
    let old = named("old", &tasks, belled(&bell));
    leave_behind(&old, put("7")).await;
    let new = named("new", &tasks, vendor(true, ok));
    tasks.follow(&"new".into(), "old");
    let before = new.writes();
    drop(old);
    bell.notify_one();
    until_idle(&tasks).await;
    assert_eq!(new.writes(), before + 1);
}
