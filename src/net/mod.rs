//! The transport in front of the gateway's service: sockets, TLS, HTTP/1 framing, limits, shutdown.
//!
//! From the socket inwards: [`listener`] accepts, [`tls`] does the handshake, `http1` checks HTTP/1 input,
//! [`connection`] runs hyper, and [`admission`] rejects requests over the limits. [`shutdown`] ends all of it in order.

pub mod activity;
pub mod admission;
pub mod connection;
mod http1;
pub mod listener;
pub mod listener_meters;
mod open_connections;
pub mod peer;
mod peers;
pub mod rejection;
pub mod request_body;
pub mod settings;
pub mod shutdown;
pub mod signals;
pub mod tls;
pub mod tracked_body;
