//! `GET /v1/assistants/{assistant}/route`: where an assistant leads and by which rule; the vendor is not called.

use serde_json::{Value, json};

use crate::api::context::Context;
use crate::api::target::{handling, target};
use crate::problem::Problem;

/// The answer's body.
///
/// # Errors
/// The assistant leads nowhere, or the client may not use it.
pub(super) fn value(context: &Context, segment: &str) -> Result<Value, Problem> {
    let (assistant, route) = target(context, segment)?;
    Ok(json!({
        "assistant": assistant.as_str(),
        "vendor": &*route.account.name,
        "id": &*route.id,
        "handling": handling(context, None, &route).as_str(),
        "rule": route.rule.to_string(),
    }))
}
