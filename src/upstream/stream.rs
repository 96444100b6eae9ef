//! A connection to a vendor, in the clear or under TLS, that remembers what it has brought.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::counters::Counters;

/// What a connection has brought so far; travels with the connection's description.
#[derive(Clone, Debug, Default)]
pub(super) struct Served(Arc<History>);

#[derive(Debug, Default)]
struct History {
    answered: AtomicBool,
    heard: AtomicU64,
}

impl Served {
    /// Whether it has brought an answer before.
    pub(super) fn get(&self) -> bool {
        self.0.answered.load(Ordering::Acquire)
    }

    pub(super) fn mark(&self) {
        self.0.answered.store(true, Ordering::Release);
    }

    /// How many bytes have come over it.
    pub(super) fn heard(&self) -> u64 {
        self.0.heard.load(Ordering::Acquire)
    }
}

/// The bytes' way.
#[derive(Debug)]
pub(super) struct Stream {
    way: Way,
    served: Served,
    _open: Open,
}

/// An open connection, counted when it begins and when it ends.
#[derive(Debug)]
struct Open(Arc<Counters>);

impl Open {
    fn new(counters: Arc<Counters>) -> Self {
        counters.connected.add();
        Self(counters)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.disconnected.add();
    }
}

#[derive(Debug)]
enum Way {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) fn clear(tcp: TcpStream, counters: Arc<Counters>) -> Self {
        Self { way: Way::Clear(tcp), served: Served::default(), _open: Open::new(counters) }
    }

    pub(super) fn tls(tls: TlsStream<TcpStream>, counters: Arc<Counters>) -> Self {
        Self { way: Way::Tls(Box::new(tls)), served: Served::default(), _open: Open::new(counters) }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.served.clone());
        match &self.way {
            Way::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => connected.negotiated_h2(),
            _ => connected,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Way::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        };
        let read = buf.filled().len().saturating_sub(before);
        self.served.0.heard.fetch_add(read as u64, Ordering::Release);
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Way::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_flush(cx),
            Way::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Way::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Way::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.way {
            Way::Clear(tcp) => tcp.is_write_vectored(),
            Way::Tls(tls) => tls.is_write_vectored(),
        }
    }
}
