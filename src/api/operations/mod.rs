//! What serves each operation, one file each.

mod describe_vendor;
mod docs;
mod explain_route;
mod list_fields;
mod list_vendors;
mod openapi;
mod problems;
mod update;
mod update_schema;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;

use crate::problem::Problem;

use super::context::Context;
use super::endpoint::Endpoint;
use super::middleware::InFlightPermit;
use super::request_log::RequestLog;
use super::response::json;
use super::routes::{Action, Operation};

/// Serves a request that may be served.
///
/// # Errors
/// Whatever stands against it.
pub(super) async fn serve(
    endpoint: &Endpoint<Operation>,
    context: &Context,
    head: &mut Parts,
    body: Body,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let segment = |parameter| endpoint.segment(&context.path, parameter);
    let value = match endpoint.operation.action {
        Action::UpdateAssistant => {
            return update::handle(context, segment("assistant"), head, body, log, permit).await;
        }
        Action::Docs => return Ok(docs::respond()),
        Action::OpenApi => return Ok(openapi::respond()),
        Action::UpdateSchema => return Ok(update_schema::respond()),
        Action::ListProblems => return Ok(problems::list()),
        Action::ExplainProblem => return problems::explain(segment("code")),
        Action::ExplainRoute => explain_route::value(context, segment("assistant"))?,
        Action::ListVendors => list_vendors::value(context),
        Action::DescribeVendor => describe_vendor::value(context, segment("vendor"))?,
        Action::ListFields => list_fields::value(context),
    };
    Ok(json(value.to_string().into_bytes()))
}
