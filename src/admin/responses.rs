//! Responses with documents.

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::Value;

use crate::api::{Context, found, required};
use crate::problem::Problem;
use crate::store::Record;

use super::documents::translation::{self, TextFormat};
use super::{FullResponse, Operator};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A file of JSON lines.
pub(super) fn json_lines(lines: Vec<u8>) -> FullResponse {
    let mut response = Response::new(Full::from(lines));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"requests.ndjson\""));
    response
}

/// A response with a document.
pub(super) fn document(document: &impl Serialize) -> Result<FullResponse, Problem> {
    let body = serde_json::to_vec_pretty(document);
    let mut body = body.map_err(|error| Problem::internal("the document failed", error))?;
    body.push(b'\n');
    let mut response = Response::new(Full::from(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}

/// A response with indented JSON.
pub(super) fn json(status: StatusCode, body: &Value) -> FullResponse {
    let mut response = Response::new(Full::from(format!("{body:#}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// The coverage matrix in the format that the query asks for.
pub(super) fn coverage(operator: &Operator, query: Option<&str>) -> Result<FullResponse, Problem> {
    let matrix = translation::coverage(operator, query)?;
    let Some(format) = TextFormat::of_query(query)? else { return document(&matrix) };
    let mut response = Response::new(Full::from(matrix.text(format)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.media()));
    Ok(response)
}

/// A response with a record that an operator has moved.
pub(super) fn moved(context: &Context, status: StatusCode, record: &Record) -> Result<FullResponse, Problem> {
    let mut response = found(required(context.records.as_ref())?, record)?;
    *response.status_mut() = status;
    Ok(response)
}
