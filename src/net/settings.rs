//! Limits and timeouts of one listener, already validated.

use std::time::Duration;

use crate::value::Network;

/// Limits of one listener and of every connection it accepts.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// Connections served at once; at the limit no more are accepted and the kernel's backlog holds them.
    pub max_connections: usize,
    /// Whether every connection starts with a header of the PROXY protocol, version 2, which names the peer.
    pub proxy_protocol: bool,
    /// Proxies whose `Forwarded` names the peer.
    pub trusted_proxies: Vec<Network>,
    /// Time for a TLS handshake, from accept to its end.
    pub handshake_timeout: Duration,
    /// Time for a request head, from its first byte (the first head of a connection: from accept).
    pub header_timeout: Duration,
    /// Time a connection may stay open without a request in progress.
    pub idle_timeout: Duration,
    /// Time in which a peer must read what was written to it, and an HTTP/2 peer its responses. It starts again each time
    /// that the peer has read `min_write_rate` meanwhile.
    pub write_timeout: Duration,
    /// Bytes per second that a peer must read on average over `write_timeout`, unless it reads all there is.
    pub min_write_rate: u64,
    /// Time for the peer to read the last response, and as long again to close.
    pub linger_timeout: Duration,
    /// Bytes of a refused request's body that are read and dropped over HTTP/2 before its stream is reset.
    pub max_discarded_bytes: usize,
    /// Header fields in one request.
    pub max_headers: usize,
    /// Bytes of one request head, request line included.
    pub max_header_bytes: usize,
    /// Bytes of a request target.
    pub max_uri_bytes: usize,
    /// HTTP/2 only.
    pub http2: Http2Settings,
}

/// Limits that exist only in HTTP/2.
#[derive(Clone, Debug)]
pub struct Http2Settings {
    /// Streams a client may have open at once.
    pub max_concurrent_streams: u32,
    /// Streams that the client has reset before they were accepted; above it the connection ends (rapid reset).
    pub max_pending_resets: usize,
    /// Streams that were reset for the client's errors; above it the connection ends.
    pub max_local_resets: usize,
    /// Time between pings on a connection.
    pub keep_alive_interval: Duration,
    /// Time for the response to a ping.
    pub keep_alive_timeout: Duration,
}

/// How fast a peer must read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WritePace {
    /// The time in which it must read `bytes`.
    pub(crate) timeout: Duration,
    /// The bytes it must read in that time.
    pub(crate) bytes: u64,
}

impl ListenerSettings {
    /// The bytes that a peer must read in `timeout`.
    pub(crate) fn pace(&self, timeout: Duration) -> WritePace {
        let bytes = u128::from(self.min_write_rate) * timeout.as_millis() / 1000;
        WritePace { timeout, bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
    }
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            proxy_protocol: false,
            trusted_proxies: Vec::new(),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            min_write_rate: 1024,
            linger_timeout: Duration::from_secs(2),
            max_discarded_bytes: 2 * 1024 * 1024,
            max_headers: 100,
            max_header_bytes: 16 * 1024,
            max_uri_bytes: 8 * 1024,
            http2: Http2Settings::default(),
        }
    }
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            max_concurrent_streams: 200,
            max_pending_resets: 20,
            max_local_resets: 128,
            keep_alive_interval: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(10),
        }
    }
}
