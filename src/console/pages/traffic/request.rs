//! One request: its way, what became of it, why, and what stands around it.

use maud::{Markup, html};

use super::rows;
use crate::admin::documents::requests::{
    NoteLine, ProblemKind, RecordLine, Request, RequestLine, Step, StepKind, request,
};
use crate::console::parts::{self, Segment, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

/// Shorter steps, in milliseconds, would be shown as nothing.
const SHOWN: f64 = 0.05;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        Ok(match request(&visit.operator, Some(&visit.query_with(&[]))).await {
            Ok(found) => page(&found),
            Err(problem) => html! { (parts::problem(&problem)) p { a href="requests" { "To the last requests" } } },
        })
    })
}

fn page(found: &Request) -> Markup {
    html! {
        p { code data-id=(found.id) { (found.id) } }
        @match &found.request {
            Some(line) => { (line_of(found, line)) }
            None => {
                p.hint {
                    "It is no longer among the last requests, so only what outlives them is shown: the audit log and the record of its change."
                }
            }
        }
        @if let Some(problem) = &found.problem { (explanation(problem)) }
        @if let Some(record) = &found.record { (record_of(record)) }
        (audit(found))
        @if !found.neighbours.is_empty() { (rows::table("Other requests of the same assistant, newest first", &found.neighbours)) }
    }
}

fn line_of(found: &Request, line: &RequestLine) -> Markup {
    html! {
        dl.figures {
            (parts::figure("how it ended", rows::how(line)))
            @if let Some(outcome) = line.outcome { (parts::figure("the change", outcome_of(outcome))) }
            (parts::figure("time", parts::millis(line.total_ms)))
            @if line.attempts > 0 { (parts::figure("attempts", line.attempts)) }
            (parts::figure("ended", parts::time_in(&line.timestamp)))
        }
        h2 { "Its way" }
        (parts::bar(&found.way.iter().filter(|step| step.ms >= SHOWN).map(segment).collect::<Vec<_>>()))
        h2 { "What it was" }
        (pairs(found, line))
        (fields(line))
    }
}

fn outcome_of(outcome: &str) -> Markup {
    match outcome {
        "applied" => parts::badge(Tone::Good, "applied"),
        "not_applied" => parts::badge(Tone::Plain, "not applied"),
        "partial" => parts::badge(Tone::Bad, "applied in part"),
        _ => parts::badge(Tone::Bad, "unknown: it may have been applied"),
    }
}

fn segment(step: &Step) -> Segment {
    let (name, kind) = match step.step {
        StepKind::Receive => ("receiving".to_owned(), 3),
        StepKind::Gateway => ("gateway".to_owned(), 0),
        StepKind::Queue => ("in the queue".to_owned(), 1),
        StepKind::Wait => ("waiting".to_owned(), 1),
        StepKind::Vendor => ("vendor".to_owned(), 2),
        StepKind::Attempt => {
            let ended = step.ended.as_deref().unwrap_or_default();
            let kind = if ended.starts_with('2') { 4 } else { 5 };
            (format!("attempt {}: {ended}", step.number.unwrap_or_default()), kind)
        }
    };
    Segment { name, millis: step.ms, kind }
}

fn pairs(found: &Request, line: &RequestLine) -> Markup {
    html! {
        dl.pairs {
            dt { "request" } dd { (line.method) " " (line.route) @if line.operation.is_some() { " (" (rows::what(line)) ")" } }
            @if let Some(assistant) = &line.assistant { dt { "assistant" } dd { a href=(link("assistant", "name", assistant)) { (assistant) } } }
            @if let Some(vendor) = &line.vendor {
                dt { "vendor" }
                dd {
                    a href=(link("vendor", "name", vendor)) { (vendor) }
                    @if let Some(id) = &line.vendor_id { ", its id " code { (id) } }
                }
            }
            dt { "client" }
            dd {
                @match &line.client {
                    Some(client) => { a href=(link("requests", "client", client)) { (client) } }
                    None => { "none" }
                }
                @if let Some(peer) = &line.peer { " from " (peer) }
            }
            dt { "sizes" } dd { (line.request_bytes) " bytes received, " (line.answer_bytes) " bytes sent" }
            @if let Some(update) = &line.update { dt { "record" } dd { a href=(link("update", "id", update)) { (update) } } }
            @if let Some(trace_id) = &line.trace_id {
                dt { "trace" }
                dd {
                    @match &found.trace_url {
                        Some(address) => { a href=(address) rel="noreferrer" { (trace_id) } }
                        None => { code { (trace_id) } span.hint { " (set " code { "traces.ui" } " for a link)" } }
                    }
                }
            }
            @if let Some(cause) = &line.cause { dt { "cause" } dd { (cause) } }
            @if found.same_id > 1 {
                dt { "same id" }
                dd { a href=(link("requests", "q", &found.id)) { (found.same_id) " of the last requests have this id" } }
            }
        }
    }
}

fn fields(line: &RequestLine) -> Markup {
    html! {
        @if line.applied + line.dropped + line.warnings.len() > 0 {
            h2 { "Fields" }
            @if line.applied > 0 {
                p {
                    (line.applied) " applied: "
                    (parts::codes(&line.applied_fields))
                }
            }
            (notes("Dropped fields", line.dropped, &line.dropped_fields))
            (notes("Warnings", line.warnings.len(), &line.warnings))
        }
    }
}

