//! Queue: what waits, by vendor account and one by one.

use maud::{Markup, html};

use crate::admin::documents::records::{Queue, Record, VendorDepth, queue};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

use super::pieces::{client, fields, no_store, opened, reason, stored, time};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[]);
        let Some(queue) = stored(queue(&visit.operator, Some(&query)).await)? else { return Ok(no_store()) };
        let filters = html! {
            (parts::text_filter(visit, "vendor", "vendor account"))
            (parts::text_filter(visit, "assistant", "assistant"))
            (parts::text_filter(visit, "client", "client"))
        };
        let content = html! {
            (figures(&queue))
            (by_vendor(queue.vendors.iter().map(|(vendor, depth)| (vendor.as_str(), depth))))
            (waiting(queue.part.rows(), |record| queue.part.position(record)))
            (parts::pager(visit, queue.part.next().as_deref()))
        };
        Ok(html! { (parts::filters(visit, &filters)) (parts::live(visit, &content)) })
    })
}

fn figures(queue: &Queue) -> Markup {
    let failing = queue.store.get("failing").and_then(|failing| failing.as_str());
    html! {
        @if let Some(failing) = failing {
            div.problem role="alert" { p { (parts::badge(parts::Tone::Bad, "the store fails")) " " (failing) } }
        }
        dl.figures {
            (parts::figure("changes wait", queue.waiting))
            (parts::figure("may wait at most", queue.max_total))
            (parts::figure("callbacks wait", queue.callbacks.waiting))
            (parts::figure("callbacks given up since the start", queue.callbacks.given_up))
        }
    }
}

pub(super) fn by_vendor<'a>(vendors: impl Iterator<Item = (&'a str, &'a VendorDepth)>) -> Markup {
    let mut vendors = vendors.peekable();
    if vendors.peek().is_none() {
        return html! {};
    }
    let rows = html! {
        @for (vendor, depth) in vendors {
            tr {
                th scope="row" { a href=(link("vendor", "name", vendor)) { (vendor) } }
                td.number { (depth.queued) }
                td.number { (depth.sending) }
                td.number {
                    @if depth.held > 0 { a href=(link("dead", "vendor", vendor)) { (depth.held) } } @else { "0" }
                }
                td { (depth.oldest_seconds.map_or_else(|| "–".to_owned(), age)) }
            }
        }
    };
    parts::table(
        "What waits by vendor account",
        "What waits, by vendor account",
        &["Account", "#Queued", "#Being sent", "#Held by a dead one", "Oldest"],
        &rows,
    )
}

fn age(seconds: f64) -> String {
    parts::duration(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

pub(super) fn waiting(records: &[Record], position: impl Fn(&Record) -> Option<u64>) -> Markup {
    if records.is_empty() {
        return parts::empty(
            "Nothing waits",
            html! { "A change waits here while it is sent with " code { "Prefer: respond-async" }
            ", or while its vendor is down." },
        );
    }
    let rows = html! {
        @for record in records {
            tr {
                td { (opened(record)) }
                td { (parts::change_state(record.state.as_str())) }
                td.number { @if let Some(place) = position(record) { (place) } }
                td { (record.vendor) }
                td.nowrap { (client(record)) }
                td { (record.operation.as_str()) " " (fields(record)) }
                td.number { (record.attempts) }
                td.nowrap { (reason(record)) }
                td.nowrap { @if let Some(at) = record.next_attempt_at { (time(at.0)) } @else { "in its turn" } }
                td.nowrap { (time(record.created_at.0)) }
                td {
                    @if record.state.as_str() == "queued" {
                        a href={ (super::pieces::address(record.id)) "#withdraw" } { "Cancel…" }
                    }
                }
            }
        }
    };
    parts::table(
        "Changes that wait",
        "Changes that wait, newest first",
        &[
            "Assistant",
            "State",
            "#Place",
            "Account",
            "Client",
            "Change",
            "#Attempts",
            "Last failure",
            "Next attempt",
            "Admitted",
            "Withdraw",
        ],
        &rows,
    )
}
