//! The operations of the table, by path and method.

use http::Method;
use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, Paths, PathsBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::{Ref, Required};

use crate::api::endpoint::{Endpoint, by_path};
use crate::api::routes::{Body, ENDPOINTS, Operation, Permission};

use super::responses::responses;

/// All paths.
pub(super) fn paths() -> Paths {
    by_path(ENDPOINTS).fold(PathsBuilder::new(), with).build()
}

/// The same with one path more.
fn with(paths: PathsBuilder, endpoints: &[Endpoint<Operation>]) -> PathsBuilder {
    endpoints.iter().fold(paths, |paths, endpoint| {
        paths.path(endpoint.path, PathItem::new(method(&endpoint.method), operation(endpoint)))
    })
}

/// `HEAD` is not listed beside `GET`: it is the same, as HTTP has it.
fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::POST => HttpMethod::Post,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(endpoint: &Endpoint<Operation>) -> OperationBuilder {
    let Operation { id, tag, permission, description, parameters, body, .. } = &endpoint.operation;
    let operation = OperationBuilder::new()
        .operation_id(Some(*id))
        .tag(*tag)
        .summary(Some(endpoint.summary))
        .description((!description.is_empty()).then_some(*description))
        .request_body(body.as_ref().map(request_body))
        .responses(responses(&endpoint.operation));
    let operation = match permission {
        Permission::Public => operation.securities(Some([])),
        Permission::Client => operation,
    };
    parameters
        .iter()
        .fold(operation, |operation, name| operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}"))))
}

fn request_body(body: &Body) -> RequestBody {
    let examples = body.examples.iter().map(|(name, summary, json)| {
        let value = serde_json::from_str::<Value>(json).ok();
        (*name, ExampleBuilder::new().summary(*summary).value(value).build())
    });
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name(body.schema))).examples_from_iter(examples).build();
    let all = RequestBodyBuilder::new().required(Some(Required::True));
    body.media.iter().fold(all, |all, media| all.content(*media, content.clone())).build()
}
