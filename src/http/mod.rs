//! HTTP that both the API and the vendor side use: request ids, trace context, bodies, paths, entity tags, header names, times of
//! attempts, short writes.

pub mod attempt_times;
pub mod body;
pub mod catch_panic;
pub mod disconnect;
pub mod entity_tag;
pub mod gzip;
pub mod header_names;
pub mod path;
pub mod request_id;
pub(crate) mod short_write;
pub mod trace_context;
