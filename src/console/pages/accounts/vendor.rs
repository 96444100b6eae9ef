//! One vendor account: how it does, what its breaker and limits do, and its catalogs.

use std::time::Duration;

use maud::{Markup, html};
use serde_json::Value;

use crate::admin::documents::accounts::{CatalogState, Detail, Found, detail, refresh};
use crate::console::parts::{self, Tone};
use crate::console::routes::{Done, Made};
use crate::console::visit::{Form, Visit, link};

use super::table::{attention, breaker, errors_of, floats, gaps, most, percentiles, rate};

/// Where a form asks for a catalog.
pub(in crate::console) const REFRESH: &str = "catalog-refresh";

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let document = detail(&visit.operator, Some(&visit.query_with(&[])))?;
        Ok(html! {
            (parts::live(visit, &state(&document)))
            (catalogs(visit, &document))
            (settings(&document))
        })
    })
}

/// Has the vendor asked for a catalog now, and shows it.
pub(in crate::console) fn refresh_catalog(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let (vendor, kind) = (form.needed("vendor")?, form.needed("kind")?);
        let refreshed = refresh(&visit.operator, vendor, kind).await?;
        Ok(Done::To(format!("{}&kind={}", link("vendor", "name", &refreshed.vendor), refreshed.kind)))
    })
}

fn state(document: &Detail) -> Markup {
    let Detail { name, state, lines, .. } = document;
    html! {
        h2 { span data-id=(name) { (name) } " " (breaker(state)) }
        p {
            (document.title) ", " a href=(document.documentation) { "documentation" }
            @if document.experimental { " " (parts::badge(Tone::Warning, "experimental: no live account has confirmed it")) }
            @if state.insecure_skip_verify { " " (parts::badge(Tone::Bad, "any certificate is accepted")) }
            " · " a href=(link("requests", "vendor", name)) { "its requests" }
            " · " a href=(link("assistants", "vendor", name)) { "its assistants" }
            " · " a href=(link("queue", "vendor", name)) { "its queue" }
        }
        @if document.attention.is_empty() {
            ul.attention { li.good { (parts::badge(Tone::Good, "well")) " Nothing needs attention at this vendor." } }
        } @else { (attention(&document.attention, "vendor")) }
        dl.figures {
            @if let Some(recent) = &state.recent {
                (parts::figure("per second, 1 · 5 min", format!("{} · {}", rate(recent.one.requests_per_second), rate(recent.five.requests_per_second))))
                (parts::figure("errors, 1 · 5 min", format!("{} · {}", errors_of(&recent.one), errors_of(&recent.five))))
                (parts::figure("p50 · p99 in all, 5 min", percentiles(recent.five.total_ms)))
                (parts::figure("p50 · p99 at the vendor, 5 min", percentiles(recent.five.vendor_ms)))
                @if let Some(reason) = recent.five.commonest_reason { (parts::figure("commonest reason, 5 min", reason)) }
            }
            (parts::figure("in flight", format!("{} of {}", state.in_flight, state.max_in_flight)))
            (parts::figure("waiting", format!("{} of {}", state.waiting, state.max_waiting)))
            @if let Some(limit) = rate_limit(&document.settings) { (parts::figure("rate limit", limit)) }
            (parts::figure("retries left now", format!("{:.1}", state.retry_budget)))
            (parts::figure("connections", state.connections))
        }
        @if let Some(lines) = lines {
            dl.figures {
                @for (name, values, unit) in [
                    ("requests", floats(&lines.requests), "in 10 s"),
                    ("failed requests", floats(&lines.errors), "in 10 s"),
                    ("median", gaps(&lines.p50_ms), "ms"),
                    ("99th percentile", gaps(&lines.p99_ms), "ms"),
                ] {
                    @let label = most(name, &values, unit);
                    (parts::figure(&label, parts::sparkline(&values, &label)))
                }
            }
        }
        div.columns { (breaker_changes(document)) (counts(document)) }
    }
}

fn breaker_changes(document: &Detail) -> Markup {
    let next =
        document.state.next_probe_seconds.map(|seconds| parts::duration(Duration::from_secs_f64(seconds.ceil())));
    html! {
        section {
            h3 { "Breaker" }
            @if let Some(next) = next { p { (next) } }
            @if document.breaker_changes.is_empty() {
                p.hint { "It has been closed since this account's settings were last applied." }
            } @else {
                (parts::table("Changes of the breaker", "Its last changes, the newest first", &["When", "Became"], &html! {
                    @for change in &document.breaker_changes {
                        tr {
                            td.nowrap { (parts::time_of(change.at)) }
                            td { (match change.state {
                                "open" => parts::badge(Tone::Bad, "open"),
                                "closed" => parts::badge(Tone::Good, "closed"),
                                _ => parts::badge(Tone::Warning, "half open"),
                            }) }
                        }
                    }
                }))
            }
        }
    }
}

