//! Dead letters: why they died, sending one or all of a filter again, and discarding.

use maud::{Markup, html};

use crate::admin::documents::records::{Counts, DEAD_FILTERS, MOST_COUNTED, Record, dead};
use crate::admin::records::jobs;
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

use super::pieces::{address, client, fields, no_store, opened, reason, stored, time};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[]);
        let Some(dead) = stored(dead(&visit.operator, Some(&query)).await)? else { return Ok(no_store()) };
        let rows: Vec<_> = dead.part.rows().iter().zip(&dead.replays).collect();
        Ok(html! {
            (filters(visit, dead.counts.as_ref()))
            (running(visit))
            @if let Some(counts) = &dead.counts { (groups(visit, counts)) (bulk(visit, counts)) }
            (letters(visit, &rows))
            (parts::pager(visit, dead.part.next().as_deref()))
        })
    })
}

fn filters(visit: &Visit, counts: Option<&Counts>) -> Markup {
    let reasons: Vec<_> = counts
        .iter()
        .flat_map(|counts| &counts.reasons)
        .map(|one| one.reason.as_str())
        .filter(|reason| *reason != "none")
        .collect();
    let fields = html! {
        (parts::text_filter(visit, "vendor", "vendor account"))
        (parts::text_filter(visit, "assistant", "assistant"))
        (parts::text_filter(visit, "client", "client"))
        (parts::choice_filter(visit, "reason", "reason", &reasons))
        (parts::text_filter(visit, "older", "older than, such as 2h"))
        (parts::choice_filter(visit, "replayed", "sent again", &["true", "false"]))
    };
    parts::filters(visit, &fields)
}

/// The job that runs, if one does.
fn running(visit: &Visit) -> Markup {
    let jobs = jobs(&visit.operator);
    html! {
        @if let Some(last) = jobs.first() {
            p {
                (super::job::badge(last.state)) " "
                a href=(link("job", "id", &last.job)) { "the last bulk replay" }
                ": " (last.replayed) " of " (last.count) " sent again"
            }
        }
    }
}

/// How many there are, by reason, as links.
pub(super) fn groups(visit: &Visit, counts: &Counts) -> Markup {
    if counts.reasons.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for one in &counts.reasons {
            tr {
                th scope="row" {
                    @if one.reason == "none" { "no reason is stored" } @else {
                        a href=(visit.address_with(&[("reason", Some(&one.reason)), ("cursor", None)])) { code { (one.reason) } }
                    }
                }
                td.number { (one.count) }
            }
        }
    };
    let caption = html! { "Dead letters that were not sent again, by the reason of their last failure" @if !counts.complete { " (the newest " (MOST_COUNTED) ")" } };
    parts::table("Dead letters by reason", caption, &["Reason", "#How many"], &rows)
}

/// The form that sends all of the filter again.
pub(super) fn bulk(visit: &Visit, counts: &Counts) -> Markup {
    let chosen: Vec<_> = DEAD_FILTERS
        .iter()
        .filter_map(|name| Some((*name, visit.parameter(name)?)))
        .filter(|(name, _)| *name != "replayed")
        .collect();
    html! {
        @if !counts.complete {
            div.card {
                h2 { "Send all of them again" }
                p { "More than " (MOST_COUNTED) " match. Choose fewer first: by account, reason or assistant." }
            }
        } @else if counts.open > 0 {
            div.card #bulk {
                h2 { "Send all of them again" }
                p {
                    b { (counts.open) } @if counts.open == 1 { " dead letter matches" } @else { " dead letters match" }
                    @if chosen.is_empty() { ": all there are" }
                    @for (name, value) in &chosen { ", " (name) " " code { (value) } }
                    ". The newest of an assistant goes first, and one that newer changes have overtaken is left out and counted as "
                    code { "superseded" } "."
                }
                (parts::write_button(visit, "replay-all", "Send again", &html! {
                    @for (name, value) in &chosen { input type="hidden" name=(name) value=(value); }
                    label { "type the number " (counts.open) ": "
                        input type="number" name="count" min="1" required autocomplete="off"; }
                    label { " at most a second: " input type="number" name="rate" min="1" max="100" value="20"; }
                }))
            }
        }
    }
}

pub(super) fn letters(visit: &Visit, rows: &[(&Record, &Option<Record>)]) -> Markup {
    if rows.is_empty() {
        return parts::empty(
            "No dead letter matches",
            parts::code_spans(
                "A change dies here if its vendor could not be reached for as long as `queue.max_age` says; it can then be sent again.",
            ),
        );
    }
    let rows = html! {
        @for (record, replay) in rows {
            tr {
                td { (opened(record)) }
                td.nowrap { (reason(record)) }
                td { (record.vendor) }
                td.nowrap { (client(record)) }
                td { (record.operation.as_str()) " " (fields(record)) }
                td.number { (record.attempts) }
                td.nowrap { (time(record.created_at.0)) }
                td.nowrap { (time(record.updated_at.0)) }
                td.nowrap {
                    @if let Some(replay) = replay {
                        a href=(address(replay.id)) { "as another" } " " (parts::change_state(replay.state.as_str())) " "
                    }
                    @if replay.as_ref().is_none_or(|replay| replay.state.as_str() == "dead") { (moves(visit, record)) }
                }
            }
        }
    };
    parts::table(
        "Dead letters",
        "Dead letters, newest first",
        &["Assistant", "Reason", "Account", "Client", "Change", "#Attempts", "Admitted", "Died", "Sent again"],
        &rows,
    )
}

fn moves(visit: &Visit, record: &Record) -> Markup {
    html! {
        (parts::write_button(visit, "replay", "Send again", &html! { input type="hidden" name="update" value=(record.id); }))
        " " a href={ (address(record.id)) "#discard" } { "Discard…" }
        @if record.holds { " " (parts::badge(Tone::Warning, "holds up its assistant")) }
    }
}
