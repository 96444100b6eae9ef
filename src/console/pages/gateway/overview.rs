//! The overview: what needs attention first, then how each vendor does, then the gateway itself.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use crate::admin::documents::accounts::{Row, vendors};
use crate::admin::documents::status::{Certificate, Status, status};
use crate::console::pages::accounts::table::{attention, rate, table};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::Visit;

/// How long before its end a certificate is marked.
const EXPIRES_SOON: Duration = Duration::from_hours(30 * 24);

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let rows = vendors(&visit.operator, None)?.vendors;
        let status = status(&visit.operator).await;
        Ok(parts::live(visit, &content(&status, &rows)))
    })
}

fn content(status: &Status, rows: &[Row]) -> Markup {
    html! {
        (needs_attention(status, rows))
        h2 { "Vendors" }
        (table(rows))
        h2 { "Gateway" }
        (figures(status))
        (health(status))
    }
}

fn needs_attention(status: &Status, rows: &[Row]) -> Markup {
    let count = status.attention.len();
    let per_second = rows.iter().filter_map(|row| Some(row.state.recent.as_ref()?.one.requests_per_second)).sum();
    html! {
        p.hidden role="status" {
            @match count {
                0 => { "Nothing needs attention." }
                1 => { "1 thing needs attention." }
                _ => { (count) " things need attention." }
            }
        }
        @if count == 0 {
            ul.attention {
                li.good {
                    (parts::badge(Tone::Good, "well")) " "
                    strong { "Nothing needs attention." }
                    " " (rows.len()) @if rows.len() == 1 { " vendor" } @else { " vendors" }
                    ", " (rate(per_second)) " requests per second, " (status.in_flight) " in flight."
                }
            }
        } @else { (attention(&status.attention, "")) }
    }
}

fn figures(status: &Status) -> Markup {
    html! {
        dl.figures {
            (parts::figure("configuration", html! { a href="config" { (status.generation) } }))
            (parts::figure("in force since", parts::time_of(status.reloads.in_force_since)))
            (parts::figure("last reload", last_reload(status)))
            (parts::figure("requests in flight", format!("{} of {}", status.in_flight, status.max_in_flight)))
            (parts::figure("named assistants", html! { a href="assistants" { (status.assistants) } }))
            (parts::figure("up for", parts::duration(Duration::from_secs(status.uptime_seconds))))
            (parts::figure("version", status.version))
        }
    }
}

fn last_reload(status: &Status) -> Markup {
    html! {
        @match &status.reloads.last {
            None => { "none yet" }
            Some(last) => {
                @if last.applied { (parts::badge(Tone::Good, "applied")) } @else { (parts::badge(Tone::Bad, "refused")) }
                " " (parts::time_of(last.at))
            }
        }
    }
}

/// Log, audit log, traces, store, limits and certificates.
fn health(status: &Status) -> Markup {
    let lines = &status.lines;
    html! {
        dl.pairs.card {
            @for (name, health, off) in [("log", &lines.log, "goes elsewhere"), ("audit log", &lines.audit, "off")] {
                dt { (name) }
                dd {
                    @match health {
                        None => { (parts::badge(Tone::Plain, off)) }
                        Some(health) => {
                            @match &health.failing {
                                Some(why) => { (parts::badge(Tone::Bad, "cannot be written")) " " (why) }
                                None => { (parts::badge(Tone::Good, "written")) }
                            }
                            @if health.lost > 0 { " " (health.lost) " lines are lost" }
                        }
                    }
                }
            }
            dt { "traces" }
            dd {
                @match &lines.traces {
                    None => { (parts::badge(Tone::Plain, "off")) }
                    Some(spans) => {
                        @if spans.dropped == 0 { (parts::badge(Tone::Good, "exported")) }
                        @else { (parts::badge(Tone::Warning, "spans are lost")) }
                        " " (spans.exported) " spans, " (spans.dropped) " lost"
                    }
                }
            }
            dt { "store" } dd { (store(status)) }
            @if let Some(shared) = status.limits_shared {
                dt { "limits" }
                dd {
                    @if shared { (parts::badge(Tone::Good, "shared by all replicas")) }
                    @else { (parts::badge(Tone::Warning, "not shared at present")) }
                }
            }
            dt { "failed authentication" }
            dd { (status.authentication.failed) " since the start, " (status.authentication.limited) " over the limit" }
            dt { "certificates" }
            dd {
                @if status.certificates.is_empty() { (parts::badge(Tone::Plain, "none of its own")) }
                @else { ul.plain { @for one in &status.certificates { li { (certificate(one, SystemTime::now())) } } } }
            }
        }
    }
}

