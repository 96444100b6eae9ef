//! What the gateway has for a client: where an assistant leads, the vendors, and their fields.

use std::sync::Arc;

use serde_json::{Value, json};
use vendors::document::{Named, coverage_json, vendor_json};
use vendors::{AccountNames, Dialect, Field, GoesLive, Operations};

use crate::account::Account;
use crate::api::context::{Context, did_you_mean};
use crate::api::target::{check_vendor, handling, target};
use crate::problem::{Code, Problem};

/// `GET /v1/assistants/{assistant}/route`: where an assistant leads and by which rule. The vendor is not called.
///
/// # Errors
/// The assistant leads nowhere, or the client may not use it.
pub(super) fn explain_route(context: &Context, segment: &str) -> Result<Value, Problem> {
    let (assistant, route) = target(context, segment)?;
    Ok(json!({
        "assistant": assistant.as_str(),
        "vendor": &*route.account.name,
        "id": &*route.id,
        "handling": handling(context, None, route.handling, &route.account).as_str(),
        "rule": route.rule.to_string(),
    }))
}

/// `GET /v1/vendors`: the vendors that the client may use.
pub(super) fn list_vendors(context: &Context) -> Value {
    json!({ "vendors": context.accounts().map(|account| summary(&account)).collect::<Vec<_>>() })
}

/// `GET /v1/vendors/{vendor}`: every canonical field at one vendor.
///
/// # Errors
/// The client may not use a vendor of that name, or there is none.
pub(super) fn describe_vendor(context: &Context, name: &str) -> Result<Value, Problem> {
    let account = vendor_account(context, name)?;
    let mut body = summary(&account);
    body["title"] = account.dialect.title.into();
    body["source"] = account.dialect.documentation.into();
    let unreadable: Vec<_> = account.dialect.unreadable().map(Field::name).collect();
    body["operations"] = operations(account.dialect).into();
    body["unreadable"] = unreadable.into();
    body["fields"] = vendor_json(account.dialect);
    Ok(body)
}

/// The account of a vendor in the path. A client that may not use it gets the same whether there is one or not; suggested is only
/// one that it may use.
pub(super) fn vendor_account(context: &Context, name: &str) -> Result<Arc<Account>, Problem> {
    check_vendor(context, name)?;
    let account = context.gateway.routes.accounts.get(name).cloned();
    account.ok_or_else(|| {
        let meant: Vec<_> = context.nearest(name).map(str::to_owned).into_iter().collect();
        Problem::new(Code::NotFound, format!("there is no vendor of that name{}", did_you_mean(&meant)))
    })
}

/// The operations that the vendor documents. One assistant can be read where there is a list or a request for it.
fn operations(dialect: &Dialect) -> Vec<&'static str> {
    let Operations { create, delete, list, .. } = dialect.operations;
    let all = [
        ("read", list.is_some() || dialect.plan.is_some()),
        ("update", true),
        ("create", create.is_some()),
        ("delete", delete.is_some()),
    ];
    all.into_iter().filter(|(_, is_documented)| *is_documented).map(|(name, _)| name).collect()
}

fn summary(account: &Account) -> Value {
    let Account { name, dialect, .. } = account;
    let handling = account.handling();
    let live = dialect.plan.map(|plan| if account.plan.publishes { GoesLive::AtOnce } else { plan.goes_live() });
    json!({
        "vendor": &**name, "dialect": dialect.name, "handling": handling.as_str(), "experimental": dialect.experimental,
        "live": live.map(GoesLive::as_str),
    })
}

/// `GET /v1/fields`: the coverage matrix of the vendors that the client may use.
pub(super) fn list_fields(context: &Context) -> Value {
    let accounts: Vec<_> = context.accounts().collect();
    let named: Vec<Named<'_>> = accounts.iter().map(|account| (&*account.name, account.dialect)).collect();
    coverage_json(&named, &Field::ALL)
}
