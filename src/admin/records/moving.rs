//! What operators do with a record of any client.

use std::time::Duration;

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::api::request::query;
use crate::api::{Context, Records, Replay, query_names, required, store_problem};
use crate::http::body::{BodyLimits, RequestBody, read_body};
use crate::problem::{Code, Problem};
use crate::store::{Record, UpdateId};
use crate::telemetry::event::Who;

/// What a body with a reason has at most, and for how long.
const REASON_BODY: BodyLimits = BodyLimits { max_bytes: 16 << 10, timeout: Duration::from_secs(10) };
/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Withdraws a change that waits.
///
/// # Errors
/// There is no store or no such record, it waits no longer, or the store fails.
pub(crate) async fn cancel(context: &Context, segment: &str) -> Result<Record, Problem> {
    let records = required(context.records.as_ref())?;
    let record = by_id(records, segment).await?;
    let canceled = records.cancel(&record).await?;
    context.canceled(&record, Who::Operator);
    Ok(canceled)
}

/// Sends a dead change again, as a new record.
///
/// # Errors
/// There is no store or no such record, it is not dead, newer changes stand against it, or the store fails.
pub(crate) async fn replay(context: &Context, segment: &str, query: Option<&str>) -> Result<Record, Problem> {
    let records = required(context.records.as_ref())?;
    query_names(query, &["fields", "force"])?;
    let what = Replay::of_query(query)?;
    let record = by_id(records, segment).await?;
    let replay = records.replay(context, &record, what).await?;
    context.replayed(&record, &replay, Who::Operator);
    Ok(replay)
}

/// Discards a dead change, so that it cannot be sent again. The audit log keeps the reason.
///
/// # Errors
/// There is no store or no such record, it is not dead or was sent again, the reason is none, or the store fails.
pub(crate) async fn discard(context: &Context, segment: &str, reason: &str) -> Result<Record, Problem> {
    let records = required(context.records.as_ref())?;
    let reason = reason.trim();
    let invalid = |what: &str| Problem::new(Code::InvalidRequest, format!("the reason of discarding {what}"));
    if reason.is_empty() {
        return Err(invalid(
            "is missing: send it as `{\"reason\": \"…\"}` in the body, or as the query parameter `reason`",
        ));
    }
    let chars = reason.chars().count();
    if chars > MAX_REASON_CHARS {
        return Err(invalid(&format!("has {chars} characters; it may have {MAX_REASON_CHARS}")));
    }
    if reason.chars().any(char::is_control) {
        return Err(invalid("must be one line without control characters"));
    }
    let record = by_id(records, segment).await?;
    let discarded = records.discard(&record).await?;
    context.discarded(&record, reason);
    Ok(discarded)
}

/// The reason that a request gives, in its query or in its body.
///
/// # Errors
/// It is in both, or the body cannot be read or is something else.
pub(in crate::admin) async fn reason(
    query: Option<&str>,
    headers: &HeaderMap,
    body: impl RequestBody,
) -> Result<String, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        reason: String,
    }
    query_names(query, &["reason"])?;
    let in_query = query::text(query, "reason")?;
    let body = read_body(headers, body, REASON_BODY).await;
    let body = body.map_err(|error| Problem::new(Code::InvalidRequest, error.to_string()))?;
    match (in_query, body.trim_ascii()) {
        (reason, b"") => Ok(reason.unwrap_or_default().into_owned()),
        (Some(_), _) => Err(query::must("reason", "not be repeated in the body")),
        (None, body) => {
            let wrong = |error: serde_json::Error| {
                Problem::new(Code::InvalidJson, format!("the body must be `{{\"reason\": \"…\"}}`: {error}"))
            };
            serde_json::from_slice(body).map(|Body { reason }| reason).map_err(wrong)
        }
    }
}

/// The record of the id in the path.
async fn by_id(records: &Records, segment: &str) -> Result<Record, Problem> {
    let no_id = |_| {
        let detail = "a record is named by its own id, a UUID, not by that of its request; `switchboard queue` and \
                      `switchboard queue dead` show it in their column `update`, `GET /admin/queue` and `GET /admin/dead` have \
                      it as the member `update`";
        Problem::new(Code::InvalidRequest, detail)
    };
    let id: UpdateId = percent_decode_str(segment).decode_utf8_lossy().parse().map_err(no_id)?;
    let record = records.store.record(id).await.map_err(store_problem)?;
    record.ok_or_else(|| Problem::new(Code::UpdateNotFound, "there is no record of this id; it may be kept no longer"))
}
