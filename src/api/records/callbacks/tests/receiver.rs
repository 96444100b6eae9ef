//! A receiver of callbacks on a loopback port, and another implementation of the signature.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What a receiver does with a request.
#[derive(Clone)]
pub(super) enum Reaction {
    /// These bytes; then the connection is closed.
    Says(String),
    /// 204 over a connection that stays.
    Accepts,
    /// 204 once the bell rings.
    AcceptsAfter(Arc<Notify>),
    /// Nothing for ever.
    Hangs,
}

impl Reaction {
    /// An answer with that status line and those headers.
    pub(super) fn status(status: &str, headers: &str) -> Self {
        Self::Says(format!("HTTP/1.1 {status}\r\n{headers}content-length: 2\r\nconnection: close\r\n\r\n{{}}"))
    }
}

/// A request as it arrived.
pub(super) struct Received {
    pub line: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A receiver, whose reaction depends on how many requests came before.
pub(super) struct Receiver {
    pub url: String,
    pub received: UnboundedReceiver<Received>,
    _serving: JoinSet<()>,
}

impl Receiver {
    pub(super) async fn start(react: impl Fn(usize) -> Reaction + Clone + Send + Sync + 'static) -> Self {
        Self::over(None, react).await
    }

    /// One that speaks TLS as `localhost`, and its certificate as PEM.
    pub(super) async fn tls() -> (Self, String) {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        (Self::over(Some(acceptor), |_| Reaction::Accepts).await, cert.pem())
    }

    async fn over(tls: Option<TlsAcceptor>, react: impl Fn(usize) -> Reaction + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let host =
            if tls.is_some() { format!("https://localhost:{}", address.port()) } else { format!("http://{address}") };
        let url = format!("{host}/hooks/path-token?query-token=1");
        let (seen, received) = unbounded_channel();
        let (count, mut serving) = (Arc::<std::sync::atomic::AtomicUsize>::default(), JoinSet::new());
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, react, count, tls) = (seen.clone(), react.clone(), Arc::clone(&count), tls.clone());
                connections.spawn(async move {
                    let next = move || react(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
                    match tls {
                        Some(tls) => serve(tls.accept(stream).await.ok()?, seen, next).await,
                        None => serve(stream, seen, next).await,
                    }
                });
            }
        });
        Self { url, received, _serving: serving }
    }

    pub(super) async fn next(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }
}

/// Answers requests on a connection until one side ends it.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: UnboundedSender<Received>,
    next: impl Fn() -> Reaction,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let request = read(&mut stream, &mut buffer).await?;
        let reaction = next();
        seen.send(request).ok()?;
        match reaction {
            Reaction::Says(answer) => {
                stream.write_all(answer.as_bytes()).await.ok()?;
                stream.shutdown().await.ok()?;
                return None;
            }
            Reaction::Hangs => std::future::pending().await,
            Reaction::AcceptsAfter(bell) => bell.notified().await,
            Reaction::Accepts => {}
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.ok()?;
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
            let (line, lines) = head.split_once("\r\n").unwrap();
            let headers = lines.lines().map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
            });
            let headers: HeaderMap = headers.collect();
            let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some(Received { line: line.to_owned(), headers, body });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether one of the signatures is that of this key.
    pub(super) fn is_signed_with(&self, key: &[u8]) -> bool {
        let head = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let expected = hmac(key, &[head.as_bytes(), &self.body].concat());
        let expected = format!("v1,{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, expected));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

/// HMAC-SHA256 as RFC 2104 writes it, for keys of at most one block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new_with_prefix(padded(0x36)).chain_update(message).finalize();
    Sha256::new_with_prefix(padded(0x5c)).chain_update(inner).finalize().into()
}
