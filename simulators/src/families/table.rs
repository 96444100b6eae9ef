//! The table of a vendor's endpoints, read from `api.json`, and the lookup of a request in it.

use hyper::Method;
use serde_json::Value;

/// Every operation of these vendors, under the names of `api.json` and of faults.
const NAMES: [&str; 24] = [
    "create",
    "create-branch",
    "create-llm",
    "create-version",
    "delete",
    "delete-llm",
    "delete-version",
    "list",
    "list-branches",
    "list-knowledgebases",
    "list-llms",
    "list-models",
    "list-phone-numbers",
    "list-tools",
    "list-versions",
    "list-voices",
    "list-webhooks",
    "publish",
    "read",
    "read-llm",
    "read-phone-number",
    "update",
    "update-llm",
    "update-phone-number",
];

/// The operation with this name.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

/// One operation as the vendor documents it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Whether it only reads; some vendors list with `POST`.
    pub(crate) reads: bool,
    /// The status of a success.
    pub(super) status: u16,
    /// The object of `objects.json` that its body is.
    pub(super) object: Option<String>,
    /// The members without which a body is refused.
    pub(super) required: Vec<Value>,
    /// The list of `catalogs.json` that it serves.
    pub(super) catalog: Option<String>,
    /// The size of a page: without a parameter, and the most.
    pub(super) page_size: [u64; 2],
    method: Method,
    path: String,
}

impl Row {
    fn new(name: &str, value: &Value) -> Result<Self, String> {
        let wrong = |what: &str| format!("api.json: {name}: {what}");
        let text = |member: &str| value[member].as_str().map(str::to_owned);
        let number = |member: &str| value[member].as_u64();
        let size = number("page_size").unwrap_or(100);
        Ok(Self {
            name: named(name).ok_or_else(|| wrong("there is no operation of that name"))?,
            reads: value["reads"] == true,
            status: number("status").and_then(|status| status.try_into().ok()).ok_or_else(|| wrong("no status"))?,
            object: text("object"),
            required: value["required"].as_array().cloned().unwrap_or_default(),
            catalog: text("catalog"),
            page_size: [size, number("page_size_max").unwrap_or(size)],
            method: text("method").and_then(|method| method.parse().ok()).ok_or_else(|| wrong("no method"))?,
            path: text("path").ok_or_else(|| wrong("no path"))?,
        })
    }

    /// Whether the request has a body that matters.
    pub(super) fn has_body(&self) -> bool {
        matches!(self.method, Method::POST | Method::PATCH)
    }
}

/// Where a request leads.
#[derive(Debug, Clone)]
pub(crate) enum Route<'t> {
    /// An operation, and the id in its path, decoded; empty if the path has none.
    Operation(&'t Row, String),
    /// The path exists, with another method.
    WrongMethod,
    /// No such path.
    Unknown,
}

impl<'t> Route<'t> {
    /// The operation, if the request leads to one.
    pub(crate) const fn row(&self) -> Option<&'t Row> {
        match self {
            Self::Operation(row, _) => Some(row),
            Self::WrongMethod | Self::Unknown => None,
        }
    }
}

/// The table.
#[derive(Debug)]
pub(super) struct Table(Vec<Row>);

impl Table {
    /// Reads `api.json`; the error says what is wrong with it.
    pub(super) fn new(api: &Value) -> Result<Self, String> {
        let rows = api["operations"].as_object().ok_or("api.json: no operations")?;
        rows.iter().map(|(name, row)| Row::new(name, row)).collect::<Result<_, _>>().map(Self)
    }

    /// Where a request leads. A path without a variable part goes before one with it.
    pub(super) fn of(&self, method: &Method, path: &str) -> Route<'_> {
        let mut matching: Vec<_> = self.0.iter().filter_map(|row| Some((row, id(&row.path, path)?))).collect();
        matching.sort_by_key(|(row, _)| row.path.contains('{'));
        let is_known = !matching.is_empty();
        let found = matching.into_iter().find(|(row, _)| row.method == *method);
        match found {
            Some((row, id)) => Route::Operation(row, id),
            None if is_known => Route::WrongMethod,
            None => Route::Unknown,
        }
    }
}

/// The id at the variable part of `pattern`; `None` if the path does not match.
fn id(pattern: &str, path: &str) -> Option<String> {
    let (mut parts, mut id) = (path.split('/'), String::new());
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if wanted == "{id}" {
            id = crate::http::query::percent_decoded(part);
            if id.is_empty() {
                return None;
            }
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_one_segment_and_a_literal_path_goes_first() {
        let table = Table::new(&json!({ "operations": {
            "read": { "method": "GET", "path": "/agents/{id}", "status": 200 },
            "create": { "method": "POST", "path": "/agents/create", "status": 200 },
            "update": { "method": "PATCH", "path": "/agents/{id}", "status": 200 },
        } }))
        .expect("a table");
        let found = |method: Method, path: &str| match table.of(&method, path) {
            Route::Operation(row, id) => format!("{} {id}", row.name),
            Route::WrongMethod => "another method".to_owned(),
            Route::Unknown => String::new(),
        };
        for (method, path, wanted) in [
            (Method::POST, "/agents/create", "create "),
            (Method::GET, "/agents/agent_1%2Fx", "read agent_1/x"),
            (Method::PATCH, "/agents/agent_1", "update agent_1"),
            (Method::DELETE, "/agents/agent_1", "another method"),
            (Method::GET, "/agents/", ""),
            (Method::GET, "/agents/a/b", ""),
        ] {
            assert_eq!(found(method, path), wanted, "{path}");
        }
    }

    #[test]
    fn a_malformed_table_is_refused() {
        for row in [json!({}), json!({ "method": "GET", "status": 200 }), json!({ "method": "GET", "path": "/" })] {
            assert!(Table::new(&json!({ "operations": { "list": row } })).is_err());
        }
        assert!(Table::new(&json!({ "operations": { "lists": {} } })).is_err() && Table::new(&json!({})).is_err());
    }
}
