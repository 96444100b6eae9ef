//! A request as the simulator received it.

use std::sync::Arc;

use hyper::{HeaderMap, body::Bytes};
use serde_json::Value;

/// One request, as it came over the wire.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its number, counted from 0; `clear` does not reset the count.
    pub sequence: u64,
    /// The method.
    pub method: String,
    /// The path without the query, not decoded.
    pub path: String,
    /// The query without its question mark, not decoded.
    pub query: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body's bytes, unchanged; empty if it was over the limit.
    pub body: Bytes,
    /// The body as JSON, if it is JSON; the content type does not matter.
    pub json: Option<Value>,
    /// The status sent; `None` while there is no response, which stays so if the connection is reset or hangs.
    pub status: Option<u16>,
    /// The keys of an update that are not documented, dotted, with indices.
    pub unknown_keys: Arc<[String]>,
}

impl Received {
    /// The first value of a header, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
