//! History: what became of every change, with the values as the journal keeps them.

use bytes::Bytes;
use maud::{Markup, html};

use crate::admin::documents::records::{Record, history};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::visit::Visit;

use super::pieces::{client, fields, no_store, opened, reason, stored, time};

const STATES: [&str; 10] =
    ["queued", "sending", "applied", "refused", "failed", "unknown", "expired", "superseded", "canceled", "dead"];
const OPERATIONS: [&str; 4] = ["update", "create", "delete", "copy"];

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[]);
        let Some(history) = stored(history(&visit.operator, Some(&query)).await)? else { return Ok(no_store()) };
        let filters = html! {
            (parts::text_filter(visit, "assistant", "assistant"))
            (parts::text_filter(visit, "vendor", "vendor account"))
            (parts::text_filter(visit, "client", "client"))
            (parts::choice_filter(visit, "state", "state", &STATES))
            (parts::choice_filter(visit, "operation", "operation", &OPERATIONS))
            (parts::text_filter(visit, "field", "field"))
            (parts::text_filter(visit, "since", "since, such as 2026-01-31T08:00:00Z"))
            (parts::text_filter(visit, "until", "until"))
        };
        let rows: Vec<_> = history.part.rows().iter().zip(&history.values).collect();
        Ok(html! {
            (parts::filters(visit, &filters))
            (changes(&rows))
            (parts::pager(visit, history.part.next().as_deref()))
        })
    })
}

pub(super) fn changes(rows: &[(&Record, &Option<Bytes>)]) -> Markup {
    if rows.is_empty() {
        return parts::empty(
            "No recorded change matches",
            html! { "Every change that is sent through this gateway stands here until " code { "journal.retention" } " is over." },
        );
    }
    let rows = html! {
        @for (record, values) in rows {
            tr {
                td { (opened(record)) }
                td { (parts::change_state(record.state.as_str())) }
                td { (record.operation.as_str()) " " (fields(record)) }
                td { (record.vendor) }
                td.nowrap { (client(record)) }
                td.nowrap { (reason(record)) }
                td.nowrap { (time(record.created_at.0)) }
                td {
                    @match values {
                        Some(values) => { details { summary { "show" } (parts::json("values", &String::from_utf8_lossy(values))) } }
                        None => { span.quiet-text { "not kept" } }
                    }
                }
            }
        }
    };
    parts::table(
        "Changes",
        "Changes, newest first",
        &["Assistant", "State", "Change", "Account", "Client", "Reason", "Admitted", "Values"],
        &rows,
    )
}
