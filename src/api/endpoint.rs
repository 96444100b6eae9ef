//! A row of a listener's table of operations, and the router made from such a table.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::ALLOW;
use http::{Method, Request, Response};
use http_body_util::Full;
use matchit::Router;
use tower::{Service, service_fn};
use vendors::json::excerpt;

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
        // What comes before the first parameter is the same in both, so both are split from there on.
        let start = self.path.find('{').unwrap_or(self.path.len());
        let (template, path) = (self.path.get(start..).unwrap_or(""), path.get(start..).unwrap_or(""));
        let mut both = template.split('/').zip(path.split('/'));
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
pub struct Matched<O: 'static> {
    rows: &'static [Endpoint<O>],
    /// Whether the path without the slash at its end matches some.
    is_one_without_slash: bool,
}

impl<O> Matched<O> {
    /// The same, or nothing if `path` only has the form of one that exists.
    #[must_use]
    pub fn existing(self, path: &str) -> Self {
        if self.rows.first().is_some_and(|first| !(first.exists)(path)) { Self { rows: &[], ..self } } else { self }
    }

    /// The path's template, or `none`.
    pub fn label(&self) -> &'static str {
        self.rows.first().map_or(UNMATCHED, |first| first.path)
    }

    /// The methods as `Allow` lists them; empty if there is nothing at the path.
    pub fn methods(&self) -> String {
        self.rows.iter().map(Endpoint::methods).collect::<Vec<_>>().join(", ")
    }

    /// The row of a method. If there is nothing at `path`, the problem's detail ends with `hint`.
    ///
    /// # Errors
    /// There is no such path, or it has other methods.
    pub fn endpoint(&self, method: &Method, path: &str, hint: &str) -> Result<&'static Endpoint<O>, Problem> {
        if self.rows.is_empty() {
            let without = match self.is_one_without_slash {
                true => format!("; `{}` has no slash at its end", excerpt(path.trim_end_matches('/'), 256)),
                false => String::new(),
            };
            return Err(Problem::new(Code::NotFound, format!("there is nothing at this path{without}{hint}")));
        }
        self.rows.iter().find(|endpoint| endpoint.serves(method)).ok_or_else(|| {
            let allow = self.methods();
            let problem = Problem::new(Code::MethodNotAllowed, format!("use {allow} here, not {method}"));
            problem.with_header(ALLOW, allow)
        })
    }
}

/// The rows of each path; in a table they stand together.
pub fn by_path<O>(table: &'static [Endpoint<O>]) -> impl Iterator<Item = &'static [Endpoint<O>]> {
    table.chunk_by(|one, next| one.path == next.path)
}

/// The service of a table. It calls `handler` with the rows that a request matches, also if there are none, because
/// those requests are logged and counted like all others.
pub fn service<O, B, F, R>(
    table: &'static [Endpoint<O>],
    handler: F,
) -> impl Service<
    Request<B>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
> + Clone
+ Send
+ 'static
where
    O: Sync,
    F: Fn(Matched<O>, Request<B>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let router = Arc::new(router(table));
    service_fn(move |request: Request<B>| {
        let matched = matched(&router, request.uri().path());
        // Boxed, because the future is large; `map`, because an `async` block would hold it twice.
        let place = Box::new_uninit(); // first, so that the future is made in it and not copied
        Box::into_pin(Box::write(place, handler(matched, request))).map(Ok::<_, Infallible>)
    })
}

fn matched<O>(router: &Router<&'static [Endpoint<O>]>, path: &str) -> Matched<O> {
    let rows = |path: &str| router.at(path).map_or(&[][..], |found| *found.value);
    let without_slash = path.trim_end_matches('/');
    let exists = |path: &str| rows(path).first().is_some_and(|first| (first.exists)(path));
    let found = rows(path);
    let is_one_without_slash = found.is_empty() && without_slash != path && exists(without_slash);
    Matched { rows: found, is_one_without_slash }
}

/// Finds the rows of a path. A test holds that every path of a table can be inserted.
fn router<O>(table: &'static [Endpoint<O>]) -> Router<&'static [Endpoint<O>]> {
    by_path(table).fold(Router::new(), |mut router, rows| {
        if let Some(Err(error)) = rows.first().map(|first| router.insert(first.path, rows)) {
            tracing::error!(%error, "a path of the table of routes cannot be matched");
        }
        router
    })
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
