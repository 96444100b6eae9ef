//! `GET /v1/vendors`: the vendors that the client may use, and no others.

use serde_json::{Value, json};

use crate::account::Account;
use crate::api::context::Context;

/// The answer's body.
pub(super) fn value(context: &Context) -> Value {
    let entries: Vec<_> = context.accounts().map(|account| summary(&account)).collect();
    json!({ "vendors": entries })
}

/// What every mention of a vendor says.
pub(super) fn summary(account: &Account) -> Value {
    json!({
        "vendor": &*account.name,
        "dialect": account.dialect.name,
        "handling": account.handling.as_str(),
    })
}
