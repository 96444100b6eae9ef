//! Requests as rows of a table, and how one of them ended as a badge.

use std::time::Duration;

use maud::{Markup, html};

use crate::admin::documents::requests::RequestLine;
use crate::console::parts::{self, Tone};
use crate::console::visit::link;

/// A table of requests, each of which opens its page.
pub(super) fn table(caption: &str, lines: &[RequestLine]) -> Markup {
    let columns = ["ended", "how", "what", "vendor", "client", "#time", "#of it vendor", "#attempts", "request"];
    parts::table(caption, caption, &columns, &html! { @for line in lines { (row(line)) } })
}

fn row(line: &RequestLine) -> Markup {
    html! {
        tr {
            td.nowrap { a href=(link("request", "id", &line.request_id)) { (parts::time_in(&line.timestamp)) } }
            td { (how(line)) }
            td {
                (what(line)) " "
                @match &line.assistant {
                    Some(assistant) => { a href=(link("assistant", "name", assistant)) { (assistant) } }
                    None => { span.quiet-text { (line.method) " " (line.route) } }
                }
            }
            td { @if let Some(vendor) = &line.vendor { a href=(link("vendor", "name", vendor)) { (vendor) } } }
            td { @if let Some(client) = &line.client { a href=(link("requests", "client", client)) { (client) } } }
            td.number { (parts::millis(line.total_ms)) }
            td.number { @if line.attempts > 0 { (parts::millis(line.vendor_ms)) } }
            td.number { @if line.attempts > 0 { (line.attempts) } }
            td.nowrap { code data-id=(line.request_id) { (line.request_id) } }
        }
    }
}

/// What it did, in a word.
pub(super) fn what(line: &RequestLine) -> String {
    let operation = line.operation.unwrap_or_default();
    if line.dry_run { format!("{operation} (dry run)") } else { operation.to_owned() }
}

/// How it ended.
pub(super) fn how(line: &RequestLine) -> Markup {
    html! { (line.status) " " (parts::badge(tone(line), line.reason)) }
}

/// Bad is what operators or the vendor have to look at; what the caller did wrong is a warning.
pub(super) fn tone(line: &RequestLine) -> Tone {
    match line.fault {
        None => Tone::Good,
        Some("caller") => Tone::Warning,
        Some(_) => Tone::Bad,
    }
}

/// How long ago a time is.
pub(super) fn ago(text: &str) -> Option<String> {
    let age = humantime::parse_rfc3339(text).ok()?.elapsed().unwrap_or_default();
    Some(parts::duration(Duration::from_secs(age.as_secs().max(1))))
}