fn notes(caption: &str, count: usize, notes: &[NoteLine]) -> Markup {
    let caption = format!("{caption}: {count}");
    let rows = html! { @for note in notes { tr { th scope="row" { code { (note.field) } } td { (note.code) } } } };
    html! { @if count > 0 { (parts::table(&caption, &caption, &["field", "why"], &rows)) } }
}

fn explanation(problem: &ProblemKind) -> Markup {
    let fault = match problem.fault {
        "caller" => "the caller's",
        "vendor" => "the vendor's",
        _ => "this gateway's, or that of those who run it",
    };
    html! {
        h2 { "Why" }
        div.card {
            p { b { (problem.title) } " " code { (problem.code) } }
            p { (parts::code_spans(problem.when)) }
            dl.pairs {
                dt { "whose fault" } dd { (fault) }
                dt { "send it again" } dd { @if problem.retryable { "yes: the same request may succeed later" } @else { "no: the same request fails again" } }
                dt { "what to do" } dd { (parts::code_spans(problem.remedy)) }
            }
        }
    }
}

fn record_of(record: &RecordLine) -> Markup {
    html! {
        h2 { "Its record" }
        dl.pairs {
            dt { "update" } dd { a href=(link("update", "id", &record.update)) { (record.update) } }
            dt { "state" } dd { (record.state) " since " (parts::time_in(&record.updated_at)) }
            dt { "what" } dd { (record.operation) " of " a href=(link("assistant", "name", &record.assistant)) { (record.assistant) } " at " (record.vendor) }
            dt { "attempts" } dd { (record.attempts) }
            dt { "fields" } dd { (parts::codes(&record.fields)) }
        }
    }
}

fn audit(found: &Request) -> Markup {
    let again = format!("{}&audit=true", link("request", "id", &found.id));
    html! {
        h2 { "Audit log" }
        @match &found.audit {
            None if found.request.is_some() => { p { a href=(again) { "Look in the audit log" } " (this reads its files)" } }
            None => { p.hint { "The audit log is off (" code { "audit.file" } ")." } }
            Some(audit) => {
                @if audit.events.is_empty() { p.hint { "It has nothing of this id: it records changes that a vendor may have received." } }
                @for event in &audit.events { (parts::json("Event of the audit log", &format!("{event:#}"))) }
                @if !audit.complete { p.hint { "Only its newest " (audit.bytes >> 20) " MiB were read." } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::requests::{AttemptLine, way_of};
    use crate::console::pages::traffic::request::*;

    const HOSTILE: &str = "<script>alert(1)</script>\"'&";

    fn hostile() -> RequestLine {
        let text = || Some(HOSTILE.to_owned());
        let note = || NoteLine { field: HOSTILE.to_owned(), code: HOSTILE.to_owned() };
        RequestLine {
            request_id: HOSTILE.to_owned(),
            client: text(),
            method: HOSTILE.to_owned(),
            assistant: text(),
            vendor: text(),
            vendor_id: text(),
            update: text(),
            cause: text(),
            trace_id: text(),
            applied: 1,
            dropped: 1,
            applied_fields: vec!["name"],
            dropped_fields: vec![note()],
            warnings: vec![note()],
            attempts: 1,
            total_ms: 5.0,
            attempt_times: vec![AttemptLine { at_ms: 1.0, ms: Some(2.0), status: Some(503), failure: None }],
            ..RequestLine::example()
        }
    }

    #[test]
    fn what_comes_from_outside_is_text_and_nothing_else() {
        let event = serde_json::json!({ "request_id": HOSTILE });
        let line = hostile();
        let found = Request {
            id: HOSTILE.to_owned(),
            way: way_of(&line),
            same_id: 2,
            problem: None,
            audit: Some(crate::admin::documents::requests::audit_of(vec![event])),
            record: Some(RecordLine {
                update: HOSTILE.to_owned(),
                request_id: HOSTILE.to_owned(),
                state: "applied",
                operation: "update",
                assistant: HOSTILE.to_owned(),
                vendor: HOSTILE.to_owned(),
                client: None,
                fields: vec![HOSTILE.to_owned()],
                attempts: 1,
                created_at: HOSTILE.to_owned(),
                updated_at: HOSTILE.to_owned(),
            }),
            trace_url: Some(format!("https://traces.example/{HOSTILE}")),
            neighbours: vec![hostile()],
            request: Some(line),
        };
        let html = page(&found).into_string();
        assert!(html.matches("&lt;script&gt;").count() >= 18, "{html}");
        assert!(!html.contains("<script") && !html.contains("\"'"), "{html}");
    }

    #[test]
    fn the_way_of_a_request_is_a_bar_with_words() {
        let html = parts::bar(&way_of(&hostile()).iter().map(segment).collect::<Vec<_>>()).into_string();
        assert!(html.contains("attempt 1: 503 <b>2.0 ms</b>"), "{html}");
        assert!(html.contains("gateway <b>1.0 ms</b>") && html.contains("gateway <b>2.0 ms</b>"), "{html}");
    }
}
