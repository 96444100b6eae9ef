//! `GET /admin/assistant`: one assistant as `GET /v1/assistants/{assistant}` reads it, where it leads, and its changes.

use http::header::ETAG;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use vendors::Field;

use crate::admin::Operator;
use crate::api::request::query;
use crate::api::{Explanation, RecordList, Routed, query_names};
use crate::problem::{Code, Problem};

use super::as_read::AsRead;
use super::list::body;
use super::routing::Target;
use super::told::Told;

/// How many changes are shown.
const CHANGES: usize = 20;
/// What a name, an id and `vendor:id` hold besides letters and digits; the colon may stand in a path as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b':').remove(b'-').remove(b'.').remove(b'_');

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Assistant {
    /// The assistant, as it was asked for.
    pub(crate) assistant: String,
    /// Its `vendor:id`.
    pub(crate) explicit: String,
    /// All names that the configuration has for it.
    pub(crate) names: Vec<String>,
    /// Where it leads.
    pub(crate) target: Target,
    /// Its state, as the API reads it.
    pub(crate) state: Option<State>,
    /// The tag of that state.
    pub(crate) etag: Option<String>,
    /// Why it could not be read.
    pub(crate) problem: Option<Told>,
    /// Its newest changes, as the store has them; `None` without a store.
    pub(crate) changes: Option<Vec<Change>>,
    /// Why the store does not tell them.
    pub(crate) changes_problem: Option<Told>,
    /// A command that shows what a change would send, and changes nothing.
    pub(crate) dry_run: String,
}

/// An assistant's state: the API's answer to a read.
pub(crate) type State = AsRead<ReadState>;

/// What the API tells of an assistant.
#[derive(Debug, Deserialize)]
pub(crate) struct ReadState {
    fields: Members,
    /// What the vendor never tells.
    pub(crate) unreadable: Vec<String>,
    /// What it tells and an update would refuse.
    pub(crate) unwritable: Vec<Unwritable>,
    vendor_fields: Option<Box<RawValue>>,
    /// What the vendor says of its state.
    pub(crate) status: Option<serde_json::Value>,
    /// When it was made, as the vendor says it.
    pub(crate) created_at: Option<serde_json::Value>,
    /// When it was changed, as the vendor says it.
    pub(crate) updated_at: Option<serde_json::Value>,
    /// How often the vendor was tried.
    pub(crate) attempts: u32,
}

type Members = std::collections::BTreeMap<String, Box<RawValue>>;

/// A value that cannot be written back.
#[derive(Debug, Deserialize)]
pub(crate) struct Unwritable {
    /// The field.
    pub(crate) field: String,
    value: Box<RawValue>,
    /// Why not.
    pub(crate) detail: String,
}

impl ReadState {
    /// The canonical fields as one object, as an update sends them.
    pub(crate) fn update(&self) -> String {
        let members = self.fields().map(|(field, value)| format!("  \"{field}\": {value}"));
        format!("{{\n{}\n}}", members.collect::<Vec<_>>().join(",\n"))
    }

    /// The canonical fields in their order, with their JSON.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Field::ALL.into_iter().filter_map(|field| Some((field.name(), self.fields.get(field.name())?.get())))
    }

    /// What has no canonical counterpart, as JSON; `None` if there is none.
    pub(crate) fn vendor_fields(&self) -> Option<&str> {
        self.vendor_fields.as_ref().map(|fields| fields.get()).filter(|fields| *fields != "{}")
    }
}

impl Unwritable {
    /// Its JSON.
    pub(crate) fn value(&self) -> &str {
        self.value.get()
    }
}

/// A change of the assistant: a record of the store.
pub(crate) type Change = AsRead<ReadChange>;

/// What is shown of a change.
#[derive(Debug, Deserialize)]
pub(crate) struct ReadChange {
    /// The id of its record.
    pub(crate) update: String,
    /// Its state.
    pub(crate) state: String,
    /// What it does.
    pub(crate) operation: String,
    /// The assistant, as its caller named it.
    pub(crate) assistant: String,
    /// Who sent it.
    pub(crate) client: Option<String>,
    /// Which fields it sets.
    pub(crate) fields: Vec<String>,
    /// When it came.
    pub(crate) created_at: String,
}

