//! How Retell AI lists agents: by cursors in the query of a POST, and only a part of each.
//!
//! Source: <https://docs.retellai.com/api-references/list-agents> (OpenAPI of 2026-08-01: `limit` up to 1000 and
//! `pagination_key` in the query, `filter_criteria` in the body; `items`, `pagination_key`, `has_more`) and the SDK
//! (`retell-sdk`, `agent.list`). An element has the agent's id, name, channel, time and tags. Chat agents are in the same list
//! and are left out: they are another kind of object, with requests of their own.

use crate::dialect::{Call, Listing, Paging, Parameters};

/// The list of agents.
pub(super) const LISTING: Listing = Listing {
    call: Call::repeatable("POST", "/v2/list-agents"),
    body: r#"{"filter_criteria":{"channel":{"type":"string","op":"eq","value":"voice"}}}"#,
    parameters: Parameters::Query,
    per_page: "limit",
    max_per_page: 100,
    paging: Paging::Cursor { parameter: "pagination_key", next: "pagination_key", has_more: "has_more" },
    items: "items",
    item: "agent",
    is_partial: true,
};
