//! The operations of the table, by path and method.

use http::Method;
use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, Paths, PathsBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::{Ref, Required};

use crate::api::endpoint::Endpoint;
use crate::api::routes::{Body, ENDPOINTS, Operation, Permission};

use super::responses::responses;

/// All paths.
pub(super) fn paths() -> Paths {
    let add = |paths: PathsBuilder, endpoint: &Endpoint<Operation>| {
        paths.path(endpoint.path, PathItem::new(method(&endpoint.method), operation(endpoint)))
    };
    ENDPOINTS.iter().filter(|endpoint| endpoint.operation.listed).fold(PathsBuilder::new(), add).build()
}

/// The method. `HEAD` is not listed besides `GET`, as HTTP defines it to be the same.
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
        .responses(responses(&endpoint.operation))
        .securities((*permission == Permission::Public).then_some([]));
    let reference = |name| Ref::new(format!("#/components/parameters/{name}"));
    parameters.iter().fold(operation, |operation, name| operation.parameter_ref(reference(name)))
}

fn request_body(body: &Body) -> RequestBody {
    let examples = body.examples.iter().map(|(name, summary, json)| {
        let value = serde_json::from_str::<Value>(json).ok();
        (*name, ExampleBuilder::new().summary(*summary).value(value).build())
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body.schema))).examples_from_iter(examples);
    let (content, request) = (content.build(), RequestBodyBuilder::new().required(Some(Required::True)));
    body.media.iter().fold(request, |request, media| request.content(*media, content.clone())).build()
}
