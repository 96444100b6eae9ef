//! A vendor that says whatever a test wants it to, for answers that no page documents.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What was received, request by request.
type Requests = Arc<Mutex<Vec<Vec<u8>>>>;

/// Answers every request on every connection with the same bytes, then closes the connection.
pub struct Stub {
    pub address: SocketAddr,
    requests: Requests,
    _serving: JoinSet<()>,
}

impl Stub {
    /// One that answers with a status line such as `422 Unprocessable Content` and a body.
    pub async fn answering(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::start(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        ))
        .await
    }

    /// One that answers with exactly these bytes.
    pub async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::serving(move |_| answer.clone()).await
    }

    /// One that answers each request with a status line and the JSON that `answer` has for its target and its head.
    pub async fn routing(answer: impl Fn(&str, &str) -> (&'static str, String) + Send + Sync + 'static) -> Self {
        Self::serving(move |request| {
            let target = request.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answer(target, request);
            let length = body.len();
            let head = "connection: close\r\ncontent-type: application/json";
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{head}\r\n\r\n{body}").into_bytes()
        })
        .await
    }

    /// One that answers each request with the bytes that `answer` makes of it.
    async fn serving(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Requests::default();
        let (seen, mut serving) = (Arc::clone(&requests), JoinSet::new());
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(request) = answer_one(stream, &answer).await {
                    seen.lock().unwrap().push(request);
                }
            }
        });
        Self { address, requests, _serving: serving }
    }

    /// A vendor table for the configuration.
    pub fn vendor(&self, name: &str, dialect: &str) -> String {
        let token = format!("TOKEN_{}", dialect.to_uppercase());
        let address = self.address;
        format!(
            "[vendors.{name}]\ndialect = \"{dialect}\"\nbase_url = \"http://{address}/api\"\ntoken = {{ env = \"{token}\" }}\n"
        )
    }

    /// What was received, request by request.
    pub fn received(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| String::from_utf8_lossy(request).into_owned()).collect()
    }

    pub fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn answer_one(mut stream: TcpStream, answer: &(dyn Fn(&str) -> Vec<u8> + Sync)) -> Option<Vec<u8>> {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        let count = stream.read(&mut piece).await.ok().filter(|&count| count > 0)?;
        request.extend_from_slice(&piece[..count]);
    }
    let answer = answer(&String::from_utf8_lossy(&request));
    stream.write_all(&answer).await.ok()?;
    stream.shutdown().await.ok()?;
    Some(request)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    request.len() >= end + 4 + length.and_then(|length| length.parse().ok()).unwrap_or(0)
}
