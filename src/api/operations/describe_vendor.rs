//! `GET /v1/vendors/{vendor}`: every canonical field at one vendor.

use serde_json::Value;
use vendors::document::vendor_json;

use crate::api::context::Context;
use crate::problem::{Code, Problem};

use super::list_vendors::summary;

/// The answer's body.
///
/// # Errors
/// The client may not use a vendor of that name, or there is none.
pub(super) fn value(context: &Context, name: &str) -> Result<Value, Problem> {
    let account = context.accounts().find(|account| &*account.name == name);
    let account = account.ok_or_else(|| Problem::new(Code::NotFound, "there is no vendor of that name"))?;
    let mut body = summary(&account);
    if let Some(body) = body.as_object_mut() {
        body.insert("title".into(), account.dialect.title.into());
        body.insert("source".into(), account.dialect.documentation.into());
        body.insert("fields".into(), vendor_json(account.dialect));
    }
    Ok(body)
}
