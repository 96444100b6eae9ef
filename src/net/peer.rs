//! The peer of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::tls::certificate::PeerCertificate;
use super::tls::session_expiry::SessionExpiry;

/// The peer of a connection; every request carries it as the extension `Arc<Peer>`.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The socket's remote address.
    pub address: SocketAddr,
    /// What the TLS handshake agreed on; `None` without TLS.
    pub tls: Option<PeerTls>,
}

/// What a TLS handshake agreed on.
#[derive(Clone, Debug)]
pub struct PeerTls {
    /// The protocol version, such as `TLSv1_3`.
    pub version: &'static str,
    /// Whether ALPN chose HTTP/2 (`Some(true)`), HTTP/1.1 (`Some(false)`) or was not used.
    pub http2: Option<bool>,
    /// The client's certificate, verified against the configured authority.
    pub certificate: Option<PeerCertificate>,
    /// The certificates that the client showed, its own first.
    pub chain: Arc<[CertificateDer<'static>]>,
    /// How long the handshake is trusted.
    pub session_expiry: SessionExpiry,
}
