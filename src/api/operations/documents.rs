//! Documents about the API itself, which are the same at every gateway. Those that are long are rendered once.

use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use vendors::document::canonical_schema;

use crate::access::Clients;
use crate::api::context::Context;
use crate::api::openapi::{Security, openapi};
use crate::api::response::{page, with_media};
use crate::problem::{Code, Problem, problem_index, problem_page};

use super::docs;

/// `GET /v1/schema`: the JSON Schema of updates.
pub(super) fn update_schema() -> Response<Full<Bytes>> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| format!("{}\n", canonical_schema()).into());
    with_media(TEXT.clone(), "application/schema+json")
}

/// `GET /openapi.json`: the OpenAPI document.
pub(super) fn openapi_document(clients: &Clients) -> Response<Full<Bytes>> {
    static TEXTS: [OnceLock<Bytes>; 3] = [const { OnceLock::new() }; 3];
    let security = Security::of(clients);
    let text = || Bytes::from(format!("{}\n", openapi(security)));
    let text = TEXTS.get(security as usize).map_or_else(text, |cell| cell.get_or_init(text).clone());
    with_media(text, "application/json")
}

/// `GET /docs`: the API on one page.
pub(super) fn docs_page(context: &Context, head: &Parts) -> Response<Full<Bytes>> {
    page(docs::html(context, head))
}

/// `GET /docs.css`: how the pages look.
pub(super) fn style() -> Response<Full<Bytes>> {
    with_media(include_str!("docs.css"), "text/css; charset=utf-8")
}

/// `GET /favicon.svg`: the icon of the pages.
pub(super) fn icon() -> Response<Full<Bytes>> {
    with_media(include_str!("favicon.svg"), "image/svg+xml")
}

/// `GET /problems`: all problems.
pub(super) fn list_problems() -> Response<Full<Bytes>> {
    page(problem_index())
}

/// `GET /problems/{code}`: one problem.
///
/// # Errors
/// There is no problem of that name.
pub(super) fn explain_problem(code: &str) -> Result<Response<Full<Bytes>>, Problem> {
    let code = Code::from_name(code).ok_or_else(|| Problem::new(Code::NotFound, "there is no problem of that name"))?;
    Ok(page(problem_page(code)))
}
