//! Connections that are kept, and what becomes of them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use switchboard::upstream::{FailureKind, Fence, RetrySettings, Stack, StackSettings, Tasks};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

use crate::vendor::{OK, Vendor, hold, outgoing, put, put_body, request, reset, settings, stack};

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let vendor = Vendor::start(|_, mut socket| async move {
        while request(&mut socket).await {
            let _ = socket.write_all(OK.as_bytes()).await;
        }
    })
    .await;
    let stack = stack(&vendor.base);
    for _ in 0..5 {
        put(&stack).await.unwrap();
    }
    assert_eq!(vendor.connections(), 1);
}

#[tokio::test]
async fn what_idles_longer_than_servers_keep_it_is_closed() {
    let (closed, closes) = tokio::sync::oneshot::channel();
    let closed = Arc::new(Mutex::new(Some(closed)));
    let vendor = Vendor::start(move |_, mut socket| {
        let closed = Arc::clone(&closed);
        async move {
            while request(&mut socket).await {
                let _ = socket.write_all(OK.as_bytes()).await;
            }
            let closed = closed.lock().unwrap().take();
            let _ = closed.unwrap().send(Instant::now());
        }
    })
    .await;
    let stack = stack(&vendor.base);
    put(&stack).await.unwrap();
    tokio::time::pause(); // nothing is left to wait for but the end of its time
    let idle_since = Instant::now();
    let idled = closes.await.unwrap() - idle_since;
    assert!((45..=55).contains(&idled.as_secs()), "{idled:?}");
    tokio::time::resume();
    put(&stack).await.unwrap();
    assert_eq!(vendor.connections(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_request_is_replaced_once_at_no_cost() {
    let vendor = Vendor::start(|nth, mut socket| async move {
        request(&mut socket).await;
        let _ = socket.write_all(OK.as_bytes()).await;
        if request(&mut socket).await && nth > 0 {
            let _ = socket.write_all(OK.as_bytes()).await;
        } // the first connection takes a second request and closes without a word
    })
    .await;
    let stack = stack(&vendor.base);
    put(&stack).await.unwrap();
    let answer = put(&stack).await.unwrap();
    let snapshot = stack.snapshot();
    assert_eq!((answer.attempts, snapshot.reconnects, snapshot.retries), (1, 1, 0));
    assert_eq!(vendor.connections(), 2);
}

#[tokio::test]
async fn a_kept_connection_closed_while_idle_is_replaced() {
    let vendor = Vendor::start(|_, mut socket| async move {
        request(&mut socket).await;
        let _ = socket.write_all(OK.as_bytes()).await;
        let _ = socket.shutdown().await; // half closed: reads go on
        hold(socket).await;
    })
    .await;
    let stack = stack(&vendor.base);
    for _ in 0..5 {
        assert_eq!(put(&stack).await.unwrap().attempts, 1);
    }
    assert_eq!(vendor.connections(), 5);
}

/// What comes of an update on a kept connection that answers so many requests with 429 and then takes one and closes, at which
/// moment this process may send nothing more.
async fn lost_as_the_fence_closes(answered: usize) -> (FailureKind, bool, u32) {
    const LIMITED: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 2\r\n\r\n{}";
    let fence = Fence::closed();
    fence.extend(Instant::now() + Duration::from_secs(3600));
    let closing = fence.clone();
    let vendor = Vendor::start(move |nth, mut socket| {
        let closing = closing.clone();
        async move {
            if nth > 0 {
                assert!(!request(&mut socket).await, "nothing is sent behind the fence");
                return;
            }
            request(&mut socket).await;
            let _ = socket.write_all(OK.as_bytes()).await;
            for _ in 0..answered {
                request(&mut socket).await;
                let _ = socket.write_all(LIMITED.as_bytes()).await;
            }
            request(&mut socket).await;
            closing.close();
        }
    })
    .await;
    let settings = settings(&vendor.base, Duration::from_secs(20));
    let settings = StackSettings { retry: RetrySettings { max_attempts: 3, ..settings.retry }, ..settings };
    let stack = Stack::new(&settings, &Tasks::default());
    put(&stack).await.unwrap();
    let mut update = outgoing(&stack, "{}");
    update.fence = Some(fence);
    let failure = stack.update(update).await.unwrap_err();
    (failure.kind, failure.sent, failure.attempts)
}

#[tokio::test]
async fn what_was_sent_is_not_forgotten_if_it_may_not_be_sent_again() {
    assert_eq!(lost_as_the_fence_closes(0).await, (FailureKind::ConnectionLost, true, 1));
    // Nor is an earlier refusal the answer.
    assert_eq!(lost_as_the_fence_closes(1).await, (FailureKind::ConnectionLost, true, 2));
}

#[tokio::test]
async fn a_kept_connection_that_dies_with_its_vendor_was_sent() {
    let vendor = Vendor::start(|nth, mut socket| async move {
        if nth > 0 {
            return reset(socket);
        }
        request(&mut socket).await;
        let _ = socket.write_all(OK.as_bytes()).await;
        request(&mut socket).await;
        reset(socket);
    })
    .await;
    let stack = stack(&vendor.base);
    put(&stack).await.unwrap();
    let failure = put(&stack).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.attempts), (FailureKind::ConnectionLost, true, 1));
    assert_eq!(stack.snapshot().reconnects, 1);
}

#[tokio::test]
async fn a_lost_connection_is_retried_within_the_settings() {
    let vendor = Vendor::start(|nth, mut socket| async move {
        request(&mut socket).await;
        if nth < 2 {
            return reset(socket);
        }
        let _ = socket.write_all(OK.as_bytes()).await;
    })
    .await;
    let mut settings = settings(&vendor.base, Duration::from_secs(20));
    settings.retry.max_attempts = 3;
    let stack = Stack::new(&settings, &Tasks::default());
    assert_eq!(put(&stack).await.unwrap().attempts, 3);
    assert_eq!(vendor.connections(), 3);
}

#[tokio::test]
async fn connections_end_with_their_stack() {
    let vendor = Vendor::start(|_, mut socket| async move {
        while request(&mut socket).await {
            let _ = socket.write_all(OK.as_bytes()).await;
        }
    })
    .await;
    let tasks = Tasks::default();
    let stack = Stack::new(&settings(&vendor.base, Duration::from_secs(20)), &tasks);
    put(&stack).await.unwrap();
    assert!(!tasks.connections.is_empty());
    drop(stack);
    tasks.connections.close();
    tasks.connections.wait().await;
}

/// Two updates, longer than all buffers, to a vendor that answers early and reads no further; its tasks.
async fn half_read() -> (Stack, Tasks) {
    let vendor = Vendor::start(|_, mut socket| async move {
        let _ = socket.read(&mut [0; 1024]).await;
        let _ = socket.write_all(OK.as_bytes()).await;
        std::future::pending::<()>().await;
    })
    .await;
    let tasks = Tasks::default();
    let stack = Stack::new(&settings(&vendor.base, Duration::from_secs(20)), &tasks);
    for _ in 0..2 {
        put_body(&stack, vec![b' '; 16 << 20]).await.unwrap();
    }
    assert_eq!(vendor.connections(), 2, "one that is not done with a request takes no other");
    (stack, tasks)
}

#[tokio::test]
async fn a_connection_on_which_the_vendor_reads_no_further_is_given_up() {
    let (_stack, tasks) = half_read().await;
    tokio::time::pause();
    let since = Instant::now();
    while !tasks.connections.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(since.elapsed() < Duration::from_secs(10), "{} are left", tasks.connections.len());
    }
}

#[tokio::test]
async fn a_connection_on_which_the_vendor_reads_no_further_ends_with_its_stack() {
    let (stack, tasks) = half_read().await;
    drop(stack);
    tasks.connections.close();
    tokio::time::timeout(Duration::from_secs(4), tasks.connections.wait()).await.unwrap();
}
