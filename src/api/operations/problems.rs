//! `GET /problems` and `GET /problems/{code}`: problems explained to people.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::api::response::page;
use crate::problem::{Code, Problem, problem_index, problem_page};

/// All problems.
pub(super) fn list() -> Response<Full<Bytes>> {
    page(problem_index())
}

/// One problem.
///
/// # Errors
/// There is no problem of that name.
pub(super) fn explain(code: &str) -> Result<Response<Full<Bytes>>, Problem> {
    let code = Code::from_name(code).ok_or_else(|| Problem::new(Code::NotFound, "there is no problem of that name"))?;
    Ok(page(problem_page(code)))
}
