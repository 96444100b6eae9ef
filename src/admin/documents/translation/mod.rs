//! Translation as operators see it: one update at several vendors, a vendor's body read backwards, what vendors support, and
//! what a move between two of them loses. Nothing is sent but, if asked for, requests for a vendor's catalogs.

mod asked;
mod backwards;
mod compare;
mod coverage;
mod forwards;
mod members;
mod places;

use serde::Serialize;
use vendors::document::{EVERY_FIELD, EXAMPLE};
use vendors::registry;

use crate::admin::Operator;
use crate::api::Destination;
use crate::problem::{Code, Problem};

pub(crate) use asked::answer;
pub(crate) use backwards::{Backwards, backwards};
pub(crate) use compare::{Comparison, Lost, compare, compare_query};
#[cfg(all(test, feature = "console"))]
pub(crate) use compare::{LookUp, Side};
pub(crate) use coverage::{Coverage, CoverageField, TextFormat, coverage};
pub(crate) use forwards::{Asked, Column, FieldProblem, FieldProblems, ShownNote, Translation, translate};
pub(crate) use members::Member;
pub(crate) use places::place_of_error;

/// The most destinations of one translation.
const MAX_DESTINATIONS: usize = 32;

/// What a translation can be asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Choices {
    /// The accounts, then the dialects that no account is named after.
    pub(crate) at: Vec<Choice>,
    /// Updates to begin with.
    pub(crate) presets: Vec<Preset>,
    /// What becomes of fields that a vendor lacks; without it what the account says.
    pub(crate) handling: [&'static str; 2],
    /// Whose names and ids count.
    pub(crate) catalogs: [&'static str; 2],
    /// What the fields are for.
    pub(crate) operation: [&'static str; 2],
}

/// A destination.
#[derive(Debug, Serialize)]
pub(crate) struct Choice {
    /// Its name.
    pub(crate) name: String,
    /// Its dialect.
    pub(crate) dialect: &'static str,
    /// Whether it is an account of this gateway.
    pub(crate) account: bool,
}

/// An update to begin with.
#[derive(Debug, Serialize)]
pub(crate) struct Preset {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// The handling with which it shows most.
    pub(crate) handling: Option<&'static str>,
    /// The update, as JSON text.
    pub(crate) update: &'static str,
}

/// The longest text that is looked at, in bytes: to show where each member comes from takes far longer than to send it.
const MAX_TEXT: usize = 64 << 10;

/// Refuses a text that would take long.
fn check_length(text: &str) -> Result<(), Problem> {
    if text.len() <= MAX_TEXT {
        return Ok(());
    }
    let detail = format!("at most {MAX_TEXT} bytes are looked at here; a dry run takes longer updates");
    Err(Problem::new(Code::BodyTooLarge, detail))
}

/// What a translation can be asked for.
pub(crate) fn choices(operator: &Operator) -> Choices {
    let accounts: Vec<_> = operator.context.accounts().map(Destination::Account).collect();
    let bare = registry::DIALECTS.into_iter().map(Destination::Dialect);
    let bare: Vec<_> = bare.filter(|bare| accounts.iter().all(|account| account.name() != bare.name())).collect();
    let choice = |at: &Destination| Choice {
        name: at.name().to_owned(),
        dialect: at.dialect().name,
        account: at.account().is_some(),
    };
    Choices {
        at: accounts.iter().chain(&bare).map(choice).collect(),
        presets: vec![
            Preset { name: "example", title: "an example of each rule", handling: Some("lenient"), update: EXAMPLE },
            Preset { name: "every", title: "every field", handling: Some("lenient"), update: EVERY_FIELD },
        ],
        handling: ["strict", "lenient"],
        catalogs: ["configured", "live"],
        operation: ["update", "create"],
    }
}

/// The account of that name, else the dialect.
///
/// # Errors
/// There is neither.
fn destination(operator: &Operator, name: &str) -> Result<Destination, Problem> {
    let accounts = &operator.gateway().routes.accounts;
    let account = accounts.get(name).cloned().map(Destination::Account);
    let found = account.or_else(|| registry::dialect(name).map(Destination::Dialect));
    found.ok_or_else(|| {
        let dialects = registry::DIALECTS.iter().map(|dialect| dialect.name);
        let known = accounts.keys().map(|name| &**name).chain(dialects);
        let meant = vendors::nearest(name, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let name = vendors::json::excerpt(name, 64);
        Problem::new(
            Code::InvalidRequest,
            format!("`{name}` is neither an account of this gateway nor a dialect{meant}"),
        )
    })
}

/// The destinations of these names, each once; all accounts without any, as far as there is room.
///
/// # Errors
/// One of them does not exist, or there are too many.
fn destinations(operator: &Operator, names: &[String]) -> Result<(Vec<Destination>, usize), Problem> {
    if names.is_empty() {
        let mut all: Vec<_> = operator.context.accounts().map(Destination::Account).collect();
        if all.is_empty() {
            all = registry::DIALECTS.into_iter().map(Destination::Dialect).collect();
        }
        let left_off = all.len().saturating_sub(MAX_DESTINATIONS);
        all.truncate(MAX_DESTINATIONS);
        return Ok((all, left_off));
    }
    let mut wanted: Vec<&String> = Vec::new();
    for name in names {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
        if wanted.len() > MAX_DESTINATIONS {
            let detail = format!("`at` has more than {MAX_DESTINATIONS} names; send several requests");
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
    }
    let found = wanted.into_iter().map(|name| destination(operator, name)).collect::<Result<_, _>>()?;
    Ok((found, 0))
}

/// Where callers reach the API: the configured address, else where it listens.
fn api_url(operator: &Operator) -> String {
    let gateway = operator.gateway();
    if let Some(url) = &gateway.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let settings = gateway.settings_in_force();
    let listen = settings.pointer("/server/listen").and_then(serde_json::Value::as_str);
    format!("http://{}", listen.unwrap_or("127.0.0.1:8080"))
}

/// A command for a shell that sends a body to the API. `path` and `query` need no quoting.
fn curl(operator: &Operator, method: &str, path: &str, prefer: Option<&str>, body: &str) -> String {
    let needs_key = !operator.gateway().clients.open;
    let key = if needs_key { " \\\n  -H \"Authorization: Bearer $SWITCHBOARD_KEY\"" } else { "" };
    let prefer = prefer.map(|prefer| format!(" \\\n  -H 'Prefer: {prefer}'")).unwrap_or_default();
    let url = api_url(operator);
    // A line of JSON cannot be the word alone.
    format!(
        "curl -sS -X {method} '{url}{path}'{key}{prefer} \\\n  -H 'Content-Type: application/json' --data-binary @- <<'JSON'\n{body}\nJSON"
    )
}
