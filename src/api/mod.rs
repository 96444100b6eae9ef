//! The API that callers use. `routes` is the table of its operations; `service` takes a request through `middleware` to
//! one of `operations`.

mod attempts;
mod classify;
mod context;
mod dry_run;
mod endpoint;
mod exchange;
mod middleware;
mod openapi;
mod operations;
mod records;
mod representation;
pub mod request;
mod request_log;
mod response;
pub mod routes;
mod scrub;
mod service;
mod target;

pub use context::Context;
pub(crate) use dry_run::redact;
pub use endpoint::{Endpoint, Matched, by_path, service};
pub use openapi::openapi;
pub use records::{CallbackCounters, Callbacks, Depth, Records, Replay};
pub use request_log::RequestLog;
pub use service::Api;
