//! The client against TLS servers on loopback: trust, ALPN, and both versions of HTTP.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use switchboard::upstream::{Failure, FailureKind, Repeat, Stack, StackSettings, Tasks, VendorRequest, VendorResponse};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::task::TaskTracker;

use crate::vendor::settings;

pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) certificate: CertificateDer<'static>,
}

/// What accepts TLS for `localhost`, and its certificate.
pub(crate) fn acceptor(alpn: &[&[u8]]) -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}

/// A server for `localhost` that says which HTTP it was asked in and returns the body it got.
async fn server(alpn: &[&[u8]]) -> Server {
    let (acceptor, certificate) = acceptor(alpn);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    TaskTracker::new().spawn(async move {
        let serving = TaskTracker::new();
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            serving.spawn(async move {
                if let Ok(stream) = acceptor.accept(socket).await {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service_fn(echo)).await;
                }
            });
        }
    });
    Server { base, certificate }
}

/// A server that completes no handshake but the first, and answers its requests when told.
async fn server_with_one_seat(answer: Arc<Notify>) -> Server {
    let (acceptor, certificate) = acceptor(&[b"http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    TaskTracker::new().spawn(async move {
        let (first, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(first).await.unwrap();
        let service = service_fn(|request| {
            let answer = Arc::clone(&answer);
            async move {
                answer.notified().await;
                echo(request).await
            }
        });
        // The listener stays, and its backlog takes whoever comes.
        let serving = auto::Builder::new(TokioExecutor::new());
        let _ = serving.serve_connection(TokioIo::new(stream), service).await;
        drop(listener);
    });
    Server { base, certificate }
}

/// A vendor of HTTP/2 made of what it does with each connection; counts them.
pub(crate) async fn http2_vendor<F, R>(serve: F) -> (Server, Arc<AtomicUsize>)
where
    F: Fn(usize, TlsStream<TcpStream>) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let (acceptor, certificate) = acceptor(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let connections = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&connections);
    TaskTracker::new().spawn(async move {
        let serving = TaskTracker::new();
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(socket).await {
                serving.spawn(serve(count.fetch_add(1, Ordering::SeqCst), stream));
            }
        }
    });
    (Server { base, certificate }, connections)
}

pub(crate) async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let version = if request.version() == Version::HTTP_2 { "h2" } else { "h1" };
    let body = request.into_body().collect().await.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert("x-version", http::HeaderValue::from_static(version));
    Ok(response)
}

pub(crate) fn stack(base: &str, trusted: Option<&CertificateDer<'static>>) -> Stack {
    let settings = StackSettings { tls: trusting(trusted), ..settings(base, Duration::from_secs(20)) };
    Stack::new(&StackSettings { max_in_flight: 128, ..settings }, &Tasks::default())
}

/// TLS settings that trust this certificate and no other.
pub(crate) fn trusting(trusted: Option<&CertificateDer<'static>>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(certificate) = trusted {
        roots.add(certificate.clone()).unwrap();
    }
    crate::vendor::tls(roots)
}

async fn put(stack: &Stack, key: &str) -> Result<VendorResponse, Failure> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut outgoing = VendorRequest::new(Method::PUT, stack.uri("/user/assistant/7").unwrap(), deadline)
        .repeated(Repeat::WheneverSafe);
    outgoing.key = Some(key.into());
    outgoing.body = Bytes::from_static(b"{\"name\":\"x\"}");
    stack.update(outgoing).await
}

#[tokio::test]
async fn the_version_is_what_alpn_offers() {
    for (alpn, version) in [(&[&b"h2"[..], b"http/1.1"][..], "h2"), (&[b"http/1.1"], "h1"), (&[], "h1")] {
        let server = server(alpn).await;
        let stack = stack(&server.base, Some(&server.certificate));
        for _ in 0..3 {
            let answer = put(&stack, "7").await.unwrap();
            assert_eq!(answer.headers["x-version"], version);
            assert_eq!(&answer.body[..], b"{\"name\":\"x\"}");
        }
    }
}

#[tokio::test]
async fn many_updates_share_an_h2_connection() {
    let server = server(&[b"h2"]).await;
    let stack = Arc::new(stack(&server.base, Some(&server.certificate)));
    let tracker = TaskTracker::new();
    let tasks: Vec<_> = (0..64)
        .map(|key| {
            let stack = Arc::clone(&stack);
            tracker.spawn(async move { put(&stack, &key.to_string()).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().headers["x-version"], "h2");
    }
}

#[tokio::test]
async fn an_untrusted_certificate_or_wrong_name_was_not_sent_to() {
    let server = server(&[b"http/1.1"]).await;
    let by_address = server.base.replace("localhost", "127.0.0.1");
    for (base, trusted) in [(&server.base, None), (&by_address, Some(&server.certificate))] {
        let failure = put(&stack(base, trusted), "7").await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Tls, false), "{failure}");
    }
}

#[tokio::test]
async fn a_request_that_waits_for_a_connection_takes_one_that_is_returned() {
    let answer = Arc::new(Notify::new());
    let server = server_with_one_seat(Arc::clone(&answer)).await;
    let stack = Arc::new(stack(&server.base, Some(&server.certificate)));
    let mut waiting = tokio::task::JoinSet::new();
    for id in ["1", "2"] {
        let stack = Arc::clone(&stack);
        waiting.spawn(async move { put(&stack, id).await });
    }
    // One of them has the seat, and the other's handshake never ends.
    answer.notify_one();
    waiting.join_next().await.unwrap().unwrap().unwrap();
    answer.notify_one();
    waiting.join_next().await.unwrap().unwrap().unwrap();
}

/// A server that lets each connection go after its first answer, as HTTP/2 does it: with a word of goodbye.
async fn server_that_says_goodbye() -> Server {
    let (acceptor, certificate) = acceptor(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    TaskTracker::new().spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(tcp).await else { continue };
            let answered = Arc::new(Notify::new());
            let service = service_fn(|request| {
                let answered = Arc::clone(&answered);
                async move {
                    answered.notify_one();
                    echo(request).await
                }
            });
            let http = auto::Builder::new(TokioExecutor::new());
            let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                _ = serving.as_mut() => continue,
                () = answered.notified() => serving.as_mut().graceful_shutdown(),
            }
            let _ = serving.await;
        }
    });
    Server { base, certificate }
}

#[tokio::test]
async fn a_goaway_between_two_updates_fails_neither() {
    let server = server_that_says_goodbye().await;
    let stack = stack(&server.base, Some(&server.certificate));
    for _ in 0..5 {
        let answer = put(&stack, "7").await.unwrap();
        assert_eq!((answer.headers["x-version"].as_bytes(), answer.attempts), (&b"h2"[..], 1));
    }
}
