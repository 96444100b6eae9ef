//! Where bytes become requests: sockets, TLS, HTTP limits, and the first readings of a request.
//!
//! Order from the wire inwards: [`listener`] accepts, [`tls`] speaks TLS, `wire` watches the
//! input of an HTTP/1 connection with `framing`, [`connection`] runs hyper over it, `admission` refuses what is over the limits, and only then
//! does the gateway's service see a request, inside [`rescue`]. [`shutdown`] ends all of it in order;
//! what a connection waits for beside its requests is `dozing`.
//! [`path`], [`prefer`], [`query`], [`request_timeout`], [`request_id`], [`traceparent`], [`tracestate`] and
//! [`body`] are read by that service. Nothing here knows of vendors or of configuration files.

mod accept_error;
mod activity;
mod admission;
pub mod body;
pub mod certificate;
pub mod client_trust;
pub mod connection;
mod departure;
mod dozing;
mod framing;
mod gzip;
mod last_word;
pub mod listener;
pub mod listener_meters;
pub mod path;
pub mod peer;
pub mod prefer;
pub mod problem;
pub mod query;
pub mod refusal;
pub mod request_id;
pub mod request_timeout;
pub mod rescue;
pub mod settings;
pub mod shutdown;
pub mod signal;
pub mod tenure;
pub mod tls;
pub mod traceparent;
pub mod tracestate;
mod tracked_body;
mod wire;
