//! `GET /v1/fields`: the coverage matrix of the vendors that the client may use.

use serde_json::Value;
use vendors::document::{Named, coverage_json};

use crate::api::context::Context;

/// The answer's body.
pub(super) fn value(context: &Context) -> Value {
    let accounts: Vec<_> = context.accounts().collect();
    let named: Vec<Named<'_>> = accounts.iter().map(|account| (&*account.name, account.dialect)).collect();
    coverage_json(&named)
}
