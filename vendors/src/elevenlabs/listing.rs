//! How ElevenLabs lists agents: by cursors, and only a part of each.
//!
//! Source: <https://elevenlabs.io/docs/api-reference/agents/list> (`page_size` up to 100, `cursor`; `agents`, `next_cursor`,
//! `has_more`). An element has the agent's id, name, tags, times and access, and nothing of its configuration. The page does
//! not say how long a cursor is valid.

use crate::dialect::{Call, Listing, Paging, Parameters};

/// The list of agents.
pub(super) const LISTING: Listing = Listing {
    call: Call::repeatable("GET", "/v1/convai/agents"),
    body: "",
    parameters: Parameters::Query,
    per_page: "page_size",
    max_per_page: 100,
    paging: Paging::Cursor { parameter: "cursor", next: "next_cursor", has_more: "has_more" },
    items: "agents",
    item: "",
    is_partial: true,
};
