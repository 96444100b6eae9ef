//! What a searched text is: the id of a request, a trace or an update, the name of an assistant, a client or a vendor, or
//! a piece of text. It leads to the page of the one thing that is meant.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::admin::Operator;
use crate::api::{query_names, request::query, store_problem};
use crate::http::path::{Assistant, Reference};
use crate::http::request_id;
use crate::problem::Problem;
use crate::store::UpdateId;

use super::each;
use super::one::{among_the_last, audited, record};

/// The longest text that is looked for.
const MAX_TEXT: usize = 200;

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Find {
    pub(crate) q: String,
    /// What it is: `request`, `requests`, `update`, `assistant`, `client` or `vendor`; null if nothing has it.
    pub(crate) kind: Option<&'static str>,
    /// The path below `/admin/` that has it, and of the page below `/console/`.
    pub(crate) to: Option<String>,
    /// Names of assistants that are similar, if nothing has it.
    pub(crate) similar: Vec<String>,
}

/// `GET /admin/find?q=`: what this is.
///
/// # Errors
/// The query is invalid, the store fails, or the audit log cannot be looked through.
pub(crate) async fn find(operator: &Operator, query: Option<&str>) -> Result<Find, Problem> {
    query_names(query, &["q"])?;
    let q = query::text(query, "q")?.map(|q| q.trim().to_owned()).unwrap_or_default();
    if q.is_empty() || q.len() > MAX_TEXT {
        return Err(query::must("q", &format!("be what is looked for, of 1 to {MAX_TEXT} bytes")));
    }
    let found = match named(operator, &q) {
        Some(found) => Some(found),
        None => match with_id(operator, &q).await? {
            Some(found) => Some(found),
            None => with_text(operator, &q).await?,
        },
    };
    let similar = match found {
        Some(_) => Vec::new(),
        None => operator.gateway().routes.named_like(&q).map(|(name, _)| name.to_owned()).take(5).collect(),
    };
    let (kind, to) = found.unzip();
    Ok(Find { q, kind, to, similar })
}

type Found = (&'static str, String);

/// What the configuration has under this name.
fn named(operator: &Operator, q: &str) -> Option<Found> {
    let gateway = operator.gateway();
    let is_assistant = gateway.routes.assistants.contains_key(q) || is_explicit(operator, q);
    if is_assistant {
        return Some(("assistant", link("assistant", "name", q)));
    }
    if gateway.clients.named(q).is_some() {
        return Some(("client", link("requests", "client", q)));
    }
    gateway.routes.accounts.contains_key(q).then(|| ("vendor", link("vendor", "name", q)))
}

/// Whether it is `vendor:id` of an account that there is.
fn is_explicit(operator: &Operator, q: &str) -> bool {
    let Ok(assistant) = Assistant::parse(q) else { return false };
    let is_explicit = matches!(assistant.reference(), Reference::VendorId { .. });
    is_explicit && operator.gateway().routes.resolve(&assistant, None).is_ok()
}

/// What has this id: one of the last requests, a trace, a record, or what the audit log knows.
async fn with_id(operator: &Operator, q: &str) -> Result<Option<Found>, Problem> {
    if let Some(trace_id) = trace_id(q)
        && let Some(found) = with_text(operator, &trace_id).await?
    {
        return Ok(Some(found));
    }
    if !request_id::is_valid(q.as_bytes()) {
        return Ok(None);
    }
    let request = || Some(("request", link("request", "id", q)));
    if among_the_last(operator, q.to_owned()).await?.0.is_some() {
        return Ok(request());
    }
    if let (Some(records), Ok(id)) = (&operator.context.records, q.parse::<UpdateId>())
        && records.store.record(id).await.map_err(store_problem)?.is_some()
    {
        return Ok(Some(("update", link("update", "id", q))));
    }
    if record(operator, None, q).await?.is_some() {
        return Ok(request());
    }
    // A word of a few letters is hardly an id, and the log is long.
    let is_likely = q.len() >= 8 || q.bytes().any(|byte| byte.is_ascii_digit());
    let is_audited = is_likely && audited(operator, q.to_owned()).await?.is_some_and(|found| !found.events.is_empty());
    Ok(if is_audited { request() } else { None })
}

/// The last requests that have this text; the one if it is one.
async fn with_text(operator: &Operator, q: &str) -> Result<Option<Found>, Problem> {
    let text = q.to_owned();
    let ids = each(operator.reloader().telemetry(), Vec::new(), move |ids: &mut Vec<String>, request| {
        if request.has_text(&text) {
            ids.push(request.request_id().to_owned());
        }
        ids.len() < 2
    });
    Ok(match &*ids.await? {
        [] => None,
        [id] => Some(("request", link("request", "id", id))),
        _ => Some(("requests", link("requests", "q", q))),
    })
}

/// The id of a trace, also out of a `traceparent`.
fn trace_id(q: &str) -> Option<String> {
    let is_hex = |text: &&str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let within = q.strip_prefix("00-").and_then(|rest| rest.split('-').next());
    within.or(Some(q)).filter(is_hex).map(str::to_ascii_lowercase)
}

fn link(page: &str, name: &str, value: &str) -> String {
    format!("{page}?{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::requests::find::*;

    #[test]
    fn a_trace_is_found_by_its_id_and_by_its_header() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        for text in [id, &id.to_uppercase(), &format!("00-{id}-b7ad6b7169203331-01")] {
            assert_eq!(trace_id(text).as_deref(), Some(id));
        }
        for other in ["0198c0de-0000-7000-8000-000000000001", "sales-bot", "00-1-2-3", ""] {
            assert_eq!(trace_id(other), None);
        }
    }

    #[test]
    fn links_hold_any_text() {
        assert_eq!(link("request", "id", "a&b=<c>"), "request?id=a%26b%3D%3Cc%3E");
    }
}
