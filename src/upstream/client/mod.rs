//! The HTTP client of one vendor: connection pool, TLS and sockets.

pub(super) mod connection;
pub(super) mod connector;
pub(super) mod http_client;
mod opener;
pub(super) mod pinned_certificate;
pub(super) mod pool;
pub(super) mod roots;
pub(super) mod stream;
pub(super) mod tls_failure;
