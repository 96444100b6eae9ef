//! A server on a free port, and raw bytes to and from it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use switchboard::http::body::{BodyLimits, read_body};
use switchboard::http::catch_panic::catch_panic;
use switchboard::net::connection::Connections;
use switchboard::net::listener::Listener;
use switchboard::net::peer::Peer;
use switchboard::net::rejection::{Rejection, RejectionRenderer};
use switchboard::net::request_body::RequestBody;
use switchboard::net::settings::ListenerSettings;
use switchboard::net::shutdown::Shutdown;
use switchboard::net::tls::acceptor::Tls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

pub(crate) type App = BoxCloneSyncService<Request<RequestBody>, Response<Full<Bytes>>, Infallible>;

/// What the service under test saw, and the gate `/wait` waits at.
#[derive(Clone)]
pub(crate) struct Seen {
    requests: Arc<AtomicUsize>,
    pub(crate) waiting: Arc<Semaphore>,
    pub(crate) go: Arc<Semaphore>,
}

impl Seen {
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) seen: Seen,
}

fn render(rejection: &Rejection) -> Bytes {
    let (status, id) = (rejection.reason.status().as_u16(), &rejection.request_id);
    let detail = rejection.reason.detail();
    Bytes::from(format!(r#"{{"status":{status},"detail":"{detail}","request_id":"{id}"}}"#))
}

fn response(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

async fn app(seen: Seen, request: Request<RequestBody>) -> Response<Full<Bytes>> {
    seen.requests.fetch_add(1, Ordering::SeqCst);
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/panic" => panic!("boom"),
        "/medium" => response(StatusCode::OK, vec![b'x'; 1 << 16]),
        "/large" => response(StatusCode::OK, vec![b'x'; 8 << 20]),
        "/wait" => {
            seen.waiting.add_permits(1);
            seen.go.acquire().await.unwrap().forget();
            response(StatusCode::OK, "waited")
        }
        "/address" => {
            let peer = request.extensions().get::<Arc<Peer>>().unwrap();
            response(StatusCode::OK, peer.address.to_string())
        }
        "/peer" => {
            let peer = request.extensions().get::<Arc<Peer>>().unwrap();
            response(StatusCode::OK, format!("{:?}", peer.tls))
        }
        _ => {
            let limits = BodyLimits { max_bytes: 1000, timeout: Duration::from_secs(5) };
            let (parts, body) = request.into_parts();
            match read_body(&parts.headers, body, limits).await {
                Ok(body) => response(StatusCode::OK, format!("{} {path} {}", parts.method, body.len())),
                Err(error) => response(StatusCode::IM_A_TEAPOT, error.to_string()),
            }
        }
    }
}

/// Connections of a server that is not listening yet.
pub(crate) fn connections(settings: ListenerSettings) -> (Connections<App>, Seen) {
    let seen = Seen { requests: Arc::default(), waiting: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
    let given = seen.clone();
    let service = service_fn(move |request| {
        let seen = given.clone();
        async move { Ok(app(seen, request).await) }
    });
    let service = service_fn(move |request: Request<RequestBody>| {
        let uri = request.uri().clone();
        catch_panic(service.clone(), request, move |_| {
            response(StatusCode::INTERNAL_SERVER_ERROR, format!("caught at {uri}"))
        })
    });
    let service = BoxCloneSyncService::new(service);
    (Connections::new(service, settings, RejectionRenderer::new(render), Shutdown::new()), seen)
}

impl TestServer {
    pub(crate) async fn start(settings: ListenerSettings, tls: Option<Tls>) -> Self {
        let (connections, seen) = connections(settings);
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.address();
        let shutdown = connections.shutdown().clone();
        shutdown.spawn(listener.run(connections, tls));
        Self { address, shutdown, seen }
    }

    pub(crate) async fn plain() -> Self {
        Self::start(ListenerSettings::default(), None).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `raw` and reads until the server closes.
    pub(crate) async fn exchange(&self, raw: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(raw.as_ref()).await.unwrap();
        read_to_end(&mut stream).await
    }
}

pub(crate) async fn read_to_end(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

/// Reads up to and including `end`.
pub(crate) async fn read_until(stream: &mut (impl AsyncReadExt + Unpin), end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

/// Asserts that `text` is one whole problem with `status`, and nothing else.
#[track_caller]
pub(crate) fn assert_problem(text: &str, status: u16) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
    let lines: Vec<_> = head.split("\r\n").collect();
    assert!(lines[0].starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
    assert!(lines.contains(&"content-type: application/problem+json"), "{text}");
    assert!(lines.contains(&"connection: close"), "{text}");
    assert!(lines.contains(&format!("content-length: {}", body.len()).as_str()), "{text}");
    let id = lines.iter().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    assert!(lines.iter().any(|line| line.starts_with("date: ")), "{text}");
    assert!(body.starts_with(&format!(r#"{{"status":{status},"#)) && body.contains(id), "{text}");
}

/// Asserts that `text` is one bare 400, the response to bytes that are not HTTP.
#[track_caller]
pub(crate) fn assert_bare_400(text: &str) {
    let head = text.strip_suffix("\r\n\r\n").unwrap_or_else(|| panic!("a body or no response: {text:?}"));
    let lines: Vec<_> = head.split("\r\n").collect();
    let (status, fields) = lines.split_first().unwrap();
    assert!(["HTTP/1.1 400 Bad Request", "HTTP/1.0 400 Bad Request"].contains(status), "{text}");
    assert!(fields.contains(&"content-length: 0"), "{text}");
    assert!(status.starts_with("HTTP/1.0") || fields.contains(&"connection: close"), "{text}");
    assert!(fields.iter().all(|line| !line.is_empty() && !line.starts_with("content-type")), "{text}");
}

/// A peer without TLS.
pub(crate) fn peer() -> Peer {
    Peer { address: "127.0.0.1:1".parse().unwrap(), tls: None }
}
