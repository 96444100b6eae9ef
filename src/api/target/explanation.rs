//! How the target of an assistant is found, for operators.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use vendors::Handling;

use crate::access::{Client, NotAllowed};
use crate::account::Account;
use crate::api::context::Context;
use crate::problem::Problem;
use crate::routing::{Mismatch, Rule};

use super::{HandlingLevels, routed};

/// How the target of an assistant is found.
pub(crate) struct Explanation {
    /// The rules that were tried, in order.
    pub(crate) tried: Vec<(Rule, Result<(), Mismatch>)>,
    /// Where it leads; `None` if nowhere.
    pub(crate) routed: Option<Routed>,
    /// What the caller gets instead of the assistant.
    pub(crate) problem: Option<Problem>,
    /// The path that the assistant has in the API.
    pub(crate) path: Arc<str>,
}

/// Where an assistant leads.
pub(crate) struct Routed {
    /// The vendor account.
    pub(crate) account: Arc<Account>,
    /// The vendor's id of it.
    pub(crate) id: Arc<str>,
    /// The rule that decided.
    pub(crate) rule: Rule,
    /// The handling of its updates.
    pub(crate) handling: HandlingLevels,
    /// Why the client may not use it.
    pub(crate) not_allowed: Option<NotAllowed>,
}

impl Explanation {
    /// How an update of `assistant`, as it stands decoded in a path, finds its target if `client` sends it and prefers
    /// `preferred`.
    pub(crate) fn of(
        operator: &Context,
        assistant: &str,
        client: Option<Arc<Client>>,
        preferred: Option<Handling>,
    ) -> Self {
        let segment = utf8_percent_encode(assistant, NON_ALPHANUMERIC).to_string();
        let path: Arc<str> = format!("/v1/assistants/{segment}").into();
        let context = Context { client, path: Arc::clone(&path), ..operator.clone() };
        let mut tried = Vec::new();
        let (assistant, route) = match routed(&context, &segment, &mut tried) {
            Ok(found) => found,
            Err(problem) => return Self { tried, routed: None, problem: Some(problem), path },
        };
        let problem = context.authorize(assistant.as_str(), &route).err();
        let handling = HandlingLevels::of(&context, preferred, route.handling, &route.account);
        let (vendor, id) = (&route.account.name, &route.id);
        let client = context.client.as_deref();
        let not_allowed = client.and_then(|client| client.check(assistant.as_str(), vendor, id).err());
        let routed = Routed { account: route.account, id: route.id, rule: route.rule, handling, not_allowed };
        Self { tried, routed: Some(routed), problem, path }
    }
}
