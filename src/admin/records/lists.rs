//! Lists of records: what waits, what is dead, and everything.

use serde_json::json;

use crate::api::{Context, Depth, RecordList, Records, required, store_problem};
use crate::problem::Problem;
use crate::store::{Record, State};

use super::{FullResponse, depths, response, store};

/// `GET /admin/queue`: how much waits, and the records of what waits, newest first.
///
/// # Errors
/// There is no store, the query is invalid, or the store fails.
pub(in crate::admin) async fn queue(context: &Context, query: Option<&str>) -> Result<FullResponse, Problem> {
    let records = required(context.records.as_ref())?;
    let waiting = [State::Queued, State::Sending];
    let list = RecordList::of_all(&context.gateway, "queue", query, &["vendor", "assistant"], &waiting)?;
    let page = list.page(records).await?;
    let figures = records.store.figures();
    let summary = json!({
        "waiting": records.depths().values().map(Depth::total).sum::<usize>(),
        "max_total": context.gateway.queue.max_total,
        "vendors": depths(records),
        "callbacks": { "waiting": figures.callbacks_waiting, "given_up": figures.callbacks_given_up },
        "store": store(records),
    });
    let mut body = summary.to_string().into_bytes();
    body.pop(); // the brace at its end
    body.push(b',');
    list.push(&mut body, &context.gateway, records, &page, |_, _| {});
    body.push(b'}');
    Ok(response(body))
}

/// `GET /admin/dead`: the records of dead changes, newest first, each with the newest record that sends it again.
///
/// # Errors
/// There is no store, the query is invalid, or the store fails.
pub(in crate::admin) async fn dead(context: &Context, query: Option<&str>) -> Result<FullResponse, Problem> {
    let records = required(context.records.as_ref())?;
    let list = RecordList::of_all(&context.gateway, "dead", query, &["vendor", "assistant"], &[State::Dead])?;
    let page = list.page(records).await?;
    let replays = replays(records, &page.records).await?;
    let mut body = b"{".to_vec();
    list.push(&mut body, &context.gateway, records, &page, |out, index| {
        let replay = replays.get(index).and_then(Option::as_ref);
        let replay = replay.map(|replay| json!({ "update": replay.id.to_string(), "state": replay.state.as_str() }));
        out.extend_from_slice(format!(",\"replay\":{}", json!(replay)).as_bytes());
    });
    body.push(b'}');
    Ok(response(body))
}

async fn replays(records: &Records, dead: &[Record]) -> Result<Vec<Option<Record>>, Problem> {
    let mut replays = Vec::with_capacity(dead.len());
    for record in dead {
        replays.push(records.store.replay_of(record.id).await.map_err(store_problem)?);
    }
    Ok(replays)
}

/// `GET /admin/history`: the records of all clients, newest first, each with the values of its fields as the journal keeps
/// them. A part of the list ends early rather than have too many bytes of values.
///
/// # Errors
/// There is no store, the query is invalid, or the store fails.
pub(in crate::admin) async fn history(context: &Context, query: Option<&str>) -> Result<FullResponse, Problem> {
    const FILTERS: [&str; 8] = ["assistant", "vendor", "client", "state", "operation", "field", "since", "until"];
    let records = required(context.records.as_ref())?;
    let list = RecordList::of_all(&context.gateway, "history", query, &FILTERS, &[])?;
    let mut page = list.page(records).await?;
    let values = records.values(&page.records).await?;
    if values.len() < page.records.len() {
        page.records.truncate(values.len());
        page.next = page.records.last().map(|last| last.number);
    }
    let mut body = b"{".to_vec();
    list.push(&mut body, &context.gateway, records, &page, |out, index| {
        out.extend_from_slice(b",\"values\":");
        out.extend_from_slice(values.get(index).and_then(Option::as_deref).unwrap_or(b"null"));
    });
    body.push(b'}');
    Ok(response(body))
}