fn store(status: &Status) -> Markup {
    html! {
        @match &status.store {
            None => { (parts::badge(Tone::Plain, "none")) " nothing is recorded; " code { "[store]" } " in the configuration adds one" }
            Some(store) => {
                @match store["failing"].as_str() {
                    Some(why) => { (parts::badge(Tone::Bad, "failing")) " " (why) }
                    None => { (parts::badge(Tone::Good, store["kind"].as_str().unwrap_or("on"))) }
                }
                " " a href="queue" { (changes_wait(store["changes_waiting"].as_u64().unwrap_or_default())) }
                @if store["session"]["fresh"] == false { " " (parts::badge(Tone::Bad, "session not fresh")) }
                @if let Some(replicas) = store["session"]["replicas"].as_u64() { ", " a href="replicas" { (replicas) " replicas" } }
            }
        }
    }
}

fn certificate(certificate: &Certificate, now: SystemTime) -> Markup {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(certificate.not_after).unwrap_or_default());
    let (tone, word) = match end.duration_since(now) {
        Err(_) => (Tone::Bad, "expired"),
        Ok(left) if left < EXPIRES_SOON => (Tone::Warning, "expires soon"),
        Ok(_) => (Tone::Good, "valid"),
    };
    html! { code { (certificate.key) } " " (parts::badge(tone, word)) " until " (parts::time(end)) }
}

fn changes_wait(count: u64) -> String {
    if count == 1 { "1 change waits".to_owned() } else { format!("{count} changes wait") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admin::documents::attention::Attention;
    use crate::admin::documents::status::{Authentication, Reloads};
    use crate::console::pages::accounts::table::tests::row;
    use crate::telemetry::{SpanCounts, TelemetryHealth, WriterHealth};

    fn example() -> Status {
        let in_force_since = 60;
        Status {
            version: "1.2.3",
            uptime_seconds: 90_061,
            config: None,
            generation: 4,
            in_flight: 3,
            max_in_flight: 512,
            authentication: Authentication { failed: 2, limited: 1 },
            assistants: 10,
            reloads: Reloads { applied: 3, refused: 0, in_force_since, last: None, history: Vec::new() },
            lines: TelemetryHealth { log: Some(WriterHealth::default()), audit: None, traces: None },
            store: None,
            limits_shared: None,
            certificates: Vec::new(),
            vendors: Default::default(),
            attention: Vec::new(),
        }
    }

    #[test]
    fn all_well_is_one_line_and_then_come_vendors_and_the_gateway() {
        let html = content(&example(), &[row("sondos")]).into_string();
        let places = [
            "Nothing needs attention.",
            "1 vendor, 1.50 requests per second, 3 in flight.",
            "vendor?name=sondos",
            "3 of 512",
            "1 d 1 h",
            "goes elsewhere",
            "nothing is recorded",
        ];
        for part in &places[..5] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(html.contains("written") && html.contains(places[6]) && !html.contains("badge bad"), "{html}");
        let [first, second] = ["<li class=\"good\"", "<h2>Vendors"].map(|part| html.find(part).unwrap());
        assert!(first < second, "{html}");
    }

    #[test]
    fn what_needs_attention_stands_first_and_what_fails_is_marked() {
        let why = || Some("<no space>".to_owned());
        let status = Status {
            attention: vec![Attention::example(), Attention::example()],
            lines: TelemetryHealth {
                log: None,
                audit: Some(WriterHealth { lost: 2, failing: why() }),
                traces: Some(SpanCounts { exported: 5, dropped: 1 }),
            },
            store: Some(
                json!({ "kind": "postgres", "failing": "gone", "changes_waiting": 7, "session": { "fresh": false, "replicas": 3 } }),
            ),
            limits_shared: Some(false),
            certificates: vec![Certificate { key: "server.tls".to_owned(), not_after: 5 }],
            ..example()
        };
        let html = content(&status, &[]).into_string();
        for part in [
            "2 things need attention.",
            "refuses our token",
            "&lt;no space&gt;",
            "2 lines are lost",
            "spans are lost",
            "gone",
            "7 changes wait",
            "3 replicas",
            "not shared at present",
            "expired",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("Nothing needs attention."), "{html}");
    }
}
