//! What comes back: one entry for each status, which several problems may share, and the headers of answers.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder, Responses, ResponsesBuilder};
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Object, Ref, RefOr, Type};

use crate::api::routes::{Content, Operation, Permission, Success};
use crate::problem::Code;

/// Statuses of `invalid_request` that HTTP itself has a more precise word for.
const OF_HTTP: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::URI_TOO_LONG, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE];

/// What any request may be answered with.
const ANYWHERE: [Code; 3] = [Code::InvalidRequest, Code::Internal, Code::Overloaded];

/// What any request that needs a client may be answered with.
const CLIENT: [Code; 2] = [Code::Unauthenticated, Code::RateLimited];

/// The answer of an operation that went well, and every problem that stands in its place.
pub(super) fn responses(operation: &Operation) -> Responses {
    let of_client: &[Code] = if operation.permission == Permission::Client { &CLIENT } else { &[] };
    let codes = ANYWHERE.iter().chain(of_client).chain(operation.problems);
    let statuses = codes.map(|code| code.kind().status).chain(OF_HTTP);
    let problems = statuses.fold(ResponsesBuilder::new(), |responses, status| {
        responses.response(status.as_str(), Ref::from_response_name(status.as_str()))
    });
    let success = &operation.success;
    problems.response(success.status.to_string(), done(success)).build()
}

fn done(success: &Success) -> Response {
    let content = ContentBuilder::new().schema(Some(schema(success.content))).build();
    let response = ResponseBuilder::new().description("Done.").content(success.media, content);
    let response = with_headers(response, success.headers);
    let links = success.links.iter().fold(response, |response, (name, operation, parameter, place)| {
        let link = LinkBuilder::new().operation_id(*operation);
        response.link(*name, link.parameter(*parameter, format!("$response.body#{place}")).build())
    });
    links.build()
}

fn schema(content: Content) -> RefOr<Schema> {
    match content {
        Content::Schema(name) => Ref::from_schema_name(name).into(),
        Content::OneOf(names) => {
            let all = names.iter().fold(OneOfBuilder::new(), |all, name| all.item(Ref::from_schema_name(*name)));
            Schema::OneOf(all.build()).into()
        }
        Content::Object => Schema::Object(Object::with_type(Type::Object)).into(),
        Content::Text => Schema::Object(Object::with_type(Type::String)).into(),
    }
}

/// One answer for each status that any problem has.
pub(super) fn problems() -> BTreeMap<String, Response> {
    let mut descriptions = BTreeMap::<String, Vec<String>>::new();
    for code in Code::ALL {
        let kind = code.kind();
        let line = format!("- `{}` (fault: {}): {}", kind.name, kind.fault.as_str(), kind.when);
        let of_http = OF_HTTP.into_iter().filter(|_| *code == Code::InvalidRequest);
        for status in [kind.status].into_iter().chain(of_http) {
            descriptions.entry(status.as_str().to_owned()).or_default().push(line.clone());
        }
    }
    descriptions.into_iter().map(|(status, lines)| (status.clone(), problem(&status, &lines.join("\n")))).collect()
}

/// The answer with that status.
fn problem(status: &str, description: &str) -> Response {
    let own: &[&str] = match status {
        "401" => &["WWW-Authenticate"],
        "405" => &["Allow"],
        "429" | "503" => &["Retry-After"],
        _ => &[],
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let explanation = LinkBuilder::new().operation_id("explainProblem").parameter("code", "$response.body#/code");
    let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    with_headers(response, own).link("explanation", explanation.build()).build()
}

/// The same with references to headers; some are on every answer.
fn with_headers(response: ResponseBuilder, headers: &[&str]) -> ResponseBuilder {
    let all = ["X-Request-Id", "RateLimit", "RateLimit-Policy"].iter().chain(headers);
    all.fold(response, |response, name| response.header_ref(*name, Ref::new(format!("#/components/headers/{name}"))))
}

/// Every header of an answer that has a meaning of ours.
pub(super) fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "required": true, "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$" },
            "description": "The id under which this request is logged and forwarded.",
        },
        "RateLimit": {
            "schema": { "type": "string" },
            "description": "For a client with a limit: requests left (`r`) and seconds until all are back (`t`).",
        },
        "RateLimit-Policy": {
            "schema": { "type": "string" },
            "description": "For a client with a limit: requests (`q`) in so many seconds (`w`).",
        },
        "Preference-Applied": {
            "schema": { "enum": ["handling=strict", "handling=lenient"] },
            "description": "The preference that was taken into account, where one was sent.",
        },
        "Switchboard-Dropped": {
            "schema": { "type": "string" },
            "description": "The fields that were dropped, where any were; the report in the body gives reasons.",
        },
        "Retry-After": {
            "required": true, "schema": { "type": "integer", "minimum": 0 },
            "description": "Seconds after which another try may succeed.",
        },
        "WWW-Authenticate": { "required": true, "schema": { "const": "Bearer" }, "description": "How to authenticate." },
        "Allow": { "required": true, "schema": { "type": "string" }, "description": "The methods that this path has." },
    })
}
