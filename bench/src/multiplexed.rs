//! Callers that share HTTP/2 connections, each connection with many concurrent requests.

use std::io::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::Failure;
use crate::load::Args;
use crate::secure::{HTTP2, connector, dial};

/// How many callers share a connection.
const SHARED_BY: usize = 16;

/// One caller.
pub(crate) struct Caller {
    connection: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
}

impl Caller {
    /// All callers, connected.
    ///
    /// # Errors
    /// A connection was refused, or a header is not valid.
    pub(crate) async fn all(args: &Args, body: &[u8]) -> Result<Vec<Self>, Failure> {
        let body = Bytes::copy_from_slice(body);
        let tls = args.tls.as_deref().map(|folder| connector(folder, HTTP2)).transpose()?;
        let mut callers: Vec<Self> = Vec::new();
        for number in 1..=args.connections {
            let shared = (number - 1) % SHARED_BY != 0;
            let connection = match callers.last().filter(|_| shared) {
                Some(caller) => caller.connection.clone(),
                None => {
                    let tcp = TcpStream::connect(args.to).await?;
                    tcp.set_nodelay(true)?;
                    let io = TokioIo::new(dial(tcp, tls.as_ref()).await?);
                    let (sender, running) = http2::handshake(TokioExecutor::new(), io).await?;
                    tokio::spawn(running);
                    sender
                }
            };
            callers.push(Self { connection, request: request(args, number, &body)? });
        }
        Ok(callers)
    }

    /// Sends one request; whether the response was 200.
    ///
    /// # Errors
    /// The connection was lost.
    pub(crate) async fn exchange(&mut self) -> Result<bool, Error> {
        let response = self.connection.send_request(self.request.clone()).await.map_err(Error::other)?;
        let good = response.status() == StatusCode::OK;
        response.into_body().collect().await.map_err(Error::other)?;
        Ok(good)
    }
}

fn request(args: &Args, number: usize, body: &Bytes) -> Result<Request<Full<Bytes>>, Failure> {
    let scheme = if args.tls.is_some() { "https" } else { "http" };
    let uri = format!("{scheme}://{}{}", args.to, args.path(number));
    let mut request = Request::put(uri).header("content-type", "application/json");
    for header in &args.headers {
        let (name, value) = header.split_once(": ").ok_or("a header is `Name: value`")?;
        request = request.header(name, value);
    }
    Ok(request.body(Full::new(body.clone()))?)
}
