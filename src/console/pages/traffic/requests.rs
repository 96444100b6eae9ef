//! Requests: the last ones, newest first, how many ended for each reason, and the last hour as bars.

use maud::{Markup, html};

use super::rows;
use crate::admin::documents::requests::{Minute, Requests, requests};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::visit::Visit;

/// The width of a minute's bar in the picture.
const BAR: usize = 10;
/// The height of the picture.
const HEIGHT: f64 = 60.0;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let vendors = visit.operator.gateway().routes.by_name();
        let vendors: Vec<_> = vendors.into_iter().map(|account| &*account.name).collect();
        let filters = filters(visit, &vendors);
        let found = match requests(&visit.operator, Some(&visit.query_with(&[]))).await {
            Ok(found) => found,
            Err(problem) => return Ok(html! { (filters) (parts::problem(&problem)) }),
        };
        Ok(html! { (filters) (parts::live(visit, &list(visit, &found))) })
    })
}

fn filters(visit: &Visit, vendors: &[&str]) -> Markup {
    const OPERATIONS: [&str; 6] = ["update", "read", "list", "create", "delete", "copy"];
    const OUTCOMES: [&str; 4] = ["applied", "not_applied", "unknown", "partial"];
    let fields = html! {
        (parts::choice_filter(visit, "vendor", "vendor", vendors))
        (parts::text_filter(visit, "assistant", "assistant"))
        (parts::text_filter(visit, "client", "client"))
        (parts::text_filter(visit, "reason", "reason"))
        (parts::text_filter(visit, "status", "status, such as 502 or 5xx"))
        (parts::choice_filter(visit, "outcome", "outcome", &OUTCOMES))
        (parts::choice_filter(visit, "operation", "operation", &OPERATIONS))
        (parts::text_filter(visit, "min_ms", "milliseconds at least"))
        (parts::text_filter(visit, "since", "since, such as 15m"))
        (parts::text_filter(visit, "until", "until"))
        (parts::text_filter(visit, "q", "any text"))
    };
    html! {
        details open[visit.query().is_some_and(|query| !query.is_empty())] {
            summary { "Filter" }
            (parts::filters(visit, &fields))
        }
    }
}

fn list(visit: &Visit, found: &Requests) -> Markup {
    if found.kept == 0 {
        let how = html! { "Set " code { "requests" } " in " code { "[console]" } " to how many of the last requests are kept." };
        return parts::empty("No requests are kept here.", how);
    }
    let is_filtered = !visit.query_with(&[("cursor", None), ("limit", None), ("after", None)]).is_empty();
    html! {
        p {
            b { (found.matched) } " of the last " (found.held) " requests"
            @if is_filtered { " match" }
            @if let Some(ago) = found.oldest_at.as_deref().and_then(rows::ago) { "; the oldest ended " (ago) " ago" }
            "."
        }
        (reasons(visit, found))
        (hour(visit, &found.minutes))
        @if found.data.is_empty() {
            @if is_filtered {
                (parts::empty("No request matches.", html! { "Clear the filter, or look for an id with the field at the top: it also looks in the audit log and the records." }))
            } @else {
                (parts::empty("No request yet.", html! { "Send an update, or try one in the " a href="playground" { "playground" } "." }))
            }
        } @else {
            (rows::table("Requests, newest first", &found.data))
            (parts::pager(visit, found.next_cursor.as_deref()))
        }
        (elsewhere(visit, found))
    }
}

/// How many ended for each reason, each as a link that leaves only these.
fn reasons(visit: &Visit, found: &Requests) -> Markup {
    let chosen = visit.parameter("reason");
    let mut reasons: Vec<_> = found.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    html! {
        @if !reasons.is_empty() {
            ul.links aria-label="Requests by reason" {
                @for (reason, count) in reasons {
                    li {
                        a href=(visit.address_with(&[("reason", Some(reason)), ("cursor", None)])) { (reason) }
                        " " b { (count) }
                    }
                }
                @if chosen.is_some() { li { a href=(visit.address_with(&[("reason", None), ("cursor", None)])) { "all reasons" } } }
            }
        }
    }
}

