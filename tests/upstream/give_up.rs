//! An attempt that is given up: nothing of it may reach the vendor later.

use std::{
    io::ErrorKind,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Response};
use switchboard::upstream::{FailureKind, Repeat, Stack, VendorRequest};
use tokio::{
    io::AsyncReadExt,
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::task::TaskTracker;

use crate::{
    tls::{http2_vendor, stack as trusting},
    vendor::{Vendor, put_body, request, stack},
};

/// A vendor that reads a request at first, if `first`, and the rest when the bell rings; says how reading ended.
async fn reader(first: bool, bell: Arc<Notify>) -> (Vendor, mpsc::Receiver<Option<ErrorKind>>) {
    let (ended, ends) = mpsc::channel(8);
    let vendor = Vendor::start(move |_, mut socket| {
        let (bell, ended) = (Arc::clone(&bell), ended.clone());
        async move {
            if first {
                assert!(request(&mut socket).await);
            }
            bell.notified().await;
            let end = socket.read_to_end(&mut Vec::new()).await;
            let _ = ended.send(end.err().map(|error| error.kind())).await;
        }
    })
    .await;
    (vendor, ends)
}

#[tokio::test(start_paused = true)]
async fn over_http1_the_connection_is_reset() {
    for (read, size) in [(true, 2), (false, 2), (false, 16 << 20)] {
        let bell = Arc::new(Notify::new());
        let (vendor, mut ends) = reader(read, Arc::clone(&bell)).await;
        let failure = put_body(&stack(&vendor.base), vec![b'x'; size]).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Timeout, true));
        bell.notify_one();
        assert_eq!(ends.recv().await.unwrap(), Some(ErrorKind::ConnectionReset), "{size} bytes, read: {read}");
    }
}

#[tokio::test]
async fn over_http1_a_caller_of_a_read_that_leaves_resets_it_too() {
    let bell = Arc::new(Notify::new());
    let (vendor, mut ends) = reader(true, Arc::clone(&bell)).await;
    let stack = Arc::new(stack(&vendor.base));
    let call = stack.call(outgoing(&stack, "7", Bytes::from_static(b"{}")));
    tokio::select! {
        _ = call => panic!("there is no answer"),
        () = async { while vendor.connections() == 0 { tokio::task::yield_now().await } } => {}
    }
    bell.notify_one();
    assert_eq!(ends.recv().await.unwrap(), Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn an_answered_connection_that_is_not_kept_ends_in_good_order() {
    let (ended, mut ends) = mpsc::channel(1);
    let vendor = Vendor::start(move |_, mut socket| {
        let ended = ended.clone();
        async move {
            request(&mut socket).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
            tokio::io::AsyncWriteExt::write_all(&mut socket, answer).await.unwrap();
            let end = socket.read_to_end(&mut Vec::new()).await;
            let _ = ended.send(end.err().map(|error| error.kind())).await;
        }
    })
    .await;
    put_body(&stack(&vendor.base), Bytes::from_static(b"{}")).await.unwrap();
    assert_eq!(ends.recv().await.unwrap(), None);
}

fn outgoing(stack: &Stack, key: &str, body: Bytes) -> VendorRequest {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut outgoing = VendorRequest::new(Method::PUT, stack.uri("/user/assistant/7").unwrap(), deadline)
        .repeated(Repeat::WheneverSafe);
    outgoing.key = Some(key.into());
    outgoing.body = body;
    outgoing
}

#[tokio::test]
async fn over_http2_the_stream_is_reset_and_the_connection_stays() {
    let (reset, mut resets) = mpsc::channel(1);
    let (server, connections) = http2_vendor(move |_, stream| {
        let reset = reset.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (_, mut respond) = connection.accept().await.unwrap().unwrap();
            let mut first = Some(TaskTracker::new().spawn(async move {
                let reason = std::future::poll_fn(|cx| respond.poll_reset(cx)).await.unwrap();
                reset.send(reason).await.unwrap();
            }));
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                respond.send_response(Response::new(()), true).unwrap();
                first.take();
            }
        }
    })
    .await;
    let stack = trusting(&server.base, Some(&server.certificate));
    let mut hurried = outgoing(&stack, "7", Bytes::from_static(b"{}"));
    hurried.deadline = Instant::now() + Duration::from_millis(300);
    assert_eq!(stack.call(hurried).await.unwrap_err().kind, FailureKind::Timeout);
    assert_eq!(resets.recv().await.unwrap(), h2::Reason::CANCEL);
    stack.call(outgoing(&stack, "8", Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn over_http2_the_connection_is_reset_as_well_if_bytes_wait_for_the_socket() {
    const ROOM: u32 = 1 << 30;
    let (server, connections) = http2_vendor(|nth, stream| async move {
        let mut http2 = h2::server::Builder::new();
        http2.initial_window_size(ROOM).initial_connection_window_size(ROOM);
        let mut connection = http2.handshake::<_, Bytes>(stream).await.unwrap();
        if nth == 0 {
            let _request = connection.accept().await;
            std::future::pending::<()>().await; // reads no more
        }
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_response(Response::new(()), true).unwrap();
        }
    })
    .await;
    let stack = trusting(&server.base, Some(&server.certificate));
    let body = Bytes::from(vec![b'x'; 64 << 20]);
    // Several times, since the first may end before the socket is full.
    for key in 0..20 {
        let mut hurried = outgoing(&stack, &key.to_string(), body.clone());
        hurried.deadline = Instant::now() + Duration::from_millis(300);
        if stack.call(hurried).await.is_ok() || connections.load(Ordering::SeqCst) > 1 {
            break;
        }
    }
    stack.call(outgoing(&stack, "8", Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
