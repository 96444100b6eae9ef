//! What comes back: one entry for each status, which several problems may share, and the headers of answers.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::edge::problem::Code;

/// Statuses of `invalid_request` that HTTP itself has a more precise word for.
const OF_HTTP: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::URI_TOO_LONG, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE];

/// What any request may be answered with.
const ANYWHERE: [Code; 3] = [Code::InvalidRequest, Code::Internal, Code::Overloaded];

/// What any request that needs a client may be answered with.
pub(super) const CLIENT: [Code; 2] = [Code::Unauthenticated, Code::RateLimited];

/// A 200 with these contents, and every problem that stands in its place.
pub(super) fn responses(done: Value, codes: &[Code]) -> Value {
    let statuses = ANYWHERE.iter().chain(codes).map(|code| code.kind().status).chain(OF_HTTP);
    let mut responses: Map<_, _> = statuses
        .map(|status| {
            (status.as_str().to_owned(), json!({ "$ref": format!("#/components/responses/{}", status.as_str()) }))
        })
        .collect();
    responses.insert("200".into(), done);
    Value::Object(responses)
}

/// A 200 with one kind of content; `headers` are names of [`headers`].
pub(super) fn done(media: &str, schema: Value, headers: &[&str]) -> Value {
    json!({
        "description": "Done.",
        "headers": named(headers),
        "content": { media: { "schema": schema } },
    })
}

/// One answer for each status that any problem has.
pub(super) fn problems() -> Value {
    let mut responses = Map::new();
    for code in Code::ALL {
        let statuses =
            [code.kind().status].into_iter().chain(OF_HTTP.into_iter().filter(|_| *code == Code::InvalidRequest));
        for status in statuses {
            note(responses.entry(status.as_str()).or_insert_with(|| problem(status)), *code);
        }
    }
    Value::Object(responses)
}

/// The answer with that status, its description still empty.
fn problem(status: StatusCode) -> Value {
    let own: &[&str] = match status {
        StatusCode::UNAUTHORIZED => &["WWW-Authenticate"],
        StatusCode::METHOD_NOT_ALLOWED => &["Allow"],
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"],
        _ => &[],
    };
    json!({
        "description": "",
        "headers": named(own),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        "links": { "explanation": { "operationId": "explainProblem", "parameters": { "code": "$response.body#/code" } } },
    })
}

fn note(response: &mut Value, code: Code) {
    let kind = code.kind();
    let before = response["description"].as_str().unwrap_or_default();
    let separator = if before.is_empty() { "" } else { "\n" };
    let description = format!("{before}{separator}- `{}` (fault: {}): {}", kind.name, kind.fault.as_str(), kind.when);
    response["description"] = description.into();
}

/// References to headers; the request id is on every answer.
fn named(headers: &[&str]) -> Value {
    let all = ["X-Request-Id", "RateLimit", "RateLimit-Policy"].iter().chain(headers);
    all.map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect::<Map<_, _>>()
        .into()
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
