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
mod record_list;
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
pub(crate) use dry_run::{redact, redact_undocumented};
pub use endpoint::{Endpoint, Matched, by_path, service};
pub(crate) use exchange::{Destination, Preview, PreviewOptions, PreviewRefusal, handling_at, preview};
pub use openapi::openapi;
pub(crate) use operations::{documented_kind, refresh_catalog};
pub(crate) use record_list::{ListDocument, RecordList, said};
pub use records::{CallbackCounters, Callbacks, ClusterSettings, Depth, MemberView, Records, Replay, ReplicaView};
pub(crate) use records::{CallbackState, RecordDocument, found, required, store_problem, stored_json};
pub(crate) use request::query::{check_names as query_names, text as query_text};
pub use request_log::RequestLog;
pub use service::Api;
pub(crate) use target::{Explanation, Level, Routed};
