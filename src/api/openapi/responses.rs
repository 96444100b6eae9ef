//! The responses of each operation, the response of each problem status, and the headers.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder, Responses, ResponsesBuilder};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};
use utoipa::openapi::{Object, Ref, RefOr, Type};

use crate::api::routes::{Content, Operation, Permission, Success};
use crate::problem::Code;

/// Statuses of `invalid_request` besides 400, where HTTP has a more precise one.
const OF_HTTP: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::URI_TOO_LONG, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE];

/// The status of a dry run.
const OK: u16 = 200;

/// The problems of every operation.
const ANYWHERE: [Code; 3] = [Code::InvalidRequest, Code::Internal, Code::Overloaded];

/// The problems of every operation that needs a client.
const CLIENT: [Code; 2] = [Code::Unauthenticated, Code::RateLimited];

/// The problems of every operation that asks a vendor, as all on assistants do.
const VENDOR: [Code; 8] = [
    Code::VendorRateLimited,
    Code::VendorError,
    Code::VendorBadResponse,
    Code::VendorCredentialsRejected,
    Code::VendorAccountProblem,
    Code::VendorUnreachable,
    Code::VendorCircuitOpen,
    Code::VendorTimeout,
];

/// The response of an operation that succeeds, and those of its problems.
pub(super) fn responses(operation: &Operation) -> Responses {
    let of_client: &[Code] = if operation.permission == Permission::Client { &CLIENT } else { &[] };
    let of_vendor: &[Code] = if operation.does.is_some() { &VENDOR } else { &[] };
    let codes = ANYWHERE.iter().chain(of_client).chain(of_vendor).chain(operation.problems);
    let statuses = codes.map(|code| code.kind().status).chain(OF_HTTP);
    let problems = statuses.fold(ResponsesBuilder::new(), |responses, status| {
        responses.response(status.as_str(), Ref::from_response_name(status.as_str()))
    });
    let unchanged = operation.parameters.contains(&"if_none_match").then(not_modified);
    let problems = unchanged.into_iter().fold(problems, |responses, response| responses.response("304", response));
    let responses = problems.response(operation.success.status.to_string(), success(&operation.success));
    // Nothing is made in a dry run.
    let has_dry_run = operation.success.status != OK && operation.parameters.contains(&"dry_run");
    let headers = &["Preference-Applied", "Switchboard-Dropped"];
    let dry_run = has_dry_run.then(|| success(&Success { status: OK, headers, links: &[], ..operation.success }));
    match dry_run {
        Some(dry_run) => responses.response(OK.to_string(), dry_run).build(),
        None => responses.build(),
    }
}

fn success(success: &Success) -> Response {
    let response = response("Done.", success.media, schema(success.content), success.headers);
    let add = |response: ResponseBuilder, (name, operation, parameter, pointer): &(&str, &str, &str, &str)| {
        response.link(*name, link(operation, parameter, pointer))
    };
    success.links.iter().fold(response, add).build()
}

/// The response to a caller that has the present state already.
fn not_modified() -> Response {
    let response = ResponseBuilder::new().description("The assistant is in a state that `If-None-Match` names.");
    let header = |response: ResponseBuilder, name: &str| {
        response.header_ref(name, Ref::new(format!("#/components/headers/{name}")))
    };
    ["X-Request-Id", "RateLimit", "RateLimit-Policy", "ETag"].into_iter().fold(response, header).build()
}

/// A response with these headers besides those of every response.
fn response(description: &str, media: &str, schema: impl Into<RefOr<Schema>>, headers: &[&str]) -> ResponseBuilder {
    let content = utoipa::openapi::Content::new(Some(schema));
    let response = ResponseBuilder::new().description(description).content(media, content);
    let headers = ["X-Request-Id", "RateLimit", "RateLimit-Policy"].iter().chain(headers);
    let reference = |name| Ref::new(format!("#/components/headers/{name}"));
    headers.fold(response, |response, name| response.header_ref(*name, reference(name)))
}

/// A link that passes the member of the body at `pointer` as a parameter to an operation.
fn link(operation: &str, parameter: &str, pointer: &str) -> Link {
    LinkBuilder::new().operation_id(operation).parameter(parameter, format!("$response.body#{pointer}")).build()
}

fn schema(content: Content) -> RefOr<Schema> {
    match content {
        Content::Schema(name) => Ref::from_schema_name(name).into(),
        Content::Object => {
            let open = ObjectBuilder::new()
                .schema_type(Type::Object)
                .additional_properties(Some(AdditionalProperties::FreeForm(true)));
            Schema::Object(open.build()).into()
        }
        Content::Text => Schema::Object(Object::with_type(Type::String)).into(),
    }
}

/// One response for each status of a problem that an operation has, by status.
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
    // An operation of the document has the method that it names.
    descriptions.remove(StatusCode::METHOD_NOT_ALLOWED.as_str());
    descriptions.into_iter().map(|(status, lines)| (status.clone(), problem(&status, &lines.join("\n")))).collect()
}

fn problem(status: &str, description: &str) -> Response {
    let own: &[&str] = match status {
        "401" => &["WWW-Authenticate"],
        "412" => &["ETag"],
        "429" | "503" => &["Retry-After"],
        _ => &[],
    };
    response(description, "application/problem+json", Ref::from_schema_name("Problem"), own)
        .link("explanation", link("explainProblem", "code", "/code"))
        .build()
}

/// The headers of responses.
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
            "schema": { "type": "string", "enum": ["handling=strict", "handling=lenient", "return=representation", "handling=strict, return=representation", "handling=lenient, return=representation"] },
            "description": "The preference that was taken into account, where one was sent.",
        },
        "Switchboard-Dropped": {
            "schema": { "type": "string" },
            "description": "The fields that were dropped, where any were; the report in the body gives reasons.",
        },
        "Location": {
            "schema": { "type": "string" },
            "description": "The path of the new assistant.",
        },
        "ETag": {
            "schema": { "type": "string", "pattern": "^\"[0-9a-f]{32}\"$" },
            "description": "The state of the assistant, over everything that the vendor says of it but time stamps. `If-Match` and `If-None-Match` take it.",
        },
        "Retry-After": {
            "required": true, "schema": { "type": "integer", "minimum": 0 },
            "description": "Seconds after which another try may succeed.",
        },
        "WWW-Authenticate": { "required": true, "schema": { "type": "string", "enum": ["Bearer"] }, "description": "How to authenticate." },
    })
}
