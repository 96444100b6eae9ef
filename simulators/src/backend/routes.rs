//! The table of the vendor's endpoints, read from `operations.json`, and the lookup of a request in it.

use hyper::Method;
use serde_json::{Map, Value};

use crate::validation::SchemaRules;

use super::operation::Operation;

/// Every path of the vendor begins so.
const BASE: &str = "/api";

/// How a list or a single object is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// The list or the object itself.
    Bare,
    /// `{"data": …}`.
    Data,
    /// A page with all members of the framework's paginator.
    Paginator,
    /// A page with `data`, `current_page`, `per_page` and `total`.
    ShortPaginator,
}

/// One operation as the vendor documents it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) envelope: Envelope,
    /// The status and the sentence of a success.
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The members that answers have, if they have fewer than others.
    pub(crate) members: Vec<String>,
    /// The query's parameters.
    pub(crate) query: Vec<String>,
    /// The page size without `per_page`.
    pub(crate) per_page: usize,
    /// The rules of the body, if the operation has its own.
    pub(crate) request: Option<SchemaRules>,
    /// Members of list items that the documented sample does not show.
    pub(crate) unsampled: Vec<String>,
    method: Method,
    path: String,
    answers: Map<String, Value>,
}

impl Row {
    fn new(name: &str, value: &Value) -> Result<Self, String> {
        let wrong = |what: &str| format!("operations.json: {name}: {what}");
        let (name, operation) = Operation::named(name).ok_or_else(|| wrong("there is no operation of that name"))?;
        let text = |member: &str| value.get(member).and_then(Value::as_str);
        let envelope = match text("envelope") {
            None | Some("array" | "object") => Envelope::Bare,
            Some("data") => Envelope::Data,
            Some("paginator") => Envelope::Paginator,
            Some("short-paginator") => Envelope::ShortPaginator,
            Some(_) => return Err(wrong("unknown envelope")),
        };
        let method = text("method").and_then(|method| method.parse().ok()).ok_or_else(|| wrong("no method"))?;
        let path = text("path").ok_or_else(|| wrong("no path"))?;
        let number = |member: &str| value.get(member).and_then(Value::as_u64);
        Ok(Self {
            name,
            operation,
            envelope,
            status: number("status").and_then(|status| status.try_into().ok()).unwrap_or(200),
            message: text("message").unwrap_or_default().to_owned(),
            members: texts(value, "members"),
            query: texts(value, "query"),
            per_page: number("per_page").and_then(|count| count.try_into().ok()).unwrap_or(10),
            request: value.get("request").cloned().map(SchemaRules::new).transpose()?,
            unsampled: texts(value, "unsampled"),
            method,
            path: format!("{BASE}{path}"),
            answers: value.get("answers").and_then(Value::as_object).cloned().unwrap_or_default(),
        })
    }

    /// Whether the operation only reads.
    pub(crate) fn reads(&self) -> bool {
        self.method == Method::GET
    }

    /// The documented body for a status of this operation.
    pub(crate) fn answer(&self, status: u16) -> Option<&Value> {
        self.answers.get(&status.to_string())
    }

    /// Whether the query may have this parameter.
    pub(crate) fn has_query(&self, name: &str) -> bool {
        self.query.iter().any(|known| known == name)
    }

    fn has(&self, method: &Method) -> bool {
        self.method == *method || (self.reads() && method == Method::HEAD)
    }
}

fn texts(value: &Value, member: &str) -> Vec<String> {
    let list = value.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The ids of a path, in their order; `None` for one that is not a number.
pub(crate) type Ids = [Option<u64>; 2];

/// Where a request leads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route<'t> {
    /// An operation and the ids of its path.
    Operation(&'t Row, Ids),
    /// The path exists, with another method.
    WrongMethod,
    /// No such path.
    Unknown,
}

/// What faults need to know of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// The operation's name.
    pub(crate) name: &'static str,
    /// Whether it only reads.
    pub(crate) reads: bool,
    /// The first id of its path.
    pub(crate) id: Option<u64>,
}

impl<'t> Route<'t> {
    /// What faults need to know of the request; `None` if it leads to no operation.
    pub(crate) fn target(self) -> Option<Target> {
        match self {
            Self::Operation(row, [id, _]) => Some(Target { name: row.name, reads: row.reads(), id }),
            Self::WrongMethod | Self::Unknown => None,
        }
    }

