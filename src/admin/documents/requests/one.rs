//! One request: from the last requests, else from the audit log, else from the record that it left.

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::admin::Operator;
use crate::api::{query_names, request::query, store_problem};
use crate::http::request_id;
use crate::problem::{Code, Problem};
use crate::store::{Record, RecordsOf, UpdateId};
use crate::telemetry::AuditFound;

use super::filter::OfAssistant;
use super::way::{Step, way};
use super::{RequestLine, each};

/// How many look through the audit log at once.
static LOOK_UPS: Semaphore = Semaphore::const_new(2);
/// How many requests of the same assistant are shown before and after this one.
const NEIGHBOURS: usize = 8;

/// What is known of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    /// The request, if it is among the last ones; the newest of this id.
    pub(crate) request: Option<RequestLine>,
    /// What came after what.
    pub(crate) way: Vec<Step>,
    /// How many of the last requests have this id, which callers choose.
    pub(crate) same_id: usize,
    /// What its code means.
    pub(crate) problem: Option<ProblemKind>,
    /// What the audit log has of it; null unless it was read: with `audit=true`, or if it is not among the last requests.
    pub(crate) audit: Option<AuditFound>,
    /// The record of its change.
    pub(crate) record: Option<RecordLine>,
    /// Where its trace can be looked at: `traces.ui`.
    pub(crate) trace_url: Option<String>,
    /// Of the last requests those of the same assistant, newest first.
    pub(crate) neighbours: Vec<RequestLine>,
}

/// What a problem's code means.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemKind {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) when: &'static str,
    pub(crate) remedy: &'static str,
    pub(crate) fault: &'static str,
    /// Whether sending the same request again may succeed.
    pub(crate) retryable: bool,
}

/// The record of a change in short; `GET /admin/update` has all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RecordLine {
    pub(crate) update: String,
    pub(crate) request_id: String,
    pub(crate) state: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) assistant: String,
    pub(crate) vendor: String,
    pub(crate) client: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) attempts: u32,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// `GET /admin/request?id=`: one request.
///
/// # Errors
/// The query is invalid, nothing is known of the id, or the store fails.
pub(crate) async fn request(operator: &Operator, query: Option<&str>) -> Result<Request, Problem> {
    query_names(query, &["id", "audit"])?;
    let id = query::text(query, "id")?.filter(|id| request_id::is_valid(id.as_bytes()));
    let id =
        id.ok_or_else(|| query::must("id", "be the id of a request: at most 128 letters, digits, `.`, `_` and `-`"))?;
    let asks_audit = query::flag(query, "audit")?;
    let (line, same_id) = among_the_last(operator, id.to_string()).await?;
    let audit = match asks_audit || line.is_none() {
        true => audited(operator, id.to_string()).await?,
        false => None,
    };
    let events = audit.as_ref().map(|found| found.events.as_slice()).unwrap_or_default();
    let update = line.as_ref().and_then(|line| line.update.clone());
    let update = update.or_else(|| member(events, "update").map(str::to_owned));
    let record = record(operator, update.as_deref(), &id).await?;
    if line.is_none() && events.is_empty() && record.is_none() {
        return Err(nowhere(operator, &id, audit.as_ref()));
    }
    let code = line.as_ref().map(|line| line.code).unwrap_or_else(|| {
        member(events, "reason").filter(|reason| *reason != "ok").and_then(Code::from_name).map(Code::as_str)
    });
    let assistant = assistant(line.as_ref(), events, record.as_ref());
    let trace_id = line.as_ref().and_then(|line| line.trace_id.as_deref());
    let trace_url = operator.gateway().traces_ui.as_deref().zip(trace_id);
    let neighbours = neighbours(operator, assistant, line.as_ref().map(|line| line.sequence)).await?;
    Ok(Request {
        id: id.into_owned(),
        way: line.as_ref().map(way).unwrap_or_default(),
        same_id,
        problem: code.and_then(Code::from_name).map(ProblemKind::of),
        record: record.as_ref().map(RecordLine::of),
        trace_url: trace_url.map(|(ui, trace_id)| ui.replace("{trace_id}", trace_id)),
        neighbours,
        request: line,
        audit,
    })
}

/// The newest of the last requests with this id, and how many have it.
pub(super) async fn among_the_last(operator: &Operator, id: String) -> Result<(Option<RequestLine>, usize), Problem> {
    each(operator.reloader().telemetry(), (None, 0), move |(found, count), request| {
        if request.request_id() == id {
            *count += 1;
            if found.is_none() {
                *found = Some(RequestLine::of(request));
            }
        }
        true
    })
    .await
}

