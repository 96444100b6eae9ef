//! `GET /v1/updates/{update}`: what became of a change.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::context::Context;
use crate::api::middleware::InFlightPermit;
use crate::api::records::{Records, found, required, store_problem};
use crate::api::request::query::{self, WAIT};
use crate::api::request::timeout::request_timeout;
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Problem};
use crate::store::{Record, RecordsOf, UpdateId};
use crate::value::{Right, Rights};

use super::{callers, decoded, not_found};

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The `Retry-After` of one who may not wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Reads a record, once the change has ended if the caller waits for that.
///
/// One who waits needs nothing of the gateway, so it holds no permit of the requests in flight meanwhile: however many wait,
/// updates go on. As many may wait as may be in flight.
///
/// # Errors
/// The caller has no such record, too many wait, or the store fails.
pub(in crate::api::operations) async fn read(
    context: &Context,
    segment: &str,
    head: &Parts,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let records = required(context.records.as_ref())?;
    context.check_rights(Rights::of(&[Right::Read]), "reading records")?;
    let until = until(context, head)?;
    let text = decoded(segment)?;
    let record = find(context, records, &text, log).await?;
    let Some(until) = until.filter(|_| !record.state.is_final()) else {
        return found(records, &record);
    };
    drop(permit);
    let _place = records.reader(context.gateway.max_in_flight).ok_or_else(|| {
        let detail = "as many wait for changes to end as may; read the record without `wait`, or later";
        Problem::new(Code::Overloaded, detail).after(RETRY_AFTER)
    })?;
    let record = records.ended(record.id, until).await.map_err(store_problem)?;
    record.map(|record| found(records, &record)).ok_or_else(not_found)?
}

/// Until when the caller waits; `None` if it does not.
fn until(context: &Context, head: &Parts) -> Result<Option<Instant>, Problem> {
    let max = context.gateway.request_timeout;
    let timeout = request_timeout(&head.headers)?.map_or(max, |timeout| timeout.min(max));
    let wait = query::seconds(head.uri.query(), WAIT)?.filter(|seconds| *seconds > 0);
    let wait = wait.map(|seconds| Duration::from_secs(seconds.into()).min(MAX_WAIT).min(timeout));
    Ok(wait.map(|wait| context.arrived + wait))
}

/// The caller's record of that id, or its newest one of that request. Ids of requests may look like those of records.
async fn find(context: &Context, records: &Records, text: &str, log: &mut RequestLog) -> Result<Record, Problem> {
    if let Ok(id) = text.parse::<UpdateId>() {
        let record = records.store.record(id).await.map_err(store_problem)?;
        if let Some(record) = callers(context, record, log) {
            return Ok(record);
        }
    }
    let owner = RecordsOf::Client(context.client_name().map(str::to_owned));
    let record = records.store.record_of_request(owner, text.to_owned()).await.map_err(store_problem)?;
    callers(context, record, log).ok_or_else(not_found)
}
