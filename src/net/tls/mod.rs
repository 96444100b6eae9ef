//! TLS of the listeners: the acceptor, client certificates, and how long each is trusted.

pub mod acceptor;
pub mod certificate;
pub mod client_trust;
pub mod session_expiry;
