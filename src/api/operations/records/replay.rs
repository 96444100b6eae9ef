//! `POST /v1/updates/{update}/replay`: a dead change is sent again.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;

use crate::api::context::Context;
use crate::api::records::{Replay, accepted, required};
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Problem};
use crate::telemetry::event::Who;

use super::by_id;

/// Replays a change.
///
/// # Errors
/// The caller has no such record or not the rights of its operation, it is not dead, newer changes stand against it, or the
/// store fails.
pub(in crate::api::operations) async fn replay(
    context: &Context,
    segment: &str,
    head: &Parts,
    log: &mut RequestLog,
) -> Result<Response<Full<Bytes>>, Problem> {
    let records = required(context.records.as_ref())?;
    let what = Replay::of_query(head.uri.query())?;
    let record = by_id(context, records, segment, log).await?;
    context.check_rights(record.operation.rights(), "replaying this change")?;
    // As any change that is admitted now.
    if !record.vendor_id.as_deref().is_none_or(|id| context.may_use_assistant(&record.assistant, &record.vendor, id)) {
        let detail = format!("this client may not use the assistant `{}` any more", record.assistant);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let replay = records.replay(context, &record, what).await?;
    log.record = Some(replay.id);
    context.replayed(&record, &replay, Who::Client);
    accepted(context, records, &replay)
}
