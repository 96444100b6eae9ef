//! `DELETE /v1/updates/{update}`: a change that waits is withdrawn.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::api::context::Context;
use crate::api::records::{found, required};
use crate::api::request_log::RequestLog;
use crate::problem::Problem;
use crate::telemetry::event::Who;

use super::by_id;

/// Cancels a change.
///
/// # Errors
/// The caller has no such record or not the rights of its operation, it waits no longer, or the store fails.
pub(in crate::api::operations) async fn cancel(
    context: &Context,
    segment: &str,
    log: &mut RequestLog,
) -> Result<Response<Full<Bytes>>, Problem> {
    let records = required(context.records.as_ref())?;
    let record = by_id(context, records, segment, log).await?;
    context.check_rights(record.operation.rights(), "cancelling this change")?;
    let record = records.cancel(&record).await?;
    context.canceled(&record, Who::Client);
    found(records, &record)
}
