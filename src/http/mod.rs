//! What both sides share of HTTP: request ids, trace context, preferences, bodies, paths.

pub mod body;
pub mod catch_panic;
pub mod disconnect;
pub mod gzip;
pub mod header_names;
pub mod path;
pub mod request_id;
pub mod trace_context;
pub mod tracestate;
