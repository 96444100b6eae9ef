//! A problem inside a document, as the API tells it.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::api::Context;
use crate::problem::Problem;

/// A problem, and the JSON that a caller gets.
#[derive(Debug)]
pub(crate) struct Told {
    /// The problem.
    pub(crate) problem: Problem,
    json: Option<Box<RawValue>>,
}

impl Told {
    /// A problem of a request with this path.
    pub(super) fn new(problem: Problem, path: &str, context: &Context) -> Self {
        let problem = Problem { base: context.gateway.public_url.clone(), ..problem };
        let body = problem.body(path, context.request_id.as_str());
        let json = String::from_utf8(body).ok().and_then(|text| RawValue::from_string(text.trim_end().to_owned()).ok());
        Self { problem, json }
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}
