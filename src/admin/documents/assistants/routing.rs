//! `GET /admin/routing`: all names with where they lead, and how one assistant finds its target.

use serde::Serialize;
use vendors::json::excerpt;
use vendors::{Handling, did_you_mean, nearest};

use crate::access::Client;
use crate::admin::Operator;
use crate::api::request::query;
use crate::api::{Explanation, Level, Routed, query_names};
use crate::problem::{Code, Problem};
use crate::routing::{Mismatch, RoutingTable, Rule};
use crate::value::Right;

use super::names::Names;
use super::told::Told;

/// The words of a handling.
const HANDLINGS: &[&str] = &[Handling::Strict.as_str(), Handling::Lenient.as_str()];

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Routing {
    /// The names that the configuration gives to assistants.
    pub(crate) names: Names,
    /// The account of bare ids that no rule covers.
    pub(crate) default_vendor: Option<String>,
    /// Whether anyone may call, without a key.
    pub(crate) open: bool,
    /// The configured clients.
    pub(crate) clients: Vec<String>,
    /// How the assistant of the query finds its target.
    pub(crate) tested: Option<Tested>,
}

/// How one assistant finds its target.
#[derive(Debug, Serialize)]
pub(crate) struct Tested {
    /// The assistant, as in a path.
    pub(crate) assistant: String,
    /// The client that asks; `None` for a caller without a key.
    pub(crate) client: Option<String>,
    /// Each rule, in order.
    pub(crate) steps: Vec<Step>,
    /// Where it leads.
    pub(crate) target: Option<Target>,
    /// What decides the handling of its updates.
    pub(crate) handling: Option<Decided>,
    /// Whether the client may use it; `None` if it leads nowhere.
    pub(crate) permission: Option<Permission>,
    /// What the caller gets instead.
    pub(crate) problem: Option<Told>,
}

/// What came of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleResult {
    /// It decides.
    Matched,
    /// The next one is tried.
    NotMatched,
    /// An earlier one has decided.
    NotReached,
}

/// A rule.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    /// The rule, as `GET /v1/assistants/{assistant}/route` names it.
    pub(crate) rule: String,
    /// The clients that it is for; all if `None`.
    pub(crate) clients: Option<String>,
    /// The ids that it is for; `None` if it is no rule for ids.
    pub(crate) assistants: Option<String>,
    /// The account that it leads to, if that is always the same.
    pub(crate) vendor: Option<String>,
    /// What came of it.
    pub(crate) result: RuleResult,
    /// Why, if it does not lead to the target.
    pub(crate) why: Option<String>,
}

/// Where an assistant leads.
#[derive(Debug, Serialize)]
pub(crate) struct Target {
    /// The vendor account.
    pub(crate) vendor: String,
    /// Its dialect.
    pub(crate) dialect: &'static str,
    /// The vendor's id of the assistant.
    pub(crate) id: String,
    /// The rule that decided.
    pub(crate) rule: String,
    /// The accounts with this word keep one order of the updates of an assistant.
    pub(crate) order_scope: Option<String>,
}

/// The handling of updates, and what decides it.
#[derive(Debug, Serialize)]
pub(crate) struct Decided {
    /// The handling.
    pub(crate) value: &'static str,
    /// The level that decides.
    pub(crate) by: &'static str,
    /// Every level, the one that comes first first.
    pub(crate) levels: Vec<Said>,
}

/// What a level says of the handling.
#[derive(Debug, Serialize)]
pub(crate) struct Said {
    /// The level.
    pub(crate) level: &'static str,
    /// Where it stands.
    pub(crate) source: String,
    /// What it says.
    pub(crate) value: Option<&'static str>,
}

/// Whether the client may use the assistant.
#[derive(Debug, Serialize)]
pub(crate) struct Permission {
    /// Whether it may.
    pub(crate) may: bool,
    /// Why not.
    pub(crate) why: Option<String>,
    /// What it may do with the assistants that it may use.
    pub(crate) operations: Option<Vec<&'static str>>,
}

