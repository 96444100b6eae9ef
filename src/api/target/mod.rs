//! Finds the route of the assistant in a path, and the handling of its updates.

mod explanation;

use std::sync::Arc;

use strum::IntoStaticStr;
use vendors::Handling;
use vendors::json::excerpt;

use crate::account::Account;
use crate::http::path::Assistant;
use crate::problem::{Code, Problem};
use crate::routing::{Route, RouteError, Trail};

use super::context::{Context, did_you_mean};

pub(crate) use explanation::{Explanation, Routed};

/// Finds the route and checks that the caller may use it.
pub(super) fn target<'a>(context: &Context, segment: &'a str) -> Result<(Assistant<'a>, Route), Problem> {
    let (assistant, route) = routed(context, segment, &mut ())?;
    context.authorize(assistant.as_str(), &route)?;
    Ok((assistant, route))
}

/// Finds the route, and tells `trail` how. Whether the caller may use it is checked only where there is none.
fn routed<'a>(context: &Context, segment: &'a str, trail: &mut impl Trail) -> Result<(Assistant<'a>, Route), Problem> {
    let assistant = Assistant::parse(segment).map_err(|error| Problem::new(Code::InvalidRequest, error.to_string()))?;
    let route = context.gateway.routes.resolve_along(&assistant, context.client_name(), trail).map_err(|error| {
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
    Ok((assistant, route))
}

/// The account of that name. Callers who may not use it get the same response whether there is one or not.
///
/// # Errors
/// There is none, or the caller may not use it.
pub(super) fn account_named(context: &Context, name: &str) -> Result<Arc<Account>, Problem> {
    let accounts = &context.gateway.routes.accounts;
    check_vendor(context, name)?;
    accounts.get(name).cloned().ok_or_else(|| {
        let near = vendors::nearest_names(name, accounts.keys().map(|name| &**name)).into_iter();
        let near: Vec<_> = near.filter(|name| context.may_use_vendor(name)).map(str::to_owned).collect();
        let detail = format!("no vendor is named `{}`{}", excerpt(name, 64), did_you_mean(&near));
        Problem::new(Code::UnknownAssistant, detail)
    })
}

/// Checks that the caller may use the vendor of that name, whether there is one or not.
///
/// # Errors
/// It may not.
pub(super) fn check_vendor(context: &Context, name: &str) -> Result<(), Problem> {
    if context.may_use_vendor(name) {
        return Ok(());
    }
    let detail = format!("this client may not use the vendor `{}`", excerpt(name, 64));
    Err(Problem::new(Code::Forbidden, detail))
}

/// What says what becomes of fields that a vendor does not document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Level {
    /// The header `Prefer` of the request.
    Request,
    /// The named assistant.
    Assistant,
    /// The client.
    Client,
    /// The vendor account.
    Vendor,
    /// What holds where nothing else does.
    Default,
}

/// What each level says of the handling of an update. The first that says anything decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HandlingLevels([(Level, Option<Handling>); 5]);

impl HandlingLevels {
    pub(super) fn of(
        context: &Context,
        preferred: Option<Handling>,
        named: Option<Handling>,
        account: &Account,
    ) -> Self {
        let client = context.client.as_deref().and_then(|client| client.handling);
        Self([
            (Level::Request, preferred),
            (Level::Assistant, named),
            (Level::Client, client),
            (Level::Vendor, account.handling),
            (Level::Default, Some(Handling::default())),
        ])
    }

    /// The level that decides, and what it says.
    pub(crate) fn decided(&self) -> (Level, Handling) {
        let first = self.0.iter().find_map(|(level, said)| Some((*level, (*said)?)));
        first.unwrap_or((Level::Default, Handling::default()))
    }

    /// All levels, the one nearest to the request first.
    pub(crate) fn all(&self) -> &[(Level, Option<Handling>)] {
        &self.0
    }
}

/// The handling of an update: the request decides, else the named assistant, the client, or the account.
pub(super) fn handling(
    context: &Context,
    preferred: Option<Handling>,
    named: Option<Handling>,
    account: &Account,
) -> Handling {
    HandlingLevels::of(context, preferred, named, account).decided().1
}
