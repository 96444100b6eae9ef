//! What operators do with a record, whoever's it is.

use http::StatusCode;
use percent_encoding::percent_decode_str;

use crate::api::{Context, Records, Replay, found, query_names, required, store_problem};
use crate::problem::{Code, Problem};
use crate::store::{Record, UpdateId};
use crate::telemetry::event::Who;

use super::FullResponse;

/// `POST /admin/queue/{update}/cancel`: withdraws a change that waits.
///
/// # Errors
/// There is no store or no such record, it waits no longer, or the store fails.
pub(in crate::admin) async fn cancel(
    context: &Context,
    segment: &str,
    query: Option<&str>,
) -> Result<FullResponse, Problem> {
    let records = required(context.records.as_ref())?;
    query_names(query, &[])?;
    let record = by_id(records, segment).await?;
    let canceled = records.cancel(&record).await?;
    context.canceled(&record, Who::Operator);
    Ok(found(context, records, &canceled))
}

/// `POST /admin/dead/{update}/replay`: sends a dead change again, as a new record.
///
/// # Errors
/// There is no store or no such record, it is not dead, newer changes stand against it, or the store fails.
pub(in crate::admin) async fn replay(
    context: &Context,
    segment: &str,
    query: Option<&str>,
) -> Result<FullResponse, Problem> {
    let records = required(context.records.as_ref())?;
    query_names(query, &["fields", "force"])?;
    let what = Replay::of_query(query)?;
    let record = by_id(records, segment).await?;
    let replay = records.replay(context, &record, what).await?;
    context.replayed(&record, &replay, Who::Operator);
    let mut response = found(context, records, &replay);
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// The record of the id in the path.
async fn by_id(records: &Records, segment: &str) -> Result<Record, Problem> {
    let no_id = |_| {
        let detail =
            "the update in the path must be the id of a record, a UUID; the lists have it as their member `update`";
        Problem::new(Code::InvalidRequest, detail)
    };
    let id: UpdateId = percent_decode_str(segment).decode_utf8_lossy().parse().map_err(no_id)?;
    let record = records.store.record(id).await.map_err(store_problem)?;
    record.ok_or_else(|| Problem::new(Code::UpdateNotFound, "there is no record of this id; it may be kept no longer"))
}
