//! How Vapi lists assistants: whole, the latest first, as a bare array without a cursor.
//!
//! Source: <https://docs.vapi.ai/api-reference/assistants/list> (`limit` up to 1000, 100 without it; `createdAtLt` and its
//! sisters). No source states the order. The latest first is assumed, and a page in another order is an error, because the
//! list would end too soon.

use crate::dialect::{Call, Listing, Paging, Parameters};

/// The list of assistants. A page has a hundred, although more are allowed, because each assistant is whole.
pub(super) const LISTING: Listing = Listing {
    call: Call::repeatable("GET", "/assistant"),
    body: "",
    parameters: Parameters::Query,
    per_page: "limit",
    max_per_page: 100,
    paging: Paging::Window { parameter: "createdAtLt", member: "createdAt" },
    items: "",
    item: "",
    is_partial: false,
};