/// The last hour, a bar for each minute. A bar leads to the requests of its minute.
fn hour(visit: &Visit, minutes: &[Minute]) -> Markup {
    let most = minutes.iter().map(|minute| minute.requests).max().unwrap_or_default();
    let (chosen, is_empty) = (visit.parameter("since"), most == 0);
    let width = minutes.len() * BAR;
    html! {
        @if !is_empty {
            svg.hour viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="group"
                aria-label={ "Requests by minute over the last hour, at most " (most) } {
                rect.part-0 x="0" y=(HEIGHT - 1.0) width=(width) height="1" {}
                @for (index, minute) in minutes.iter().enumerate().filter(|(_, minute)| minute.requests > 0) {
                    a href=(visit.address_with(&[("since", Some(&minute.at)), ("until", Some(&minute.until)), ("cursor", None)]))
                        aria-label=(said(minute)) aria-current=[(chosen.as_ref() == Some(&minute.at)).then_some("true")] {
                        title { (said(minute)) }
                        rect.ground x=(index * BAR) y="0" width=(BAR) height=(HEIGHT) {}
                        (bar(index * BAR, minute, most))
                    }
                }
            }
            ol.parts {
                li { span.key.part-4 aria-hidden="true" {} "well" }
                li { span.key.part-1 aria-hidden="true" {} "the caller's fault" }
                li { span.key.part-5 aria-hidden="true" {} "failed" }
                li.hint { "the last hour by minute, at most " (most) }
                @if chosen.is_some() { li { a href=(visit.address_with(&[("since", None), ("until", None), ("cursor", None)])) { "all times" } } }
            }
        }
    }
}

/// A minute's bar: failures at the bottom, so that they have one ground line.
fn bar(x: usize, minute: &Minute, most: u64) -> Markup {
    let well = minute.requests.saturating_sub(minute.refused + minute.failed);
    let parts = [(minute.failed, "part-5"), (minute.refused, "part-1"), (well, "part-4")];
    let mut top = HEIGHT;
    let rects = parts.map(|(count, class)| {
        // A single failure among thousands is still seen.
        let high = if count == 0 { 0.0 } else { (count as f64 / most.max(1) as f64 * (HEIGHT - 6.0)).max(2.0) };
        top -= high;
        (class, top, high)
    });
    html! {
        @for (class, y, high) in rects {
            @if high > 0.0 {
                rect class=(class) x=(x + 1) y=(format!("{y:.1}")) width=(BAR - 2) height=(format!("{high:.1}")) {}
            }
        }
    }
}

/// A minute in words.
fn said(minute: &Minute) -> String {
    let clock = minute.at.get(11..16).unwrap_or_default();
    let Minute { requests, refused, failed, .. } = minute;
    format!("{clock} UTC: {requests} requests, {failed} failed, {refused} the caller's fault")
}

/// The same requests elsewhere: as a file, and in the log.
fn elsewhere(visit: &Visit, found: &Requests) -> Markup {
    let query = visit.query_with(&[("cursor", None), ("limit", None), ("after", None), ("format", Some("ndjson"))]);
    html! {
        p { a href={ "../admin/requests?" (query) } download="requests.ndjson" { "Download as JSON lines" } }
        details {
            summary { "The same in the log, with jq" }
            pre.json tabindex="0" aria-label="Filter for jq" data-id=(found.jq) { code { (found.jq) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::console::pages::traffic::requests::*;

    fn minute(requests: u64, refused: u64, failed: u64) -> Minute {
        let (at, until) = ("2026-01-31T08:00:00Z".to_owned(), "2026-01-31T08:01:00Z".to_owned());
        Minute { at, until, requests, refused, failed }
    }

    #[test]
    fn a_single_failure_among_thousands_is_seen() {
        let markup = bar(10, &minute(5000, 0, 1), 5000).into_string();
        assert_eq!(
            markup,
            "<rect class=\"part-5\" x=\"11\" y=\"58.0\" width=\"8\" height=\"2.0\"></rect>\
             <rect class=\"part-4\" x=\"11\" y=\"4.0\" width=\"8\" height=\"54.0\"></rect>"
        );
        assert_eq!(bar(0, &minute(0, 0, 0), 0).into_string(), "");
    }

    #[test]
    fn a_minute_is_said_in_words() {
        assert_eq!(said(&minute(12, 2, 1)), "08:00 UTC: 12 requests, 1 failed, 2 the caller's fault");
    }
}
