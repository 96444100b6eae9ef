//! Where bytes become requests: sockets, TLS, HTTP limits, and the first readings of a request.
//!
//! Order from the wire inwards: [`listener`] accepts, [`tls`] speaks TLS, `wire` watches the
//! input of an HTTP/1 connection with `framing`, [`connection`] runs hyper over it, `admission` refuses what is over the limits, and only then
//! does the gateway's service see a request, inside [`rescue`]. [`shutdown`] ends all of it in order;
//! what a connection waits for beside its requests is `dozing`.
//! [`path`], [`prefer`], [`query`], [`request_timeout`], [`request_id`], [`traceparent`], [`tracestate`] and
//! [`body`] are read by that service. Nothing here knows of vendors or of configuration files.

pub mod accept_error;
pub mod activity;
pub mod admission;
pub mod connection;
mod http1;
pub mod listener;
pub mod listener_meters;
mod open_connections;
pub mod peer;
pub mod rejection;
pub mod settings;
pub mod shutdown;
pub mod signals;
pub mod tls;
pub mod tracked_body;
pub mod wake_filter;