/// Makes the document of the assistant of the parameter `name`: a configured name, `vendor:id` or an id.
///
/// # Errors
/// The parameter is missing or invalid, another is there, or it leads nowhere. What the vendor or the store does not tell is
/// a part of the document.
pub(crate) async fn assistant(operator: &Operator, query: Option<&str>) -> Result<Assistant, Problem> {
    query_names(query, &["name"])?;
    let name = query::text(query, "name")?.filter(|name| !name.is_empty()).ok_or_else(|| {
        let detail = "the query parameter `name` is missing; it is a configured name, `vendor:id` or an id";
        Problem::new(Code::InvalidRequest, detail)
    })?;
    let context = &operator.context;
    let Explanation { routed, problem, path, .. } = Explanation::of(context, &name, None, None);
    let routed = match (routed, problem) {
        (Some(routed), None) => routed,
        (_, problem) => return Err(problem.unwrap_or_else(|| Problem::new(Code::UnknownAssistant, "it leads nowhere"))),
    };
    let explicit = format!("{}:{}", routed.account.name, routed.id);
    let (read, changes) = futures_util::join!(state(operator, &name), changes(operator, &explicit));
    let told = |problem: Problem| Told::new(problem, &path, context);
    let (state, etag, problem) = match read {
        Ok((state, etag)) => (Some(state), etag, None),
        Err(problem) => (None, None, Some(told(problem))),
    };
    let (changes, changes_problem) = match changes {
        Ok(changes) => (changes, None),
        Err(problem) => (None, Some(told(problem))),
    };
    Ok(Assistant {
        dry_run: dry_run(operator, &name),
        names: names(operator, &routed),
        target: Target::of(operator, &routed),
        assistant: name.into_owned(),
        explicit,
        state,
        etag,
        problem,
        changes,
        changes_problem,
    })
}

/// Reads the assistant.
async fn state(operator: &Operator, name: &str) -> Result<(State, Option<String>), Problem> {
    let segment = utf8_percent_encode(name, SEGMENT).to_string();
    let response = operator.api().read_assistants(&operator.context, Some(&segment), "include=vendor").await?;
    let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let json: Box<RawValue> = serde_json::from_slice(&body(response.into_body()).await).map_err(unread)?;
    Ok((State::of(json).map_err(unread)?, etag))
}

/// The newest changes of the assistant's line; `None` without a store.
async fn changes(operator: &Operator, explicit: &str) -> Result<Option<Vec<Change>>, Problem> {
    let Some(records) = operator.context.records.as_ref() else { return Ok(None) };
    let limit = CHANGES.to_string();
    let pairs = [("assistant", explicit), ("limit", &limit)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let list = RecordList::of_all(operator.gateway(), "assistant", Some(&query), &["assistant"], &[])?;
    let page = list.page(records).await?;
    let changes = list.document(records, &page, |record, _| to_raw_value(&record).and_then(Change::of)).data;
    changes.into_iter().collect::<Result<_, _>>().map(Some).map_err(unread)
}

fn unread(error: serde_json::Error) -> Problem {
    Problem::internal("an answer of this gateway cannot be read", error)
}

/// All configured names of the assistant, sorted.
fn names(operator: &Operator, routed: &Routed) -> Vec<String> {
    let named = operator.gateway().routes.assistants.iter();
    let named = named.filter(|(_, named)| named.account.name == routed.account.name && named.id == routed.id);
    let mut names: Vec<_> = named.map(|(name, _)| name.to_string()).collect();
    names.sort_unstable();
    names
}

/// A command for a shell. An assistant that leads somewhere holds nothing that a shell would take as something else.
fn dry_run(operator: &Operator, name: &str) -> String {
    let gateway = operator.gateway();
    let base = gateway.public_url.as_deref().unwrap_or("$SWITCHBOARD_URL").trim_end_matches('/');
    let segment = utf8_percent_encode(name, SEGMENT);
    let key = if gateway.clients.open { "" } else { " \\\n  -H \"Authorization: Bearer $SWITCHBOARD_KEY\"" };
    format!(
        "curl -X PUT \"{base}/v1/assistants/{segment}?dry_run=true\"{key} \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{{\"name\": \"Night desk\"}}'\n"
    )
}
