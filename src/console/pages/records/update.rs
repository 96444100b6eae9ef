//! One record: what it is, what became of it when, what it sends, and what can be done with it.

use maud::{Markup, html};

use crate::admin::documents::records::{CallbackState, Record, Whole, said, update};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::shell::form_token;
use crate::console::visit::{Visit, link};

use super::pieces::{address, client, fields, no_store, stored, time};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[]);
        let Some(whole) = stored(update(&visit.operator, Some(&query)).await)? else { return Ok(no_store()) };
        let content = content(&whole);
        let is_final = whole.record.state.is_final();
        Ok(html! {
            @if is_final { (content) } @else { (parts::live(visit, &content)) }
            @if whole.may_be_canceled() { (withdraw(visit, &whole.record)) }
            @if whole.is_open() { (again(visit, &whole)) (discard(visit, &whole.record)) }
        })
    })
}

fn content(whole: &Whole) -> Markup {
    html! {
        div.columns {
            div.card { (facts(&whole.record, whole.position)) }
            div.card {
                h2 { "What happened" }
                (times(&whole.times().into_iter().map(|(what, at)| (what, at.0)).collect::<Vec<_>>()))
                (links(whole))
            }
        }
        @if let Some(said) = said(&whole.record) {
            div.problem { p { (parts::badge(parts::Tone::Bad, &said.code)) " " (said.detail) } }
        }
        (newer(&whole.newer))
        h2 { "What it sends" }
        @match &whole.values {
            Some(values) => { (parts::json("values", &String::from_utf8_lossy(values))) }
            None => { p.hint { "No values are kept: it has none, or " code { "journal.values" } " is " code { "none" } "." } }
        }
        @if let Some(answer) = &whole.record.answer {
            h2 { "Its answer: " (answer.status) }
            @match &answer.body {
                Some(body) => { (parts::json("answer", &String::from_utf8_lossy(body))) }
                None => { p.hint { "The body is not kept, as " code { "journal.values" } " says." } }
            }
        }
    }
}

pub(super) fn facts(record: &Record, position: Option<u64>) -> Markup {
    html! {
        p { (parts::change_state(record.state.as_str())) " " (record.operation.as_str()) " " (fields(record)) }
        dl.pairs {
            dt { "update" } dd { code data-id=(record.id) { (record.id) } }
            dt { "request" } dd { a href=(link("request", "id", &record.request_id)) { code { (record.request_id) } } }
            dt { "assistant" } dd { a href=(link("assistant", "name", &record.assistant)) { (record.assistant) } }
            dt { "account" } dd { a href=(link("vendor", "name", &record.vendor)) { (record.vendor) } }
            dt { "vendor's id" } dd { (record.vendor_id.as_deref().unwrap_or("–")) }
            dt { "client" } dd { (client(record)) }
            dt { "attempts" } dd { (record.attempts) }
            @if let Some(position) = position { dt { "place in line" } dd { (position) } }
            @if !record.sent_with.is_empty() {
                dt { "in one request with" }
                dd { @for other in &record.sent_with { a href=(address(other)) { code { (other) } } " " } }
            }
        }
    }
}

pub(super) fn times(times: &[(&str, i64)]) -> Markup {
    let word = |what: &str| match what {
        "admitted" => "admitted".to_owned(),
        "attempt_in_doubt" => "an attempt may have arrived".to_owned(),
        "next_attempt" => "next attempt".to_owned(),
        "expires" => "given up, if not sent before".to_owned(),
        state => format!("since then {state}"),
    };
    html! { dl.pairs { @for (what, at) in times { dt { (word(what)) } dd { (time(*at)) } } } }
}

fn links(whole: &Whole) -> Markup {
    let callback = match whole.callback {
        CallbackState::None => None,
        CallbackState::NotEnded => Some(html! { "its client gets a callback when it ends" }),
        CallbackState::Waiting { tries, due_at } => {
            Some(html! { "waits: tried " (tries) " times, next " (time(due_at.0)) })
        }
        CallbackState::Ended => Some(html! { "arrived, or was given up" }),
        CallbackState::Unknown => Some(html! { "may wait: there are too many of this client to tell" }),
    };
    html! {
        dl.pairs {
            @if let Some(dead) = &whole.record.replay_of { dt { "sends again" } dd { a href=(address(dead)) { code { (dead) } } } }
            @if let Some(replay) = &whole.replay {
                dt { "sent again as" } dd { a href=(address(replay.id)) { code { (replay.id) } } " " (parts::change_state(replay.state.as_str())) }
            }
            @if let Some(callback) = callback { dt { "callback" } dd { (callback) } }
        }
    }
}

/// The newer changes that stand against sending it again.
pub(super) fn newer(newer: &[Record]) -> Markup {
    if newer.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for record in newer {
            tr {
                td { a href=(address(record.id)) data-id=(record.id) { (record.operation.as_str()) } " " (fields(record)) }
                td { (parts::change_state(record.state.as_str())) }
                td.nowrap { (time(record.created_at.0)) }
            }
        }
    };
    parts::table(
        "Newer changes",
        "Newer changes that stand against sending this one again",
        &["Change", "State", "Admitted"],
        &rows,
    )
}

/// A form of one write with a field that has to be filled in.
fn form(
    visit: &Visit,
    (id, title, address): (&str, &str, &str),
    record: &Record,
    content: &Markup,
    label: &str,
) -> Markup {
    let may = visit.form_token().is_some();
    html! {
        form.card id=(id) method="post" action=(address) {
            h2 { (title) }
            (form_token(visit))
            input type="hidden" name="update" value=(record.id);
            (content)
            button.danger[address != "replay"] type="submit" disabled[!may] title=[(!may).then_some("this takes the administrator's session")] { (label) }
        }
    }
}

fn withdraw(visit: &Visit, record: &Record) -> Markup {
    let sure = html! {
        p { label { input type="checkbox" name="sure" value="yes" required; " It is not to be sent. Its client sees it as canceled." } }
    };
    form(visit, ("withdraw", "Cancel it", "cancel"), record, &sure, "Cancel")
}

fn again(visit: &Visit, whole: &Whole) -> Markup {
    let choices = [
        ("", "all of it, unless newer changes have set one of its fields"),
        ("remaining", "only the fields that no newer change has set"),
        ("force", "all of it, over newer changes"),
    ];
    let how = html! {
        @for (index, (value, label)) in choices.iter().enumerate() {
            p { label { input type="radio" name="how" value=(value) checked[index == 0]; " " (label) } }
        }
    };
    form(visit, ("replay", "Send it again", "replay"), &whole.record, &how, "Send again")
}

fn discard(visit: &Visit, record: &Record) -> Markup {
    let why = html! {
        p { "It can then never be sent again." }
        p { label { "Why? The audit log keeps it. " input type="text" name="reason" required maxlength="500" autocomplete="off"; } }
    };
    form(visit, ("discard", "Discard it", "discard"), record, &why, "Discard")
}