/// Makes the document. Its parameters are `q`, `limit` and `cursor` for the names, and `assistant`, `client` and `handling`
/// for what is tested.
///
/// # Errors
/// A parameter is unknown or invalid, or there is no such client.
pub(crate) fn routing(operator: &Operator, query: Option<&str>) -> Result<Routing, Problem> {
    query_names(query, &["assistant", "client", "handling", "q", "limit", "cursor"])?;
    let gateway = operator.gateway();
    let names = Names::read(operator, query, None, query::text(query, "q")?.as_deref())?;
    let client = query::text(query, "client")?.map(|name| {
        let client = gateway.clients.named(&name).cloned();
        client.ok_or_else(|| unknown_client(gateway.clients.names(), &name))
    });
    let client = client.transpose()?;
    let word = query::word(query, "handling", HANDLINGS)?;
    let preferred = [Handling::Strict, Handling::Lenient].into_iter().find(|known| Some(known.as_str()) == word);
    let tested = query::text(query, "assistant")?.map(|assistant| {
        let explanation = Explanation::of(&operator.context, &assistant, client.clone(), preferred);
        Tested::of(operator, assistant.into_owned(), client.as_deref(), explanation)
    });
    Ok(Routing {
        names,
        default_vendor: gateway.routes.default.as_ref().map(|account| account.name.to_string()),
        open: gateway.clients.open,
        clients: gateway.clients.names().into_iter().map(str::to_owned).collect(),
        tested,
    })
}

fn unknown_client<'n>(names: impl IntoIterator<Item = &'n str>, name: &str) -> Problem {
    let rest = did_you_mean(nearest(name, names), "`clients` lists all");
    Problem::new(Code::InvalidRequest, format!("no client is named `{}`; {rest}", excerpt(name, 64)))
}

impl Tested {
    fn of(operator: &Operator, assistant: String, client: Option<&Client>, explanation: Explanation) -> Self {
        let Explanation { tried, routed, problem, path } = explanation;
        let routes = &operator.gateway().routes;
        let steps = steps(routes, &tried);
        let permission = |routed: &Routed| Permission {
            may: routed.not_allowed.is_none(),
            why: routed.not_allowed.map(|why| why.to_string()),
            operations: client.map(|client| client.operations.iter().map(Right::as_str).collect()),
        };
        Self {
            client: client.map(|client| client.name.to_string()),
            steps,
            handling: routed.as_ref().map(|routed| decided(routed, &assistant, client)),
            permission: routed.as_ref().map(permission),
            target: routed.map(|routed| Target::of(operator, &routed)),
            problem: problem.map(|problem| Told::new(problem, &path, &operator.context)),
            assistant,
        }
    }
}

impl Target {
    pub(super) fn of(operator: &Operator, routed: &Routed) -> Self {
        let account = &routed.account;
        Self {
            vendor: account.name.to_string(),
            dialect: account.dialect.name,
            id: routed.id.to_string(),
            rule: routed.rule.to_string(),
            order_scope: operator.gateway().scope_of(&account.name).map(ToString::to_string),
        }
    }
}

/// All rules of the table, with what came of those that were tried.
fn steps(routes: &RoutingTable, tried: &[(Rule, Result<(), Mismatch>)]) -> Vec<Step> {
    let patterns = (0..routes.rules.len()).map(Rule::Pattern);
    let rules = [Rule::Explicit, Rule::Name].into_iter().chain(patterns).chain([Rule::Default]);
    let step = |rule: Rule| {
        let result = tried.iter().find(|(tried, _)| *tried == rule).map(|(_, result)| *result);
        let (result, why) = match result {
            None => (RuleResult::NotReached, None),
            Some(Ok(())) => (RuleResult::Matched, None),
            Some(Err(why)) if why.decides() => (RuleResult::Matched, Some(why.to_string())),
            Some(Err(why)) => (RuleResult::NotMatched, Some(why.to_string())),
        };
        let pattern = if let Rule::Pattern(index) = rule { routes.rules.get(index) } else { None };
        let account = match rule {
            Rule::Default => routes.default.as_ref(),
            _ => pattern.map(|rule| &rule.account),
        };
        Step {
            rule: rule.to_string(),
            clients: pattern.and_then(|rule| rule.client.as_ref()).map(ToString::to_string),
            assistants: pattern.map(|rule| rule.assistant.to_string()),
            vendor: account.map(|account| account.name.to_string()),
            result,
            why,
        }
    };
    rules.map(step).collect()
}

fn decided(routed: &Routed, assistant: &str, client: Option<&Client>) -> Decided {
    let (by, value) = routed.handling.decided();
    let vendor = &routed.account.name;
    let source = |level: Level| match level {
        Level::Request => "the header `Prefer: handling=…` of the request".to_owned(),
        Level::Assistant if routed.rule == Rule::Name => format!("`assistants.{assistant}.handling`"),
        Level::Assistant => "no named assistant".to_owned(),
        Level::Client => match client {
            Some(client) => format!("`clients.{}.handling`", client.name),
            None => "no client".to_owned(),
        },
        Level::Vendor => format!("`vendors.{vendor}.handling`"),
        Level::Default => "the default".to_owned(),
    };
    let levels = routed.handling.all().iter().map(|(level, said)| Said {
        level: (*level).into(),
        source: source(*level),
        value: said.map(Handling::as_str),
    });
    Decided { value: value.as_str(), by: by.into(), levels: levels.collect() }
}
