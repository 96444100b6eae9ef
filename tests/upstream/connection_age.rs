//! Connections that have reached their greatest age get no more requests, even if they are never idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use switchboard::upstream::{Repeat, Stack, StackSettings, Tasks, VendorRequest};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use crate::tls::{acceptor, echo};
use crate::vendor::{OK, Vendor, put, request, settings};

/// How many connections a vendor sees in 150 updates, one a second.
async fn connections_at(max_connection_age: Duration) -> usize {
    let vendor = Vendor::start(|_, mut socket| async move {
        while request(&mut socket).await {
            let _ = socket.write_all(OK.as_bytes()).await;
        }
    })
    .await;
    let settings = StackSettings { max_connection_age, ..settings(&vendor.base, Duration::from_secs(20)) };
    let stack = Stack::new(&settings, &Tasks::default());
    for _ in 0..150 {
        assert_eq!(put(&stack).await.unwrap().attempts, 1);
        sleep(Duration::from_secs(1)).await;
    }
    vendor.connections()
}

#[tokio::test(start_paused = true)]
async fn a_busy_connection_is_replaced_at_its_greatest_age() {
    let connections = connections_at(Duration::from_secs(60)).await;
    assert!((3..=4).contains(&connections), "{connections}");
    assert_eq!(connections_at(Duration::from_secs(300)).await, 1);
    assert_eq!(connections_at(Duration::ZERO).await, 1, "0 turns it off");
}

#[tokio::test]
async fn over_http2_no_stream_is_opened_on_an_old_connection_and_those_there_finish() {
    let (connections, asked, go) = (Arc::<AtomicUsize>::default(), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (accept, certificate) = acceptor(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let held = (Arc::clone(&asked), Arc::clone(&go), Arc::clone(&connections));
    TaskTracker::new().spawn(async move {
        let serving = TaskTracker::new();
        while let Ok((socket, _)) = listener.accept().await {
            let (accept, (asked, go, connections)) = (accept.clone(), held.clone());
            serving.spawn(async move {
                let stream = accept.accept(socket).await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let respond = service_fn(|request: Request<Incoming>| {
                    let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
                    async move {
                        if request.headers().contains_key("x-hold") {
                            asked.notify_one();
                            go.notified().await;
                        }
                        echo(request).await as Result<Response<Full<Bytes>>, _>
                    }
                });
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), respond).await;
            });
        }
    });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let settings = StackSettings {
        max_connection_age: Duration::from_secs(15),
        tls: crate::vendor::tls(roots),
        ..settings(&base, Duration::from_secs(60))
    };
    let stack = Arc::new(Stack::new(&settings, &Tasks::default()));
    let old = {
        let stack = Arc::clone(&stack);
        let uri = stack.uri("/user/assistant/8").unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        let mut outgoing = VendorRequest::new(http::Method::PUT, uri, deadline).repeated(Repeat::WheneverSafe);
        outgoing.headers.insert("x-hold", http::HeaderValue::from_static("1"));
        TaskTracker::new().spawn(async move { stack.update(outgoing).await })
    };
    asked.notified().await;
    put(&stack).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(16)).await;
    tokio::time::resume();
    put(&stack).await.unwrap();
    put(&stack).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2, "one more, for all that follow");
    go.notify_one();
    let answer = old.await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), answer.attempts), (200, 1), "it finishes where it was");
}
