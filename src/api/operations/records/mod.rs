//! The records of changes: reading, listing, cancelling and replaying them. Each of these takes a store, and a client has
//! those of its own changes only.

mod cancel;
mod list;
mod read;
mod replay;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::api::context::Context;
use crate::api::records::{Records, store_problem};
use crate::api::request_log::RequestLog;
use crate::http::request_id;
use crate::problem::{Code, Problem};
use crate::store::{Record, UpdateId};

pub(super) use cancel::cancel;
pub(super) use list::list;
pub(super) use read::read;
pub(super) use replay::replay;

/// The `{update}` of a path, decoded.
///
/// # Errors
/// It can be neither the id of a record nor that of a request.
fn decoded(segment: &str) -> Result<Cow<'_, str>, Problem> {
    let text = percent_decode_str(segment).decode_utf8_lossy();
    let malformed = || {
        let detail = "the update in the path must be the id of a record, a UUID, or the id of a request: 1 to 128 letters, digits, `.`, `_` and `-`";
        Problem::new(Code::InvalidRequest, detail)
    };
    if request_id::is_valid(text.as_bytes()) { Ok(text) } else { Err(malformed()) }
}

/// The caller's record of the id in the path, to do something with it.
///
/// # Errors
/// It is no id of a record, there is none of the caller's, or the store fails.
async fn by_id(context: &Context, records: &Records, segment: &str, log: &mut RequestLog) -> Result<Record, Problem> {
    let no_id = |_| {
        let detail = "the update in the path must be the id of a record here, a UUID; the record of a request has it as its member `update`";
        Problem::new(Code::InvalidRequest, detail)
    };
    let id: UpdateId = decoded(segment)?.parse().map_err(no_id)?;
    let record = records.store.record(id).await.map_err(store_problem)?;
    callers(context, record, log).ok_or_else(not_found)
}

/// The record if it is the caller's. Others' are as if they were not there.
fn callers(context: &Context, record: Option<Record>, log: &mut RequestLog) -> Option<Record> {
    let record = record.filter(|record| record.client.as_deref() == context.client_name())?;
    (log.assistant, log.record) = (Some(record.assistant.clone()), Some(record.id));
    Some(record)
}

fn not_found() -> Problem {
    Problem::new(Code::UpdateNotFound, "there is no such record of a change of yours")
}
