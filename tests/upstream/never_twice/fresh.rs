//! The connection opened for a creation.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use http::{Method, Response};
use switchboard::upstream::FailureKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

use super::{CREATION, create, secure, stack};
use crate::tls::{self, Server, http2_vendor};
use crate::vendor::{OK, Vendor, put};

/// The methods that each connection brought, in the order of their arrival.
type Seen = Arc<Mutex<Vec<(usize, Method)>>>;

async fn http1_vendor(seen: Seen) -> Vendor {
    Vendor::start(move |nth, mut socket| {
        let seen = Arc::clone(&seen);
        async move {
            let mut head = [0; 4];
            while socket.read_exact(&mut head).await.is_ok() {
                let method = if &head == b"POST" { Method::POST } else { Method::PUT };
                seen.lock().unwrap().push((nth, method));
                let mut rest = Vec::new();
                while !rest.ends_with(b"}") && socket.read_buf(&mut rest).await.is_ok_and(|read| read > 0) {}
                let _ = socket.write_all(OK.as_bytes()).await;
            }
        }
    })
    .await
}

async fn kept_http2_vendor(seen: Seen) -> Server {
    let (server, _) = http2_vendor(move |nth, stream| {
        let seen = Arc::clone(&seen);
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                seen.lock().unwrap().push((nth, request.method().clone()));
                respond.send_response(Response::new(()), true).unwrap();
            }
        }
    })
    .await;
    server
}

#[tokio::test]
async fn a_creation_has_a_connection_opened_for_it_which_is_kept_afterwards() {
    for http2 in [false, true] {
        let seen = Seen::default();
        let (_vendor, stack) = if http2 {
            (None, secure(&kept_http2_vendor(Arc::clone(&seen)).await))
        } else {
            let vendor = http1_vendor(Arc::clone(&seen)).await;
            let stack = stack(&vendor.base);
            (Some(vendor), stack)
        };
        create(&stack).await.unwrap();
        put(&stack).await.unwrap();
        create(&stack).await.unwrap();
        create(&stack).await.unwrap();
        put(&stack).await.unwrap();
        let seen = seen.lock().unwrap().clone();
        let last = if http2 { 0 } else { 2 }; // HTTP/2 keeps one, HTTP/1 takes the one used last
        let expected = [(0, "POST"), (0, "PUT"), (1, "POST"), (2, "POST"), (last, "PUT")];
        assert_eq!(seen, expected.map(|(nth, method)| (nth, method.parse().unwrap())), "HTTP/2: {http2}");
        assert_eq!(stack.snapshot().connected, 3);
    }
}

#[tokio::test]
async fn over_http2_nothing_is_sent_before_the_vendor_has_spoken() {
    let accepted = Arc::new(Notify::new());
    let (received, mut receives) = mpsc::channel(2);
    let told = Arc::clone(&accepted);
    let (server, connections) = http2_vendor(move |nth, mut stream| {
        let (told, received) = (Arc::clone(&told), received.clone());
        async move {
            let mut bytes = Vec::new();
            if nth > 0 {
                told.notify_one();
                let _ = stream.read_to_end(&mut bytes).await;
            } // the first connection ends at once
            received.send(bytes).await.unwrap();
        }
    })
    .await;
    let stack = tls::stack(&server.base, Some(&server.certificate)); // which tries once
    let ended = create(&stack).await.unwrap_err();
    let (silent, ()) = tokio::join!(create(&stack), async {
        accepted.notified().await;
        tokio::time::pause(); // nothing is left to wait for but the end of its time
    });
    for failure in [ended, silent.unwrap_err()] {
        assert_eq!((failure.kind, failure.sent, failure.attempts), (FailureKind::Connect, false, 1), "{failure}");
        let received = receives.recv().await.unwrap();
        let body = received.windows(CREATION.len()).find(|part| *part == CREATION.as_bytes());
        assert_eq!(body, None);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
