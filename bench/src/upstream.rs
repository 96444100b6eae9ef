//! The upstream: reads each request to its end and sends the same documented response at once.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::Failure;
use crate::head::Head;
use crate::secure::{HTTP1, HTTP2, Stream, acceptor};

/// The response to an update, which to a creation is a 201.
const ANSWER: &str = r#"{"message":"Assistant updated successfully","data":{"id":789,"name":"Sales assistant","status":"active","type":"outbound","mode":"pipeline"}}"#;
/// The response to a read: a page with one assistant, as Autocalls documents it.
const PAGE: &str = include_str!("page.json");

/// The documented response to a request with this method.
fn answer_to(method: &Method) -> (StatusCode, &'static str) {
    match *method {
        Method::GET => (StatusCode::OK, PAGE),
        Method::POST => (StatusCode::CREATED, ANSWER),
        _ => (StatusCode::OK, ANSWER),
    }
}

/// A whole response as bytes.
fn message(method: &Method) -> Vec<u8> {
    let (status, body) = answer_to(method);
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Serves until it is killed; with TLS and the certificate in `tls` if given, and with HTTP/2 if `multiplexed`.
///
/// # Errors
/// The address is in use, or there is no certificate.
pub(crate) async fn serve(listen: SocketAddr, tls: Option<&Path>, multiplexed: bool) -> Result<(), Failure> {
    let listener = TcpListener::bind(listen).await?;
    let tls = tls.map(|folder| acceptor(folder, if multiplexed { HTTP2 } else { HTTP1 })).transpose()?;
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let tls = tls.clone();
        tokio::spawn(async move {
            let stream: Box<dyn Stream> = match tls {
                Some(tls) => Box::new(tls.accept(tcp).await?),
                None => Box::new(tcp),
            };
            if multiplexed {
                let serving = http2::Builder::new(TokioExecutor::new());
                let _gone = serving.serve_connection(TokioIo::new(stream), service_fn(answer_one)).await;
                return Ok(());
            }
            answer_all(stream).await
        });
    }
}

async fn answer_one(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, answer) = answer_to(request.method());
    let _read = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(answer.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

async fn answer_all(mut stream: impl Stream) -> std::io::Result<()> {
    let [page, created, updated] = [Method::GET, Method::POST, Method::PUT].map(|method| message(&method));
    let mut answer = &updated;
    let mut bytes = vec![0; 1 << 18];
    let (mut filled, mut missing) = (0, 0_usize);
    loop {
        let room = bytes.get_mut(filled..).unwrap_or_default();
        let read = stream.read(room).await?;
        if read == 0 {
            return Ok(());
        }
        if missing > 0 {
            // The rest of a body is counted, not stored.
            missing = missing.saturating_sub(read);
        } else {
            filled += read;
            let message = bytes.get(..filled).unwrap_or_default();
            let Some(head) = Head::find(message)? else { continue };
            answer = match message {
                [b'G', ..] => &page,
                [b'P', b'O', ..] => &created,
                _ => &updated,
            };
            missing = head.total().saturating_sub(filled);
            filled = 0;
        }
        if missing == 0 {
            stream.write_all(answer).await?;
            stream.flush().await?;
        }
    }
}
