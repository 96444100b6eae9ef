//! Callers that share HTTP/2 connections, each connection with many concurrent requests.

use std::io::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::Failure;
use crate::load::{Args, Bodies};
use crate::secure::{HTTP2, connector, dial};

/// How many callers share a connection.
const SHARED_BY: usize = 16;

/// One caller.
pub(crate) struct Caller {
    connection: SendRequest<Full<Bytes>>,
    requests: Vec<Request<Full<Bytes>>>,
    next: usize,
}

impl Caller {
    /// All callers, connected.
    ///
    /// # Errors
    /// A connection was refused, or a header is not valid.
    pub(crate) async fn all(args: &Args, bodies: &Bodies) -> Result<Vec<Self>, Failure> {
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
            let numbers = bodies.numbers(number, args.connections);
            let requests = numbers.map(|number| request(args, number, bodies.of(number))).collect::<Result<_, _>>()?;
            callers.push(Self { connection, requests, next: 0 });
        }
        Ok(callers)
    }

    /// Sends the next request; whether the response was a success.
    ///
    /// # Errors
    /// The connection was lost.
    pub(crate) async fn exchange(&mut self) -> Result<bool, Error> {
        let request = self.requests.get(self.next).cloned().ok_or_else(|| Error::other("no request"))?;
        self.next = (self.next + 1) % self.requests.len();
        let response = self.connection.send_request(request).await.map_err(Error::other)?;
        let good = response.status().is_success();
        response.into_body().collect().await.map_err(Error::other)?;
        Ok(good)
    }
}

fn request(args: &Args, number: usize, body: &Bytes) -> Result<Request<Full<Bytes>>, Failure> {
    let scheme = if args.tls.is_some() { "https" } else { "http" };
    let uri = format!("{scheme}://{}{}", args.to, args.path(number));
    let mut request = Request::builder().method(&args.method).uri(uri).header("content-type", "application/json");
    for header in &args.headers {
        let (name, value) = header.split_once(": ").ok_or("a header is `Name: value`")?;
        request = request.header(name, value);
    }
    Ok(request.body(Full::new(body.clone()))?)
}
