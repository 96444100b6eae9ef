//! A vendor that repeats what it was sent. The assistant's id chooses the form and the place in the answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::shapes::{FORMS, PLACES};
use super::tls::Acceptor;

pub(crate) struct Parrot {
    pub(crate) address: SocketAddr,
    heard: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

/// The ids that are worth asking for.
pub(crate) fn ids() -> impl Iterator<Item = usize> {
    1..=FORMS.len() * PLACES.len()
}

impl Parrot {
    pub(crate) async fn start(tls: Option<Acceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, mut serving) = (Arc::<AtomicUsize>::default(), JoinSet::new());
        let count = Arc::clone(&heard);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, count) = (tls.clone(), Arc::clone(&count));
                connections.spawn(async move {
                    match tls {
                        None => repeat(socket, &count).await,
                        Some(tls) => match tls.accept(socket).await {
                            Some(stream) => repeat(stream, &count).await,
                            None => None,
                        },
                    }
                });
            }
        });
        Self { address, heard, _serving: serving }
    }

    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

/// Answers one request, and ends the connection.
async fn repeat(mut stream: impl AsyncRead + AsyncWrite + Unpin, heard: &AtomicUsize) -> Option<()> {
    let request = request(&mut stream).await?;
    heard.fetch_add(1, Ordering::SeqCst);
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1)?;
    let words = secrets(&request).collect::<Vec<_>>().join(" ");
    let answer = match path.rsplit('/').next()?.parse::<usize>() {
        Ok(id) => PLACES[(id - 1) / FORMS.len() % PLACES.len()](&FORMS[(id - 1) % FORMS.len()](&words)),
        // A catalog, in which every name is a secret.
        Err(_) => PLACES[10](&format!(r#"[{{"id":1,"name":{words:?},"iso_2":"en"}},{{"id":2,"name":{words:?}}}]"#)),
    };
    stream.write_all(&answer).await.ok()?;
    stream.shutdown().await.ok()
}

/// Reads one request.
pub(crate) async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        let count = stream.read(&mut piece).await.ok().filter(|&count| count > 0)?;
        request.extend_from_slice(&piece[..count]);
    }
    Some(request)
}

/// The token and whatever third parties' keys there are in a request.
fn secrets(request: &str) -> impl Iterator<Item = &str> {
    let token = request.lines().find_map(|line| line.strip_prefix("authorization: "));
    let keys = request.split("_api_key\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    token.into_iter().chain(keys)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    request.len() >= end + 4 + length.and_then(|length| length.parse().ok()).unwrap_or(0)
}
