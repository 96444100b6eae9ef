//! Many requests at once to a vendor that no connection is open to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::pki_types::CertificateDer;
use switchboard::upstream::{Failure, FailureKind, Repeat, Stack, VendorRequest, VendorResponse};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Barrier, Notify},
    task::{JoinSet, yield_now},
    time::{Instant, advance, pause, resume},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::tls::{acceptor, echo, stack};

/// A vendor behind TLS that counts what it accepts and hands each connection, with its number, to `serve`.
struct Vendor {
    base: String,
    certificate: CertificateDer<'static>,
    accepted: Arc<AtomicUsize>,
}

impl Vendor {
    async fn start<F, R>(alpn: &[&[u8]], serve: F) -> Self
    where
        F: Fn(usize, TlsAcceptor, TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let (acceptor, certificate) = acceptor(alpn);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let accepted = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&accepted);
        TaskTracker::new().spawn(async move {
            let serving = TaskTracker::new();
            while let Ok((socket, _)) = listener.accept().await {
                serving.spawn(serve(count.fetch_add(1, Ordering::SeqCst), acceptor.clone(), socket));
            }
        });
        Self { base, certificate, accepted }
    }

    fn stack(&self) -> Arc<Stack> {
        Arc::new(stack(&self.base, Some(&self.certificate)))
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Answers on one connection until the client closes it or `goodbye` comes.
async fn answer(acceptor: TlsAcceptor, socket: TcpStream, goodbye: impl Future<Output = ()>) {
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let http = auto::Builder::new(TokioExecutor::new());
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service_fn(echo)));
    tokio::select! {
        _ = serving.as_mut() => return,
        () = goodbye => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

/// An update of the assistant `id`, all of it within `patience`.
async fn put(stack: Arc<Stack>, id: usize, patience: Duration) -> Result<VendorResponse, Failure> {
    let uri = stack.uri("/user/assistant/7").unwrap();
    let mut outgoing = VendorRequest::new(Method::PUT, uri, Instant::now() + patience).repeated(Repeat::WheneverSafe);
    outgoing.key = Some(id.to_string().into());
    outgoing.body = Bytes::from_static(b"{}");
    stack.update(outgoing).await
}

fn updates(stack: &Arc<Stack>, count: usize) -> JoinSet<Result<VendorResponse, Failure>> {
    (0..count).map(|id| put(Arc::clone(stack), id, Duration::from_secs(60))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http2_a_hundred_first_updates_make_one_handshake_and_one_more_after_a_goodbye() {
    let (goodbye, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let notes = (Arc::clone(&goodbye), Arc::clone(&gone));
    let vendor = Vendor::start(&[b"h2"], move |_, acceptor, socket| {
        let (goodbye, gone) = notes.clone();
        async move {
            answer(acceptor, socket, goodbye.notified()).await;
            gone.notify_one();
        }
    })
    .await;
    let stack = vendor.stack();
    for handshakes in 1..=3 {
        for answer in updates(&stack, 100).join_all().await {
            assert_eq!(answer.unwrap().headers["x-version"], "h2");
        }
        assert_eq!(vendor.accepted(), handshakes);
        goodbye.notify_one();
        gone.notified().await;
    }
}

#[tokio::test]
async fn over_http1_all_but_the_first_connection_are_opened_at_the_same_time() {
    const UPDATES: usize = 20;
    let (others, all) = (Arc::new(Barrier::new(UPDATES - 1)), Arc::new(Barrier::new(UPDATES)));
    let vendor = Vendor::start(&[b"http/1.1"], move |number, acceptor, socket| {
        let (others, all) = (Arc::clone(&others), Arc::clone(&all));
        async move {
            if number > 0 {
                others.wait().await; // no handshake ends before all have started
            }
            let stream = acceptor.accept(socket).await.unwrap();
            let service = service_fn(|request| {
                let all = Arc::clone(&all);
                async move {
                    all.wait().await;
                    echo(request).await
                }
            });
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
    for answer in updates(&vendor.stack(), UPDATES).join_all().await {
        assert_eq!(answer.unwrap().headers["x-version"], "h1");
    }
    assert_eq!(vendor.accepted(), UPDATES);
}

#[tokio::test]
async fn a_failed_first_handshake_costs_one_update_and_one_more_handshake() {
    let vendor = Vendor::start(&[b"h2"], |number, acceptor, socket| async move {
        if number > 0 {
            answer(acceptor, socket, std::future::pending()).await;
        }
    })
    .await;
    let results = updates(&vendor.stack(), 20).join_all().await;
    let failures: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].kind, failures[0].sent), (FailureKind::Tls, false));
    assert_eq!(vendor.accepted(), 2);
}

#[tokio::test]
async fn a_hanging_first_handshake_holds_no_update_beyond_the_time_to_connect_or_its_own_deadline() {
    let reached = Arc::new(Notify::new());
    let seen = Arc::clone(&reached);
    let vendor = Vendor::start(&[b"h2"], move |number, acceptor, socket| {
        let seen = Arc::clone(&seen);
        async move {
            match number {
                0 => {
                    seen.notify_one();
                    std::future::pending::<()>().await;
                    drop(socket);
                }
                _ => answer(acceptor, socket, std::future::pending()).await,
            }
        }
    })
    .await;
    let stack = vendor.stack();
    let mut hurried = JoinSet::from_iter([put(Arc::clone(&stack), 100, Duration::from_secs(1))]);
    reached.notified().await;
    let mut others = updates(&stack, 20);
    while stack.snapshot().in_flight < 21 {
        yield_now().await;
    }

    pass(Duration::from_secs(1)).await;
    let failure = hurried.join_next().await.unwrap().unwrap().unwrap_err();
    assert_eq!((failure.kind, failure.sent), (FailureKind::Timeout, false));
    assert!(others.try_join_next().is_none(), "the handshake goes on without the update that started it");

    pass(Duration::from_secs(4)).await;
    while let Some(answer) = others.join_next().await {
        assert_eq!(answer.unwrap().unwrap().headers["x-version"], "h2");
    }
    assert_eq!(vendor.accepted(), 2);
}

/// Lets time pass for everything that waits, and then go on by itself.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}