/// What the audit log has of an id; `None` while it is off.
pub(super) async fn audited(operator: &Operator, id: String) -> Result<Option<AuditFound>, Problem> {
    let busy = |_| {
        let detail =
            "two others look through the audit log at present; ask again when they have done, after a few seconds";
        Problem::new(Code::Overloaded, detail).after(std::time::Duration::from_secs(3))
    };
    let permit = LOOK_UPS.try_acquire().map_err(busy)?;
    let telemetry = operator.reloader().telemetry().clone();
    let looked = tokio::task::spawn_blocking(move || {
        let found = telemetry.audited(&id);
        drop(permit);
        found
    });
    looked.await.map_err(|error| Problem::internal("the audit log cannot be read", error))
}

/// The record of an update's id, else the newest one of the request.
pub(super) async fn record(operator: &Operator, update: Option<&str>, id: &str) -> Result<Option<Record>, Problem> {
    let Some(records) = &operator.context.records else { return Ok(None) };
    for id in [update, Some(id)].into_iter().flatten().filter_map(|id| id.parse::<UpdateId>().ok()) {
        if let Some(record) = records.store.record(id).await.map_err(store_problem)? {
            return Ok(Some(record));
        }
    }
    records.store.record_of_request(RecordsOf::All, id.to_owned()).await.map_err(store_problem)
}

/// Where it was looked for in vain.
fn nowhere(operator: &Operator, id: &str, audit: Option<&AuditFound>) -> Problem {
    let held = operator.reloader().telemetry().recent().extent().held;
    let mut places = vec![format!("among the last {held} requests of this process")];
    match audit {
        Some(AuditFound { files, complete: true, .. }) => places.push(format!("in the {files} files of the audit log")),
        Some(AuditFound { bytes, .. }) => places.push(format!("in the newest {} MiB of the audit log", bytes >> 20)),
        None => places.push("in an audit log, which is off (`audit.file`)".to_owned()),
    }
    match operator.context.records {
        Some(_) => places.push("among the records of changes".to_owned()),
        None => places.push("among records, for which there is no store (`[store]`)".to_owned()),
    }
    let (last, first) =
        places.split_last().map_or((String::new(), String::new()), |(last, first)| (last.clone(), first.join(", ")));
    let log = "the log has every request, also those that changed nothing";
    Problem::new(Code::NotFound, format!("nothing is known of `{id}`: it is neither {first} nor {last}; {log}"))
}

/// The first text of that name in the events.
fn member<'e>(events: &'e [Value], name: &str) -> Option<&'e str> {
    events.iter().find_map(|event| event.get(name)?.as_str())
}

/// Which assistant it was about.
fn assistant(line: Option<&RequestLine>, events: &[Value], record: Option<&Record>) -> Option<OfAssistant> {
    if let Some(line) = line {
        return OfAssistant::of(line.assistant.as_deref(), line.vendor.as_deref(), line.vendor_id.as_deref());
    }
    if let Some(record) = record {
        return OfAssistant::of(Some(&record.assistant), Some(&record.vendor), record.vendor_id.as_deref());
    }
    OfAssistant::of(member(events, "assistant"), member(events, "vendor"), member(events, "vendor_id"))
}

/// Other requests of the assistant: those around the one of this number, else the newest.
async fn neighbours(
    operator: &Operator,
    assistant: Option<OfAssistant>,
    number: Option<u64>,
) -> Result<Vec<RequestLine>, Problem> {
    let Some(assistant) = assistant else { return Ok(Vec::new()) };
    let number = number.unwrap_or(u64::MAX);
    let found = each(operator.reloader().telemetry(), (Vec::new(), 0), move |(found, older), request| {
        if request.number == number || !assistant.matches(request) {
            return true;
        }
        if request.number > number && found.len() >= NEIGHBOURS {
            found.remove(0); // the newest, farthest away
        }
        found.push(RequestLine::of(request));
        *older += usize::from(request.number < number);
        *older < NEIGHBOURS
    });
    Ok(found.await?.0)
}

impl ProblemKind {
    fn of(code: Code) -> Self {
        let kind = code.kind();
        Self {
            code: kind.name,
            title: kind.title,
            when: kind.when,
            remedy: kind.remedy,
            fault: kind.fault.as_str(),
            retryable: kind.retryable,
        }
    }
}

impl RecordLine {
    fn of(record: &Record) -> Self {
        Self {
            update: record.id.to_string(),
            request_id: record.request_id.clone(),
            state: record.state.as_str(),
            operation: record.operation.as_str(),
            assistant: record.assistant.clone(),
            vendor: record.vendor.clone(),
            client: record.client.clone(),
            fields: record.fields.iter().map(ToString::to_string).collect(),
            attempts: record.attempts,
            created_at: record.created_at.to_string(),
            updated_at: record.updated_at.to_string(),
        }
    }
}
