//! One operation of a listener as a row of its table, and the router that a table makes.

use std::convert::Infallible;
use std::future::Future;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, any_service};
use http::Method;
use tower::service_fn;

use crate::problem::{Code, Problem};

/// The label of a path that leads nowhere.
const UNMATCHED: &str = "none";

/// A row: what every listener's operations have, and `operation`, which is what this listener's have beside that.
#[derive(Debug)]
pub struct Endpoint<O: 'static> {
    /// The method; `GET` answers `HEAD`, too.
    pub method: Method,
    /// The path with its parameters in braces: also the label in logs, metrics and traces.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Whether a path of this form leads somewhere. Only for parameters whose values are all known.
    pub exists: fn(&str) -> bool,
    /// What only this listener's operations have.
    pub operation: O,
}

impl<O> Endpoint<O> {
    /// The text that stands in `path` for a parameter, as it was sent: nothing is decoded.
    pub fn segment<'a>(&self, path: &'a str, parameter: &str) -> &'a str {
        let is = |template: &str| template.strip_prefix('{').and_then(|name| name.strip_suffix('}')) == Some(parameter);
        let mut both = self.path.split('/').zip(path.split('/'));
        both.find(|(template, _)| is(template)).map_or("", |(_, segment)| segment)
    }

    /// The methods as they stand in `Allow`.
    pub fn methods(&self) -> &str {
        if self.method == Method::GET { "GET, HEAD" } else { self.method.as_str() }
    }
}

/// Where a request's path and method lead.
#[derive(Debug)]
pub struct Matched<O: 'static> {
    /// All rows of the path; none if it leads nowhere.
    path: &'static [Endpoint<O>],
    /// The one with the request's method.
    endpoint: Option<&'static Endpoint<O>>,
}

impl<O> Clone for Matched<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Matched<O> {}

impl<O> Matched<O> {
    const NONE: Self = Self { path: &[], endpoint: None };

    /// The same, unless the path only has the form of one that exists.
    pub fn at(self, path: &str) -> Self {
        if self.path.first().is_some_and(|first| !(first.exists)(path)) { Self::NONE } else { self }
    }

    /// The path's template, or [`UNMATCHED`].
    pub fn label(self) -> &'static str {
        self.path.first().map_or(UNMATCHED, |first| first.path)
    }

    /// The row.
    ///
    /// # Errors
    /// There is no such path, or it has other methods.
    pub fn endpoint(self, method: &Method) -> Result<&'static Endpoint<O>, Problem> {
        if self.path.is_empty() {
            return Err(Problem::new(Code::NotFound, "there is nothing at this path"));
        }
        self.endpoint.ok_or_else(|| {
            let allow = self.path.iter().map(Endpoint::methods).collect::<Vec<_>>().join(", ");
            let problem = Problem::new(Code::MethodNotAllowed, format!("use {allow} here, not {method}"));
            Problem { allow: Some(allow), ..problem }
        })
    }
}

/// The rows of each path; in a table they stand together.
pub fn by_path<O>(table: &'static [Endpoint<O>]) -> impl Iterator<Item = &'static [Endpoint<O>]> {
    table.chunk_by(|one, next| one.path == next.path)
}

/// The router of a table. Each request is given to `answer` with the row that it leads to. Requests that lead to none
/// are given to it as well, because they are logged and counted like all others.
pub fn router<O, F, R>(table: &'static [Endpoint<O>], answer: F) -> Router
where
    O: Sync,
    F: Fn(Matched<O>, Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response, Infallible>> + Send + 'static,
{
    let service = |matched| {
        let answer = answer.clone();
        service_fn(move |request| answer(matched, request))
    };
    let mut router = Router::new().fallback_service(service(Matched::NONE));
    for path in by_path(table) {
        // `any_service`, because axum would add an `Allow` of its own to a fallback.
        let mut methods = any_service(service(Matched { path, endpoint: None }));
        for endpoint in path {
            // All methods of HTTP have a filter, and tables have no others.
            if let Ok(filter) = MethodFilter::try_from(endpoint.method.clone()) {
                methods = methods.on_service(filter, service(Matched { path, endpoint: Some(endpoint) }));
            }
        }
        if let Some(first) = path.first() {
            router = router.route(first.path, methods);
        }
    }
    router
}

#[cfg(test)]
mod tests {
    use crate::api::endpoint::*;

    #[test]
    fn a_parameter_is_the_segment_at_its_place_as_it_was_sent() {
        let endpoint = Endpoint {
            method: Method::GET,
            path: "/v1/vendors/{vendor}/catalogs/{kind}",
            summary: "",
            exists: |_| true,
            operation: (),
        };
        let path = "/v1/vendors/a%2Fb/catalogs/voices";
        assert_eq!((endpoint.segment(path, "vendor"), endpoint.segment(path, "kind")), ("a%2Fb", "voices"));
        assert_eq!(endpoint.segment(path, "catalogs"), "");
    }
}
