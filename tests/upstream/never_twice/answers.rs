//! Answers after which other requests are sent again, connections that were used before, and callers that leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use switchboard::upstream::{ConnectionChoice, FailureKind};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::{create, creation, stack};
use crate::vendor::{OK, Vendor, hold, put, request, reset};

/// A vendor that gives every request the same answer; counts them.
async fn answering(answer: String) -> (Vendor, Arc<AtomicUsize>) {
    let arrivals = Arc::<AtomicUsize>::default();
    let seen = Arc::clone(&arrivals);
    let vendor = Vendor::start(move |_, mut socket| {
        let (answer, seen) = (answer.clone(), Arc::clone(&seen));
        async move {
            while request(&mut socket).await {
                seen.fetch_add(1, Ordering::SeqCst);
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        }
    })
    .await;
    (vendor, arrivals)
}

#[tokio::test]
async fn no_status_makes_it_arrive_twice() {
    for status in [301, 302, 303, 307, 308, 401, 408, 409, 421, 425, 429, 500, 502, 503, 504, 520, 530] {
        for header in ["retry-after: 0", "retry-after: 1", "location: /elsewhere", "connection: close"] {
            let (vendor, arrivals) =
                answering(format!("HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: 0\r\n\r\n")).await;
            let response = create(&stack(&vendor.base)).await.unwrap();
            assert_eq!((response.status.as_u16(), response.attempts), (status, 1), "{header}");
            assert_eq!((arrivals.load(Ordering::SeqCst), vendor.connections()), (1, 1), "{status} {header}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_hangs_gets_it_once() {
    let (vendor, arrivals) = answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_owned()).await;
    let failure = create(&stack(&vendor.base)).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.attempts), (FailureKind::Timeout, true, 1));
    assert_eq!(arrivals.load(Ordering::SeqCst), 1);
}

/// How a vendor treats the second request on a connection.
#[derive(Clone, Copy, Debug)]
enum Second {
    /// It closed the connection before.
    Closed,
    /// It closes, or resets, the connection on the request.
    Closes,
    Resets,
    /// Balancers say so of an idle connection.
    Says408,
}

async fn with_second(second: Second, arrivals: Arc<AtomicUsize>) -> (Vendor, Arc<Notify>) {
    let closed = Arc::new(Notify::new());
    let told = Arc::clone(&closed);
    let vendor = Vendor::start(move |nth, mut socket| {
        let (arrivals, told) = (Arc::clone(&arrivals), Arc::clone(&told));
        async move {
            request(&mut socket).await;
            arrivals.fetch_add(nth.min(1), Ordering::SeqCst); // the first one only opens the connection
            let _ = socket.write_all(OK.as_bytes()).await;
            if nth > 0 {
                return hold(socket).await;
            }
            if let Second::Closed = second {
                drop(socket);
                return told.notify_one();
            }
            if request(&mut socket).await {
                arrivals.fetch_add(1, Ordering::SeqCst);
            }
            match second {
                Second::Resets => reset(socket),
                Second::Says408 => {
                    let said = b"HTTP/1.1 408 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    let _ = socket.write_all(said).await;
                }
                _ => {}
            }
        }
    })
    .await;
    (vendor, closed)
}

#[tokio::test]
async fn on_a_connection_used_before_it_is_neither_sent_twice_nor_lost_unseen() {
    for second in [Second::Closed, Second::Closes, Second::Resets, Second::Says408] {
        for _ in 0..10 {
            let arrivals = Arc::<AtomicUsize>::default();
            let (vendor, closed) = with_second(second, Arc::clone(&arrivals)).await;
            let stack = stack(&vendor.base);
            put(&stack).await.unwrap();
            if let Second::Closed = second {
                closed.notified().await;
            }
            let mut pooled = creation(&stack);
            pooled.connection = ConnectionChoice::Pooled;
            let result = stack.update(pooled).await;
            let arrived = arrivals.load(Ordering::SeqCst);
            match (second, result) {
                // It meets the end of the connection: unwritten, and goes on another one, or written.
                (Second::Closed, Ok(response)) => assert_eq!((response.status.as_u16(), arrived), (200, 1)),
                (Second::Closed, Err(failure)) => assert_eq!((failure.sent, arrived), (true, 0), "{failure}"),
                (_, Ok(response)) => panic!("{second:?}: {response:?}"),
                (_, Err(failure)) => {
                    assert_eq!((failure.kind, failure.sent), (FailureKind::ConnectionLost, true), "{second:?}");
                    assert_eq!((failure.attempts, arrived), (1, 1), "{second:?}");
                }
            }
            assert_eq!(stack.snapshot().reconnects, 0);
        }
    }
}

#[tokio::test]
async fn on_a_connection_of_its_own_no_used_one_matters() {
    for second in [Second::Closed, Second::Closes, Second::Resets, Second::Says408] {
        let arrivals = Arc::<AtomicUsize>::default();
        let (vendor, _) = with_second(second, Arc::clone(&arrivals)).await;
        let stack = stack(&vendor.base);
        put(&stack).await.unwrap();
        let response = create(&stack).await.unwrap();
        assert_eq!((response.attempts, arrivals.load(Ordering::SeqCst), vendor.connections()), (1, 1, 2), "{second:?}");
    }
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_make_it_arrive_twice() {
    let (arrived, bell) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let arrivals = Arc::<AtomicUsize>::default();
    let (told, rung, seen) = (Arc::clone(&arrived), Arc::clone(&bell), Arc::clone(&arrivals));
    let vendor = Vendor::start(move |_, mut socket| {
        let (told, rung, seen) = (Arc::clone(&told), Arc::clone(&rung), Arc::clone(&seen));
        async move {
            while request(&mut socket).await {
                seen.fetch_add(1, Ordering::SeqCst);
                told.notify_one();
                rung.notified().await;
                let _ = socket.write_all(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n").await;
            }
        }
    })
    .await;
    let tasks = switchboard::upstream::Tasks::default();
    let settings = crate::vendor::settings(&vendor.base, Duration::from_secs(20));
    let retry = switchboard::upstream::RetrySettings { max_attempts: 3, ..settings.retry };
    let settings = switchboard::upstream::StackSettings { retry, ..settings };
    let stack = switchboard::upstream::Stack::new(&settings, &tasks);
    let creating = TaskTracker::new().spawn(stack.update(creation(&stack)));
    arrived.notified().await;
    creating.abort();
    assert!(creating.await.unwrap_err().is_cancelled());
    bell.notify_one();
    tasks.updates.close();
    tasks.updates.wait().await;
    assert_eq!((arrivals.load(Ordering::SeqCst), stack.snapshot().handed_over, stack.writes()), (1, 1, 1));
}
