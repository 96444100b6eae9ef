//! A vendor made of loopback sockets, and a stack in front of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Uri, header};
use switchboard::upstream::{
    BreakerSettings, Failure, Repeat, RetrySettings, Stack, StackSettings, Tasks, VendorRequest, VendorResponse,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_util::task::TaskTracker;

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A vendor made of what it does with each connection; counts them.
pub(crate) struct Vendor {
    pub(crate) base: String,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Vendor {
    pub(crate) async fn start<F, R>(serve: F) -> Self
    where
        F: Fn(usize, TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&connections);
        TaskTracker::new().spawn(async move {
            let serving = TaskTracker::new();
            while let Ok((socket, _)) = listener.accept().await {
                serving.spawn(serve(count.fetch_add(1, Ordering::SeqCst), socket));
            }
        });
        Self { base, connections }
    }

    /// Reads one request on each connection, writes `answer`, and closes.
    pub(crate) async fn answering(answer: impl Into<Bytes>) -> Self {
        let answer = answer.into();
        Self::start(move |_, mut socket| {
            let answer = answer.clone();
            async move {
                request(&mut socket).await;
                let _ = socket.write_all(&answer).await;
                let _ = socket.shutdown().await;
                let _ = socket.read_to_end(&mut Vec::new()).await;
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads one request with its body of two bytes; false if the peer closed first.
pub(crate) async fn request(socket: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return false,
            Ok(length) => seen.extend_from_slice(&piece[..length]),
        }
        if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n")
            && seen.len() >= end + 6
        {
            return true;
        }
    }
}

/// Closes with RST instead of FIN.
pub(crate) fn reset(socket: TcpStream) {
    socket.set_zero_linger().unwrap();
}

pub(crate) fn tls(roots: rustls::RootCertStore) -> Arc<rustls::ClientConfig> {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A stack that tries once and gives an attempt `timeout`.
pub(crate) fn settings(base: &str, timeout: Duration) -> StackSettings {
    StackSettings {
        name: "vendor".into(),
        base_url: base.parse().unwrap(),
        timeout,
        connect_timeout: Duration::from_secs(5),
        max_connection_age: Duration::from_secs(300),
        max_in_flight: 8,
        max_waiting: 8,
        settle_after_unknown: Duration::from_secs(2),
        rate_limit: None,
        retry: RetrySettings {
            max_attempts: 1,
            backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(2),
        },
        breaker: BreakerSettings {
            failure_ratio: 0.5,
            min_requests: 1000,
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(15),
        },
        tls: tls(rustls::RootCertStore::empty()),
        server_name: None,
    }
}

pub(crate) fn stack(base: &str) -> Stack {
    Stack::new(&settings(base, Duration::from_secs(20)), &Tasks::default())
}

pub(crate) async fn put(stack: &Stack) -> Result<VendorResponse, Failure> {
    put_body(stack, Bytes::from_static(b"{}")).await
}

pub(crate) async fn put_body(stack: &Stack, body: impl Into<Bytes>) -> Result<VendorResponse, Failure> {
    stack.update(outgoing(stack, body)).await
}

/// An update of assistant 7.
pub(crate) fn outgoing(stack: &Stack, body: impl Into<Bytes>) -> VendorRequest {
    let uri: Uri = stack.uri("/user/assistant/7").unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut outgoing = VendorRequest::new(Method::PUT, uri, deadline).repeated(Repeat::WheneverSafe);
    outgoing.key = Some("7".into());
    outgoing.headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    outgoing.body = body.into();
    outgoing
}

/// Keeps a connection open without a word until the peer closes it.
pub(crate) async fn hold(mut socket: TcpStream) {
    let _ = socket.read_to_end(&mut Vec::new()).await;
}