fn counts(document: &Detail) -> Markup {
    let state = &document.state;
    let differences = state.drift.differences.len();
    html! {
        section {
            h3 { "Since the account first appeared" }
            dl.pairs {
                dt { "attempts" } dd { (state.attempts) }
                dt { "retries" } dd { (state.retries) ", " (state.retries_withheld) " more were withheld by the budget" }
                dt { "stale connections" } dd { (state.reconnects) }
                dt { "finished without their caller" } dd { (state.handed_over) }
                dt { "failures" }
                dd {
                    @if state.failures.is_empty() { "none" }
                    (parts::list(state.failures.iter().map(|(kind, count)| html! { (kind) " " (count) })))
                }
                dt { "drift" }
                dd {
                    @if differences == 0 { "none" }
                    @else { a href=(link("drift", "vendor", &document.name)) { (differences) " differences" } }
                }
            }
        }
    }
}

/// The catalogs, each with a button that asks the vendor for it, and a search. Forms stand outside what is live.
fn catalogs(visit: &Visit, document: &Detail) -> Markup {
    let kinds: Vec<_> = document.known_catalogs.iter().map(|catalog| catalog.kind).collect();
    html! {
        h2 { "Catalogs" }
        @if document.known_catalogs.is_empty() {
            (parts::empty("This vendor documents no catalogs.", "Names that an update uses have to be ids here."))
        } @else {
            (parts::table(
                "Catalogs",
                html! { "A copy is read again when it is used and older than " (parts::duration(Duration::from_secs(document.catalog_ttl_seconds))) },
                &["Catalog", "#Entries", "#Configured", "Age", "#Failed reads", "Read"],
                &html! { @for catalog in &document.known_catalogs { (catalog_row(visit, document, catalog)) } },
            ))
            form.filters action="vendor" {
                input type="hidden" name="name" value=(document.name);
                (parts::choice_filter(visit, "kind", "Catalog", &kinds))
                (parts::text_filter(visit, "q", "Name or id"))
                button type="submit" { "Search" }
                @if !document.found.is_empty() { a href=(link("vendor", "name", &document.name)) { "clear" } }
            }
            @for found in &document.found { (entries(found)) }
        }
    }
}

fn catalog_row(visit: &Visit, document: &Detail, catalog: &CatalogState) -> Markup {
    let kind = catalog.kind;
    let age = catalog.age_seconds.map(|seconds| parts::duration(Duration::from_secs(seconds)));
    let fields = html! {
        input type="hidden" name="vendor" value=(document.name);
        input type="hidden" name="kind" value=(kind);
    };
    html! {
        tr {
            th scope="row" { a href=(visit.address_with(&[("kind", Some(kind)), ("q", None)])) { (kind) } }
            td.number { @match catalog.entries { Some(entries) => { (entries) } None => { "not read yet" } } }
            td.number { (catalog.configured) }
            td { (age.as_deref().unwrap_or("–")) }
            td.number { (catalog.failures) }
            td { (parts::write_button(visit, REFRESH, &format!("Read {kind} now"), &fields)) }
        }
    }
}

fn entries(found: &Found) -> Markup {
    html! {
        @if found.entries.is_empty() {
            (parts::empty(&format!("No entry of {} matches.", found.kind), "Only copies are searched: a catalog is read when an update needs it, or with its button above."))
        } @else {
            (parts::table(
                &format!("Entries of {}", found.kind),
                html! { (found.kind) ": " @if found.count > found.entries.len() { "the first " (found.entries.len()) " of " (found.count) } @else { (found.count) } },
                &["Id", "Name", "From"],
                &html! {
                    @for entry in &found.entries {
                        tr {
                            td { code data-id=(entry.id) { (entry.id) } }
                            td { (entry.name) }
                            td { @if entry.configured { "configuration" } @else { "vendor" } }
                        }
                    }
                },
            ))
        }
    }
}

fn settings(document: &Detail) -> Markup {
    html! {
        h2 { "Settings" }
        dl.pairs {
            dt { "address" } dd { code { (text_of(&document.settings, "base_url")) } }
            dt { "TLS" } dd { (tls(&document.settings)) }
            dt { "undocumented fields" }
            dd { (document.handling) @if document.handling == "strict" { ": refused" } @else { ": dropped and reported" } }
            dt { "decided by field" }
            dd {
                @if document.field_policies.is_empty() { "none" }
                (parts::list(document.field_policies.iter().map(|(field, policy)| html! { code { (field) } " " (policy) })))
            }
        }
        details {
            summary { "All settings in force, secrets redacted" }
            (parts::json("Settings", &format!("{:#}", document.settings)))
        }
    }
}

/// What protects the connection.
fn tls(settings: &Value) -> Markup {
    let base_url = text_of(settings, "base_url");
    html! {
        @if base_url.starts_with("https:") { (parts::badge(Tone::Good, "on")) }
        @else { (parts::badge(Tone::Warning, "off: plain HTTP")) }
        @if let Some(tls) = settings.get("tls").and_then(Value::as_object) {
            @for (key, value) in tls.iter().filter(|(_, value)| !value.is_null()) { " " code { (key) " = " (value) } }
        }
    }
}

fn rate_limit(settings: &Value) -> Option<String> {
    let limit = settings.get("rate_limit").filter(|limit| !limit.is_null())?;
    Some(match limit.as_object() {
        Some(limit) => {
            limit.iter().map(|(key, value)| format!("{} {value}", key.replace('_', " "))).collect::<Vec<_>>().join(", ")
        }
        None => limit.to_string(),
    })
}

fn text_of<'v>(settings: &'v Value, key: &str) -> &'v str {
    settings.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
