//! Where the assistant in a path leads, and how its updates are handled there.

use vendors::Handling;

use crate::http::path::Assistant;
use crate::problem::{Code, Problem};
use crate::routing::{Route, RouteError};

use super::context::Context;

/// Finds the target and asks whether the caller may use it.
pub(super) fn target<'a>(context: &Context, segment: &'a str) -> Result<(Assistant<'a>, Route), Problem> {
    let assistant = Assistant::parse(segment).map_err(|error| Problem::new(Code::InvalidRequest, error.to_string()))?;
    let route = context.gateway.routes.resolve(&assistant, context.client_name()).map_err(|error| {
        let code = match error {
            RouteError::BadId { .. } => Code::InvalidRequest,
            _ => Code::UnknownAssistant,
        };
        let vendor = match &error {
            RouteError::BadId { vendor, .. } => Some(vendor.as_str()),
            _ => None,
        };
        context.may_ask_for(&assistant, vendor).err().unwrap_or_else(|| Problem::new(code, error.to_string()))
    })?;
    context.permit(assistant.as_str(), &route)?;
    Ok((assistant, route))
}

/// The handling in force: whoever is nearest to the request decides.
pub(super) fn handling(context: &Context, preferred: Option<Handling>, route: &Route) -> Handling {
    let client = context.client.as_deref().and_then(|client| client.handling);
    preferred.or(route.handling).or(client).unwrap_or(route.account.handling)
}
