//! A collector that repeats the credentials it was sent, in every form and in many places of its answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::parrot::request;
use super::shapes::{FORMS, PLACES};

/// The headers that bring it its credentials.
const CREDENTIALS: [&str; 2] = ["authorization: ", "x-api-key: "];
/// The first of the places in which an error may stand.
const ERRORS: usize = 13;

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    _serving: JoinSet<()>,
}

/// What came.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    pub(crate) exports: usize,
    /// How often one of its credentials came in its header.
    pub(crate) credentials: usize,
    /// Everything else.
    pub(crate) bytes: Vec<u8>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, mut serving) = (Arc::<Mutex<Heard>>::default(), JoinSet::new());
        let hears = Arc::clone(&heard);
        serving.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let _gone = repeat(socket, &hears).await;
            }
        });
        Self { address, heard, _serving: serving }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

/// Answers one export, and ends the connection.
async fn repeat(mut stream: TcpStream, heard: &Mutex<Heard>) -> Option<()> {
    let request = request(&mut stream).await?;
    let end = request.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&request[..end]);
    let credential = |line: &&str| CREDENTIALS.iter().any(|name| line.starts_with(name));
    let (own, others): (Vec<_>, Vec<_>) = head.lines().partition(credential);
    let turn = {
        let mut heard = heard.lock().unwrap();
        heard.exports += 1;
        heard.credentials += own.len();
        heard.bytes.extend_from_slice(others.join("\n").as_bytes());
        heard.bytes.extend_from_slice(&request[end..]);
        heard.exports
    };
    let answer = match turn {
        1 => rejecting(&own.join(" ")),
        _ => PLACES[(ERRORS + turn) % PLACES.len()](&FORMS[turn % FORMS.len()](&own.join(" "))),
    };
    stream.write_all(&answer).await.ok()?;
    stream.shutdown().await.ok()
}

/// Takes an export but for one span, and says why.
fn rejecting(words: &str) -> Vec<u8> {
    let partial = ExportTracePartialSuccess { rejected_spans: 1, error_message: words.to_owned() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let length = body.len();
    [format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes(), body].concat()
}