    /// The operation, if the request leads to one.
    pub(crate) const fn row(self) -> Option<&'t Row> {
        match self {
            Self::Operation(row, _) => Some(row),
            Self::WrongMethod | Self::Unknown => None,
        }
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Row>);

impl Routes {
    /// Reads `operations.json`; the error says what is wrong with it.
    pub(crate) fn new(operations: &Value) -> Result<Self, String> {
        let rows = operations.get("operations").and_then(Value::as_object).ok_or("operations.json: no operations")?;
        rows.iter().map(|(name, row)| Row::new(name, row)).collect::<Result<_, _>>().map(Self)
    }

    /// The route of a request. A path without a variable part goes before one with.
    pub(crate) fn of(&self, method: &Method, path: &str) -> Route<'_> {
        let mut found = Route::Unknown;
        for row in &self.0 {
            let Some(ids) = ids(&row.path, path) else { continue };
            if row.has(method) {
                return Route::Operation(row, ids);
            }
            found = Route::WrongMethod;
        }
        found
    }

    /// The methods that a path has, as `Allow` lists them.
    pub(crate) fn allowed(&self, path: &str) -> String {
        let rows = self.0.iter().filter(|row| ids(&row.path, path).is_some());
        let methods: Vec<_> = rows.map(|row| if row.reads() { "GET, HEAD" } else { row.method.as_str() }).collect();
        methods.join(", ")
    }

    /// The row of an operation.
    pub(crate) fn row(&self, operation: Operation) -> Option<&Row> {
        self.0.iter().find(|row| row.operation == operation)
    }
}

/// The ids at the variable parts of `pattern`; `None` if the path does not match.
fn ids(pattern: &str, path: &str) -> Option<Ids> {
    let (mut parts, mut ids, mut count) = (path.split('/'), [None; 2], 0);
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if wanted == "{id}" {
            if part.is_empty() {
                return None;
            }
            *ids.get_mut(count)? = number(part);
            count += 1;
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(ids)
}

fn number(id: &str) -> Option<u64> {
    if id.bytes().all(|byte| byte.is_ascii_digit()) { id.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_matched_literally() {
        let routes = Routes::new(&json!({ "operations": {
            "update": { "method": "PUT", "path": "/user/assistant/{id}" },
            "delete": { "method": "DELETE", "path": "/user/assistant/{id}" },
            "list": { "method": "GET", "path": "/user/assistants/get" },
            "get-document": { "method": "GET", "path": "/user/knowledgebases/{id}/documents/{id}" },
        } }))
        .expect("a table");
        let found = |method: Method, path: &str| match routes.of(&method, path) {
            Route::Operation(row, ids) => format!("{} {ids:?}", row.name),
            Route::WrongMethod => routes.allowed(path),
            Route::Unknown => String::new(),
        };
        for (method, path, route) in [
            (Method::PUT, "/api/user/assistant/789", "update [Some(789), None]"),
            (Method::DELETE, "/api/user/assistant/+7", "delete [None, None]"),
            (Method::GET, "/api/user/knowledgebases/1/documents/2", "get-document [Some(1), Some(2)]"),
            (Method::HEAD, "/api/user/assistants/get", "list [None, None]"),
            (Method::PUT, "/api/user/assistant/7/8", ""),
            (Method::PUT, "/api//user/assistant/7", ""),
            (Method::PUT, "/api/user/assistant/", ""),
            (Method::PATCH, "/api/user/assistant/7", "PUT, DELETE"),
            (Method::POST, "/api/user/assistants/get", "GET, HEAD"),
        ] {
            assert_eq!(found(method.clone(), path), route, "{method} {path}");
        }
    }

    #[test]
    fn a_malformed_table_is_refused() {
        for row in [json!({}), json!({ "method": "GET" }), json!({ "method": "GET", "path": "/", "envelope": "x" })] {
            assert!(Routes::new(&json!({ "operations": { "list": row } })).is_err());
        }
        assert!(Routes::new(&json!({ "operations": { "lists": { "method": "GET", "path": "/" } } })).is_err());
    }
}
