//! Finds the route of the assistant in a path, and the handling of its updates.

use std::sync::Arc;

use vendors::Handling;
use vendors::json::excerpt;

use crate::account::Account;
use crate::http::path::Assistant;
use crate::problem::{Code, Problem};
use crate::routing::{Route, RouteError};

use super::context::{Context, did_you_mean};

/// Finds the route and checks that the caller may use it.
pub(super) fn target<'a>(context: &Context, segment: &'a str) -> Result<(Assistant<'a>, Route), Problem> {
    let assistant = Assistant::parse(segment).map_err(|error| Problem::new(Code::InvalidRequest, error.to_string()))?;
    let route = context.gateway.routes.resolve(&assistant, context.client_name()).map_err(|error| {
        let (code, vendor) = match &error {
            RouteError::BadId { vendor, .. } => (Code::InvalidRequest, Some(vendor.as_str())),
            _ => (Code::UnknownAssistant, None),
        };
        let forbidden = context.authorize_unknown(&assistant, vendor).err();
        forbidden.unwrap_or_else(|| match code {
            Code::UnknownAssistant => {
                let meant = did_you_mean(&context.meant(&assistant));
                Problem::new(code, format!("{error}{meant}"))
            }
            code => Problem::new(code, error.to_string()),
        })
    })?;
    context.authorize(assistant.as_str(), &route)?;
    Ok((assistant, route))
}

/// The account of that name. Callers who may not use it get the same response whether there is one or not.
///
/// # Errors
/// There is none, or the caller may not use it.
pub(super) fn account_named(context: &Context, name: &str) -> Result<Arc<Account>, Problem> {
    let accounts = &context.gateway.routes.accounts;
    if !context.may_use_vendor(name) {
        let detail = format!("this client may not use the vendor `{}`", excerpt(name, 64));
        return Err(Problem::new(Code::Forbidden, detail));
    }
    accounts.get(name).cloned().ok_or_else(|| {
        let near = vendors::nearest_names(name, accounts.keys().map(|name| &**name)).into_iter();
        let near: Vec<_> = near.filter(|name| context.may_use_vendor(name)).map(str::to_owned).collect();
        let detail = format!("no vendor is named `{}`{}", excerpt(name, 64), did_you_mean(&near));
        Problem::new(Code::UnknownAssistant, detail)
    })
}

/// The handling of an update: the request decides, else the named assistant, the client, or the account.
pub(super) fn handling(
    context: &Context,
    preferred: Option<Handling>,
    named: Option<Handling>,
    account: &Account,
) -> Handling {
    let client = context.client.as_deref().and_then(|client| client.handling);
    preferred.or(named).or(client).unwrap_or(account.handling)
}
