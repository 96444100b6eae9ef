//! The operations of the API.

mod catalogs;
mod copy;
mod create;
mod delete;
mod discovery;
mod docs;
mod documents;
mod fields;
mod list;
mod read;
mod records;
mod update;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;

use crate::http::body::RequestBody;
use crate::problem::{Code, Problem};

use super::context::Context;
use super::endpoint::Endpoint;
use super::middleware::InFlightPermit;
use super::request::query;
use super::request_log::RequestLog;
use super::response::{json, redirect};
use super::routes::{Action, Operation};

pub(crate) use catalogs::{documented_kind, refresh_catalog};

/// Runs the operation of a request that has passed the middleware.
///
/// # Errors
/// The operation's problem.
pub(super) async fn serve(
    endpoint: &Endpoint<Operation>,
    context: &Context,
    head: &mut Parts,
    body: impl RequestBody,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let Operation { action, parameters, .. } = endpoint.operation;
    if endpoint.path.starts_with("/v1/") {
        query::check(head.uri.query(), parameters)?;
    }
    let segment = |parameter| endpoint.segment(&context.path, parameter);
    // Boxed are the operations that are larger than an update, so that an update need not be as large.
    let value = match action {
        Action::UpdateAssistant => {
            return update::handle(context, segment("assistant"), head, body, log, permit).await;
        }
        Action::CreateAssistant => return Box::pin(create::handle(context, head, body, log, permit)).await,
        Action::DeleteAssistant => {
            return Box::pin(delete::handle(context, segment("assistant"), head, log, permit)).await;
        }
        Action::CopyAssistant => {
            return Box::pin(copy::handle(context, segment("assistant"), head, body, log, permit)).await;
        }
        Action::ReadCatalog => {
            let place = (segment("vendor"), segment("kind"));
            return Box::pin(catalogs::read_catalog(context, place, head, log, permit)).await;
        }
        Action::ReadAssistant => return Box::pin(read::handle(context, segment("assistant"), head, log, permit)).await,
        Action::ListAssistants => return Box::pin(list::handle(context, head, log, permit)).await,
        Action::ReadRecord => return Box::pin(records::read(context, segment("update"), head, log, permit)).await,
        Action::ListRecords => return Box::pin(records::list(context, head)).await,
        Action::CancelRecord => return Box::pin(records::cancel(context, segment("update"), log)).await,
        Action::ReplayRecord => return Box::pin(records::replay(context, segment("update"), head, log)).await,
        Action::Root => return Ok(redirect("/docs")),
        Action::Docs => return Ok(documents::docs_page(context, head)),
        Action::Style => return Ok(documents::style()),
        Action::Icon => return Ok(documents::icon()),
        Action::OpenApi => return Ok(documents::openapi_document(&context.gateway.clients)),
        Action::UpdateSchema => return Ok(documents::update_schema()),
        Action::ListProblems => return Ok(documents::list_problems()),
        Action::ExplainProblem => return documents::explain_problem(segment("code")),
        Action::ExplainRoute => discovery::explain_route(context, segment("assistant"))?,
        Action::ListVendors => discovery::list_vendors(context),
        Action::DescribeVendor => discovery::describe_vendor(context, segment("vendor"))?,
        Action::ListCatalogs => catalogs::list_catalogs(context, segment("vendor"))?,
        Action::ListFields => discovery::list_fields(context),
    };
    Ok(json(value.to_string().into_bytes()))
}

/// Lists assistants, or reads the one in the path, for an operator: without options, and without a line in the log.
///
/// # Errors
/// The operation's problem.
pub(super) async fn read_assistants(
    context: &Context,
    segment: Option<&str>,
    query: &str,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let target = Request::get(format!("/v1/assistants?{query}")).body(());
    let target =
        target.map_err(|error| Problem::new(Code::InvalidRequest, format!("the query is invalid: {error}")))?;
    let (head, ()) = target.into_parts();
    let mut log = RequestLog::default();
    let answer = match segment {
        Some(segment) => Box::pin(read::handle(context, segment, &head, &mut log, permit)).await,
        None => Box::pin(list::handle(context, &head, &mut log, permit)).await,
    };
    answer.map_err(|problem| {
        let vendor = problem.vendor.or_else(|| log.vendor.map(|vendor| vendor.to_string()));
        Problem { base: context.gateway.public_url.clone(), vendor, ..problem }
    })
}
