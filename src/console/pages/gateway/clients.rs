//! Clients: who may call, what they may, how much of their limit is used, and what failed.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::admin::documents::clients::{Client, Clients, RateLimit, clients};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move { Ok(parts::live(visit, &content(&clients(&visit.operator)))) })
}

fn content(document: &Clients) -> Markup {
    let failed = &document.authentication;
    html! {
        dl.figures {
            (parts::figure("clients", document.clients.len()))
            (parts::figure("failed authentications", failed.failed))
            (parts::figure("of these over the limit of their address", failed.limited))
        }
        @if document.open {
            p { (parts::badge(Tone::Warning, "open")) " " (parts::code_spans("`auth.mode` is `\"none\"`: any caller that reaches the API may call, and nothing is known of who did.")) }
        }
        @if document.clients.is_empty() {
            (parts::empty("No clients", parts::code_spans("`switchboard keygen NAME` prints a key and the `[clients.NAME]` table for the configuration; a reload takes it in.")))
        } @else {
            (table(&document.clients))
        }
        p.hint { "Counts are of this process, since it started. A key is shown by the first eight digits of its SHA-256." }
    }
}

fn table(clients: &[Client]) -> Markup {
    let columns = [
        "client",
        "last seen",
        "#requests",
        "failed, by reason",
        "limit, used now",
        "may use",
        "recognised by",
        "callbacks to",
    ];
    parts::table("Clients", "Clients by name", &columns, &html! { @for client in clients { (row(client)) } })
}

fn row(client: &Client) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(link("requests", "client", &client.name)) data-id=(client.name) { (client.name) } }
            td.nowrap { @match client.last_seen { Some(at) => (parts::time_of(at)), None => span.quiet-text { "never" } } }
            td.number { (client.requests) }
            td { (reasons(&client.failed)) }
            td { @match &client.rate_limit { Some(limit) => (limited(limit)), None => span.quiet-text { "none" } } }
            td {
                div { @for operation in &client.operations { code { (operation) } " " } }
                div { span.quiet-text { "vendors: " } (names(client.vendors.as_deref())) }
                div { span.quiet-text { "assistants: " } (names(client.assistants.as_deref())) }
                @if let Some(handling) = client.handling { div { span.quiet-text { "handling: " } (handling) } }
            }
            td {
                @for key in &client.keys { div { span.quiet-text { "key " } code { (key) "…" } } }
                @for name in &client.certificates { div { span.quiet-text { "certificate " } code { (name) } } }
            }
            td { @match &client.callback_host { Some(host) => code { (host) }, None => span.quiet-text { "none" } } }
        }
    }
}

fn reasons(failed: &BTreeMap<&'static str, u64>) -> Markup {
    let mut failed: Vec<_> = failed.iter().collect();
    failed.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    html! {
        @if failed.is_empty() { span.quiet-text { "none" } }
        @for (reason, count) in failed { div { (count) " " a href=(link("requests", "reason", reason)) { (reason) } } }
    }
}

fn limited(limit: &RateLimit) -> Markup {
    let tone = if limit.used >= limit.burst { Tone::Warning } else { Tone::Plain };
    html! {
        div { (parts::badge(tone, format!("{} of {}", limit.used, limit.burst))) }
        div.quiet-text { "one more every " (every(limit.interval_seconds)) @if limit.shared { ", shared by all gateways" } }
        @if limit.refused > 0 { div { (limit.refused) " refused" } }
    }
}

fn every(seconds: f64) -> String {
    if seconds < 1.0 { parts::millis(seconds * 1000.0) } else { format!("{seconds:.1} s") }
}

/// What may be used; all where there is no list.
fn names(list: Option<&[String]>) -> Markup {
    html! {
        @match list {
            None => "all",
            Some(list) => (parts::codes(list)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::clients::Authentication;
    use crate::console::pages::gateway::clients::*;

    fn client() -> Client {
        Client {
            name: "crm".to_owned(),
            vendors: Some(vec!["sondos".to_owned()]),
            assistants: None,
            operations: vec!["read", "update"],
            handling: None,
            rate_limit: Some(RateLimit { burst: 5, interval_seconds: 0.2, used: 5, refused: 7, shared: false }),
            keys: vec!["abababab".to_owned()],
            certificates: vec!["CN=<script>".to_owned()],
            callback_host: Some("crm.example".to_owned()),
            requests: 12,
            failed: BTreeMap::from([("forbidden", 1), ("rate_limited", 7)]),
            last_seen: Some(0),
        }
    }

    #[test]
    fn a_client_is_shown_with_its_limit_and_its_failures() {
        let document =
            Clients { open: false, authentication: Authentication { failed: 3, limited: 1 }, clients: vec![client()] };
        let page = content(&document).into_string();
        for shown in
            ["5 of 5", "200 ms", "7 refused", "abababab…", "CN=&lt;script&gt;", "crm.example", "requests?client=crm"]
        {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(page.find("rate%5Flimited").unwrap() < page.find("forbidden").unwrap(), "{page}");
        assert!(!page.contains("<script>"));
    }

    #[test]
    fn without_clients_it_says_how_to_add_one() {
        let authentication = Authentication { failed: 0, limited: 0 };
        let page = content(&Clients { open: true, authentication, clients: Vec::new() }).into_string();
        assert!(page.contains("switchboard keygen") && page.contains("any caller that reaches the API"), "{page}");
    }
}
