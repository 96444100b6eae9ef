//! The one table of the vendor's endpoints, and the lookup of a request in it.

use hyper::Method;
use serde_json::Value;

use crate::validation::ValidationErrors;

use super::Backend;

/// Handles a reading request; the query is not decoded.
pub(crate) type Read = fn(&Backend, Option<&str>) -> Result<Value, ValidationErrors>;

/// Where a request leads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route {
    /// Updates the assistant with this id; `None` if it is not a number.
    Update(Option<u64>),
    /// Reads something from the account.
    Read(Read),
    /// The path exists, with another method.
    WrongMethod {
        /// The methods it has.
        allow: &'static str,
    },
    /// No such path.
    Unknown,
}

/// Allowed methods, path, and the route for the segment that matches `{id}`.
type Row = (&'static str, &'static str, fn(&str) -> Route);

const ROUTES: [Row; 6] = [
    ("PUT", "/api/user/assistant/{id}", |id| Route::Update(number(id))),
    ("GET, HEAD", "/api/user/assistants/get", |_| Route::Read(Backend::list)),
    ("GET, HEAD", "/api/user/assistants/languages", |_| Route::Read(Backend::languages)),
    ("GET, HEAD", "/api/user/assistants/models", |_| Route::Read(Backend::models)),
    ("GET, HEAD", "/api/user/assistants/voices", |_| Route::Read(Backend::voices)),
    ("GET, HEAD", "/api/user/me", |_| Route::Read(Backend::me)),
];

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let found = ROUTES.iter().find_map(|(allow, pattern, route)| Some((allow, route, captured(pattern, path)?)));
        match found {
            Some((allow, route, id)) if allow.split(", ").any(|name| name == method.as_str()) => route(id),
            Some((allow, ..)) => Self::WrongMethod { allow },
            None => Self::Unknown,
        }
    }
}

/// The segment that matches `{id}`, empty if the pattern has none; `None` if the path does not match.
fn captured<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    match pattern.strip_suffix("{id}") {
        Some(start) => path.strip_prefix(start).filter(|id| !id.is_empty() && !id.contains('/')),
        None => (pattern == path).then_some(""),
    }
}

fn number(id: &str) -> Option<u64> {
    if id.bytes().all(|byte| byte.is_ascii_digit()) { id.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_literally() {
        for (method, path, route) in [
            (Method::PUT, "/api/user/assistant/789", "Update(Some(789))"),
            (Method::PUT, "/api/user/assistant/+7", "Update(None)"),
            (Method::PUT, "/api/user/assistant/7/8", "Unknown"),
            (Method::PUT, "/api//user/assistant/7", "Unknown"),
            (Method::PUT, "/api/user/assistant/", "Unknown"),
            (Method::PATCH, "/api/user/assistant/7", "WrongMethod { allow: \"PUT\" }"),
            (Method::HEAD, "/api/user/me", "Read("),
            (Method::POST, "/api/user/assistants/get", "WrongMethod { allow: \"GET, HEAD\" }"),
        ] {
            let found = format!("{:?}", Route::of(&method, path));
            assert!(found.starts_with(route), "{method} {path}: {found}");
        }
    }
}
