//! `GET /v1/updates`: what became of the caller's changes, newest first.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;

use crate::api::context::Context;
use crate::api::record_list::RecordList;
use crate::api::records::required;
use crate::api::response;
use crate::problem::Problem;
use crate::value::{Right, Rights};

/// Lists records.
///
/// # Errors
/// The query is invalid, or the store fails.
pub(in crate::api::operations) async fn list(
    context: &Context,
    head: &Parts,
) -> Result<Response<Full<Bytes>>, Problem> {
    let records = required(context.records.as_ref())?;
    context.check_rights(Rights::of(&[Right::Read]), "reading records")?;
    let list = RecordList::own(&context.gateway, context.client_name(), head.uri.query())?;
    let page = list.page(records).await?;
    list.check_own(context, records, &page).await?;
    response::document(&list.document(records, &page, |record, _| record))
}
