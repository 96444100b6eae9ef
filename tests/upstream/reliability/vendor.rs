//! A vendor made of bare sockets, for what the simulators cannot do: it misbehaves below HTTP as a script says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// These bytes, and the connection stays.
    Response(String),
    /// These bytes, then the connection's end.
    Then(String, End),
    /// These bytes, and a little later those, then the connection's end.
    Late(String, String),
    /// These bytes, one a second.
    Drip(String),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Closed in both directions.
    Close,
    /// Closed towards the gateway, still read.
    HalfClose,
    /// RST instead of FIN.
    Reset,
    /// Nothing more, for ever.
    Hang,
}

/// A running script; the nth request gets the nth act, and all further ones the last.
pub(crate) struct Vendor {
    pub(crate) base_url: String,
    seen: Arc<AtomicUsize>,
    _kept: JoinSet<()>,
}

impl Vendor {
    pub(crate) async fn playing(script: Vec<Act>) -> Self {
        let seen = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&seen);
        Self::serving("http", seen, move |socket| serve(socket, script.clone(), Arc::clone(&count))).await
    }

    /// Takes connections and says nothing, although `https` is expected of it.
    pub(crate) async fn silent_in_handshake() -> Self {
        Self::serving("https", Arc::default(), hang).await
    }

    /// Answers TLS's first words in plain HTTP.
    pub(crate) async fn without_tls() -> Self {
        Self::serving("https", Arc::default(), |mut socket| async move {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            hang(socket).await;
        })
        .await
    }

    /// Shows a certificate that nobody has reason to trust.
    pub(crate) async fn untrusted() -> Self {
        let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = rustls_pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        Self::serving("https", Arc::default(), move |socket| {
            let acceptor = acceptor.clone();
            async move { drop(acceptor.accept(socket).await) }
        })
        .await
    }

    /// An address at which nobody listens.
    pub(crate) async fn absent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        Self { base_url, seen: Arc::default(), _kept: JoinSet::new() }
    }

    /// A name that no resolver takes.
    pub(crate) fn unresolvable() -> Self {
        let base_url = "http://nobody.invalid/api".to_owned();
        Self { base_url, seen: Arc::default(), _kept: JoinSet::new() }
    }

    /// A listener whose backlog is full, so that the system drops whatever asks for a connection.
    pub(crate) async fn black_hole() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut kept = JoinSet::new();
        let (filled, mut fills) = tokio::sync::mpsc::channel(1);
        for _ in 0..4 {
            let filled = filled.clone();
            kept.spawn(async move {
                let connecting = TcpStream::connect(address).await;
                let _ = filled.send(()).await;
                std::future::pending::<()>().await;
                drop(connecting);
            });
        }
        fills.recv().await.unwrap();
        kept.spawn(async move {
            std::future::pending::<()>().await;
            drop(listener);
        });
        Self { base_url: format!("http://{address}/api"), seen: Arc::default(), _kept: kept }
    }

    async fn serving<F, R>(scheme: &str, seen: Arc<AtomicUsize>, serve: F) -> Self
    where
        F: Fn(TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("{scheme}://{}/api", listener.local_addr().unwrap());
        let mut kept = JoinSet::new();
        kept.spawn(async move {
            let mut serving = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                serving.spawn(serve(socket));
            }
        });
        Self { base_url, seen, _kept: kept }
    }

    /// Whole requests received so far.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

async fn serve(mut socket: TcpStream, script: Vec<Act>, seen: Arc<AtomicUsize>) {
    while request(&mut socket).await {
        let nth = seen.fetch_add(1, Ordering::SeqCst).min(script.len() - 1);
        match &script[nth] {
            Act::Response(bytes) => {
                let _ = socket.write_all(bytes.as_bytes()).await;
            }
            Act::Then(bytes, end) => {
                let _ = socket.write_all(bytes.as_bytes()).await;
                return finish(socket, *end).await;
            }
            Act::Late(bytes, later) => {
                let _ = socket.write_all(bytes.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                let _ = socket.write_all(later.as_bytes()).await;
                return;
            }
            Act::Drip(bytes) => {
                for byte in bytes.as_bytes() {
                    if socket.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

async fn finish(mut socket: TcpStream, end: End) {
    match end {
        End::Close => {}
        End::HalfClose => {
            let _ = socket.shutdown().await;
            hang(socket).await;
        }
        End::Reset => socket.set_zero_linger().unwrap(),
        End::Hang => hang(socket).await,
    }
}

/// Keeps a connection without a word until the gateway closes it.
async fn hang(mut socket: TcpStream) {
    let _ = socket.read_to_end(&mut Vec::new()).await;
}

/// Reads one whole request; false if there is none.
async fn request(socket: &mut TcpStream) -> bool {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return false,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return true;
        }
    }
}
