//! The records of all clients, for operators: what waits, what is dead, what became of each change, and moving one.

mod lists;
mod moving;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde_json::{Map, Value, json};

use crate::api::{Depth, Records};
use crate::store::{Figures, Timestamp};

use super::FullResponse;

pub(super) use lists::{dead, history, queue};
pub(super) use moving::{cancel, replay};

/// The state of the store, without paths.
pub(super) fn store(records: &Records) -> Value {
    let Figures { kind, waiting, commits, failures, failing, bytes, .. } = records.store.figures();
    let waits: usize = records.depths().values().map(Depth::total).sum();
    json!({
        "kind": kind,
        "failing": failing,
        "statements_waiting": waiting,
        "commits": commits,
        "commits_failed": failures,
        "bytes": bytes,
        "changes_waiting": waits,
    })
}

/// What waits, by vendor account.
fn depths(records: &Records) -> Map<String, Value> {
    let now = Timestamp::now();
    let depths = records.depths().into_iter().map(|(vendor, depth)| {
        let oldest = depth.oldest.map(|oldest| oldest.to_string());
        let age = depth.oldest.map(|oldest| now.since(oldest).as_secs_f64());
        let state = json!({
            "queued": depth.queued, "sending": depth.sending, "held": depth.held,
            "oldest_at": oldest, "oldest_seconds": age,
        });
        (vendor.to_string(), state)
    });
    depths.collect()
}

/// A response with the JSON of records, whose answers and problems keep their text.
fn response(body: Vec<u8>) -> FullResponse {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
