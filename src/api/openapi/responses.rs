//! The responses of each operation, the response of each problem status, and the headers.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder, Responses, ResponsesBuilder};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};
use utoipa::openapi::{Object, Ref, RefOr, Type};
use vendors::Handling;

use crate::api::request::prefer;
use crate::api::routes::{Content, Operation, Permission, Success};
use crate::problem::Code;
use crate::value::AssistantOperation;

/// Statuses of `invalid_request` besides 400, where HTTP has a more precise one.
const OF_HTTP: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::URI_TOO_LONG, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE];

/// The header of an answer that is an earlier request's.
const REPLAYED: &str = "Idempotency-Replayed";

/// The status of a change that is delivered later.
const ACCEPTED: u16 = 202;

/// The response to a change that is delivered later.
const LATER: Success = Success {
    status: ACCEPTED,
    media: "application/json",
    content: Content::Schema("Record"),
    headers: &["Location", "Retry-After", "Preference-Applied", REPLAYED],
    links: &[("record", "readRecord", "update", "/update")],
};

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

/// The problems of every operation that takes an idempotency key.
const KEYED: [Code; 6] = [
    Code::IdempotencyInProgress,
    Code::IdempotencyKeyReused,
    Code::Superseded,
    Code::QueueFull,
    Code::StoreRequired,
    Code::StoreUnavailable,
];

/// The response of an operation that succeeds, and those of its problems.
pub(super) fn responses(operation: &Operation) -> Responses {
    let of_client: &[Code] = if operation.permission == Permission::Client { &CLIENT } else { &[] };
    let of_vendor: &[Code] = if operation.does.is_some() { &VENDOR } else { &[] };
    let is_keyed = operation.parameters.contains(&"idempotency_key");
    let of_key: &[Code] = if is_keyed { &KEYED } else { &[] };
    let codes = ANYWHERE.iter().chain(of_client).chain(of_vendor).chain(of_key).chain(operation.problems);
    let statuses = codes.map(|code| code.kind().status).chain(OF_HTTP);
    let problems = statuses.fold(ResponsesBuilder::new(), |responses, status| {
        responses.response(status.as_str(), Ref::from_response_name(status.as_str()))
    });
    let unchanged = operation.parameters.contains(&"if_none_match").then(not_modified);
    let problems = unchanged.into_iter().fold(problems, |responses, response| responses.response("304", response));
    let can_end_later = matches!(operation.does, Some(AssistantOperation::Update | AssistantOperation::Delete));
    let later = can_end_later.then(|| ("202", success(&LATER)));
    let problems =
        later.into_iter().fold(problems, |responses, (status, response)| responses.response(status, response));
    let mut done = success(&operation.success);
    if is_keyed {
        let reference = RefOr::Ref(Ref::new(format!("#/components/headers/{REPLAYED}")));
        done.headers.insert(REPLAYED.to_owned(), reference);
    }
    if can_end_later {
        let reference = RefOr::Ref(Ref::new("#/components/headers/Location"));
        done.headers.insert("Location".to_owned(), reference);
    }
    let responses = problems.response(operation.success.status.to_string(), done);
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
    let description = if success.status == ACCEPTED { "Stored, and delivered later." } else { "Done." };
    let response = response(description, success.media, schema(success.content), success.headers);
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
    let response = response(description, "application/problem+json", Ref::from_schema_name("Problem"), own);
    let response = match status {
        "409" => response.header_ref("Retry-After", Ref::new("#/components/headers/Retry-After-409")),
        _ => response,
    };
    response.link("explanation", link("explainProblem", "code", "/code")).build()
}

/// All values of `Preference-Applied`.
fn preferences() -> Vec<String> {
    let handlings = [None, Some(Handling::Strict), Some(Handling::Lenient)];
    let others = [(false, false), (true, false), (false, true), (true, true)];
    let all = others.into_iter().flat_map(|other| handlings.map(|handling| (handling, other)));
    let values = all.filter_map(|(handling, (represented, later))| prefer::applied(handling, represented, later));
    values.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect()
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
            "schema": { "type": "string", "enum": preferences() },
            "description": "The preferences that were taken into account, where some were sent.",
        },
        "Switchboard-Dropped": {
            "schema": { "type": "string" },
            "description": "The fields that were dropped, where any were; the report in the body gives reasons.",
        },
        "Location": {
            "schema": { "type": "string" },
            "description": "Where to find the new assistant, or the record of a change that is delivered later: in a 202, and in the answer that its key repeats.",
        },
        "ETag": {
            "schema": { "type": "string", "pattern": "^\"[0-9a-f]{32}\"$" },
            "description": "The state of the assistant, over everything that the vendor says of it but time stamps. `If-Match` and `If-None-Match` take it.",
        },
        "Retry-After": {
            "required": true, "schema": { "type": "integer", "minimum": 0 },
            "description": "Seconds after which another try may succeed.",
        },
        "Retry-After-409": {
            "schema": { "type": "integer", "minimum": 0 },
            "description": "With `idempotency_in_progress`: seconds after which the first request may have ended.",
        },
        "Idempotency-Replayed": {
            "schema": { "type": "string", "enum": ["true"] },
            "description": "The answer is that of an earlier request with the same `Idempotency-Key`.",
        },
        "WWW-Authenticate": { "required": true, "schema": { "type": "string", "enum": ["Bearer"] }, "description": "How to authenticate." },
    })
}
