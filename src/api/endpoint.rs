//! A row of a listener's table of operations, and the router made from such a table.

use std::convert::Infallible;
use std::future::Future;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use tower::service_fn;

use crate::problem::{Code, Problem};

/// The label of a path that matches no row.
const UNMATCHED: &str = "none";

/// A row: what the operations of every listener have, and in `operation` what those of one listener have besides.
#[derive(Debug)]
pub struct Endpoint<O: 'static> {
    /// The method; `GET` serves `HEAD`, too.
    pub method: Method,
    /// The path with its parameters in braces, which is also the label in logs, metrics and traces.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Whether a path of this form exists. Only for parameters whose values are all known.
    pub exists: fn(&str) -> bool,
    /// What only this listener's operations have.
    pub operation: O,
}

impl<O> Endpoint<O> {
    /// The text of a parameter in `path`, as it was sent: nothing is decoded.
    pub fn segment<'a>(&self, path: &'a str, parameter: &str) -> &'a str {
        let is = |template: &str| template.strip_prefix('{').and_then(|name| name.strip_suffix('}')) == Some(parameter);
        let mut both = self.path.split('/').zip(path.split('/'));
        both.find(|(template, _)| is(template)).map_or("", |(_, segment)| segment)
    }

    /// The methods as `Allow` lists them.
    pub fn methods(&self) -> &str {
        if self.method == Method::GET { "GET, HEAD" } else { self.method.as_str() }
    }

    fn serves(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

/// The rows that a request's path matches, one for each method; empty if it matches none.
#[derive(Debug)]
pub struct Matched<O: 'static>(&'static [Endpoint<O>]);

impl<O> Matched<O> {
    /// The same, or nothing if `path` only has the form of one that exists.
    #[must_use]
    pub fn existing(self, path: &str) -> Self {
        if self.0.first().is_some_and(|first| !(first.exists)(path)) { Self(&[]) } else { self }
    }

    /// The path's template, or [`UNMATCHED`].
    pub fn label(&self) -> &'static str {
        self.0.first().map_or(UNMATCHED, |first| first.path)
    }

    /// The row of a method.
    ///
    /// # Errors
    /// There is no such path, or it has other methods.
    pub fn endpoint(&self, method: &Method) -> Result<&'static Endpoint<O>, Problem> {
        if self.0.is_empty() {
            return Err(Problem::new(Code::NotFound, "there is nothing at this path"));
        }
        self.0.iter().find(|endpoint| endpoint.serves(method)).ok_or_else(|| {
            let allow = self.0.iter().map(Endpoint::methods).collect::<Vec<_>>().join(", ");
            let problem = Problem::new(Code::MethodNotAllowed, format!("use {allow} here, not {method}"));
            Problem { allow: Some(allow), ..problem }
        })
    }
}

/// The rows of each path; in a table they stand together.
pub fn by_path<O>(table: &'static [Endpoint<O>]) -> impl Iterator<Item = &'static [Endpoint<O>]> {
    table.chunk_by(|one, next| one.path == next.path)
}

/// The router of a table. It calls `handler` with the rows that a request matches, also if there are none, because
/// those requests are logged and counted like all others. axum's own method router is not used: it would write an
/// `Allow` of its own, and costs each request about 900 instructions more.
pub fn router<O, F, R>(table: &'static [Endpoint<O>], handler: F) -> Router
where
    O: Sync,
    F: Fn(Matched<O>, Request<Body>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let service = |rows| {
        let handler = handler.clone();
        service_fn(move |request: Request<Body>| {
            let is_head = request.method() == Method::HEAD;
            // `map`, because an `async` block would hold the large future twice.
            handler(Matched(rows), request).map(move |response| Ok::<_, Infallible>(with_body(is_head, response)))
        })
    };
    by_path(table).fold(Router::new().fallback_service(service(&[])), |router, rows| {
        let path = rows.first().map_or("/", |first| first.path);
        router.route_service(path, service(rows))
    })
}

/// The response with axum's type of body. That to `HEAD` has none, but its length.
fn with_body(is_head: bool, response: Response<Full<Bytes>>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    if is_head {
        let length = http_body::Body::size_hint(&body).lower();
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::new(body))
}

#[cfg(test)]
mod tests {
    use crate::api::endpoint::*;

    #[test]
    fn a_parameter_is_its_segment_of_the_path_undecoded() {
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
