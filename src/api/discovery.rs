//! What the gateway says about itself. A client sees the vendors that it may use, and no others.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use serde_json::{Value, json};
use vendors::document::{Named, canonical_schema, coverage_json, vendor_json};

use crate::edge::problem::{Code, Problem};
use crate::upstream::Account;

use super::context::Context;
use super::update::{handling, target};

/// `GET /v1/vendors`
pub(super) fn vendors(context: &Context) -> Value {
    let entries: Vec<_> = visible(context).map(|account| summary(&account)).collect();
    json!({ "vendors": entries })
}

/// `GET /v1/vendors/{vendor}`
pub(super) fn vendor(context: &Context, name: &str) -> Result<Value, Problem> {
    let account = visible(context).find(|account| &*account.name == name);
    let account = account.ok_or_else(|| Problem::new(Code::NotFound, "there is no vendor of that name"))?;
    let mut body = summary(&account);
    if let Some(body) = body.as_object_mut() {
        body.insert("title".into(), account.dialect.title.into());
        body.insert("source".into(), account.dialect.page.into());
        body.insert("fields".into(), vendor_json(account.dialect));
    }
    Ok(body)
}

/// `GET /v1/fields`
pub(super) fn fields(context: &Context) -> Value {
    let accounts: Vec<_> = visible(context).collect();
    let named: Vec<Named<'_>> = accounts.iter().map(|account| (&*account.name, account.dialect)).collect();
    coverage_json(&named)
}

/// `GET /v1/schema`
pub(super) fn schema() -> Bytes {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| canonical_schema().to_string().into());
    TEXT.clone()
}

/// `GET /v1/assistants/{assistant}/route`
pub(super) fn route(context: &Context, segment: &str) -> Result<Value, Problem> {
    let (assistant, route) = target(context, segment)?;
    Ok(json!({
        "assistant": assistant.as_str(),
        "vendor": &*route.account.name,
        "id": &*route.id,
        "handling": handling(context, None, &route).as_str(),
        "rule": route.rule.to_string(),
    }))
}

fn summary(account: &Account) -> Value {
    json!({
        "vendor": &*account.name,
        "dialect": account.dialect.name,
        "handling": account.handling.as_str(),
    })
}

/// The accounts that the caller may use, by name.
fn visible(context: &Context) -> impl Iterator<Item = Arc<Account>> {
    let mut accounts: Vec<_> = context.gateway.routes.accounts.values().cloned().collect();
    accounts.retain(|account| context.may_use_vendor(&account.name));
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    accounts.into_iter()
}
