//! Assistants: those of one account, as its vendor lists them, or the configured ones of all.
//!
//! The vendor is called, so the page does not load itself again.

use maud::{Markup, html};

use crate::admin::documents::assistants::{self, Account, Assistants, Entry, shown, types};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[]);
        let query = Some(&*query).filter(|query| !query.is_empty());
        let document = assistants::assistants(&visit.operator, query).await;
        let mut vendors: Vec<_> = visit.operator.gateway().routes.accounts.keys().map(|name| &**name).collect();
        vendors.sort_unstable();
        Ok(html! {
            (parts::filters(visit, &html! {
                (parts::choice_filter(visit, "vendor", "Vendor", &vendors))
                (parts::text_filter(visit, "name", "Name contains"))
                (parts::choice_filter(visit, "type", "Type", types()))
                (parts::text_filter(visit, "status", "Status"))
                (super::kept(visit, &["limit"]))
            }))
            @match &document {
                Err(problem) => { (parts::problem(problem)) }
                Ok(document) => {
                    (content(document))
                    (parts::pager_of(visit, ("First", "Next"), document.next_cursor.as_deref()))
                    @if document.vendor.is_some() { (again(visit)) }
                }
            }
        })
    })
}

/// A button that asks the vendor again.
fn again(visit: &Visit) -> Markup {
    html! {
        form.inline action="assistants" {
            (super::kept(visit, &["vendor", "name", "type", "status", "limit", "cursor"]))
            button type="submit" { "Load again" }
            span.hint { "The vendor was asked when this page was loaded, or a moment before; it is not asked again by itself." }
        }
    }
}

fn content(document: &Assistants) -> Markup {
    html! {
        @if let Some(problem) = &document.problem { (parts::problem(&problem.problem)) }
        @if let Some(missing) = document.not_listed.as_ref().filter(|missing| !missing.is_empty()) { (not_listed(missing)) }
        @if let Some(data) = &document.data { (listed(document, data)) }
        @if document.vendor.is_none() { (accounts(&document.accounts)) }
        @if let Some(names) = &document.configured {
            h2 { "Configured names" }
            @if document.problem.is_some() { p.hint { "The vendor gave no list; this is what the configuration names there." } }
            @if document.problem.is_some() && names.matching == 0 { p { "No names lead there." } } @else { (super::names(names)) }
        }
    }
}

fn not_listed(missing: &[String]) -> Markup {
    html! {
        ul.attention {
            li.warning {
                (parts::badge(Tone::Warning, "not listed")) " The configuration names these, and the vendor lists no such id: "
                (parts::list(missing.iter().map(|name| html! { a href=(link("assistant", "name", name)) { (name) } })))
            }
        }
    }
}

fn accounts(accounts: &[Account]) -> Markup {
    if accounts.is_empty() {
        return parts::empty("There are no vendors", parts::code_spans("A `[vendors.NAME]` table adds one."));
    }
    let rows = html! {
        @for account in accounts {
            tr {
                th scope="row" {
                    @match account.lists {
                        true => { a href=(link("assistants", "vendor", &account.vendor)) data-id=(account.vendor) { (account.vendor) } }
                        false => { a href=(link("vendor", "name", &account.vendor)) data-id=(account.vendor) { (account.vendor) } }
                    }
                }
                td { (account.dialect) }
                td {
                    @match account.lists {
                        true => { (parts::badge(Tone::Good, "can list")) }
                        false => { (parts::badge(Tone::Plain, "cannot list")) " its vendor documents no list" }
                    }
                }
                td.number { (account.configured) }
            }
        }
    };
    parts::table(
        "Vendor accounts",
        "Accounts: choose one to see what its vendor lists",
        &["Vendor", "Dialect", "List", "#Configured names"],
        &rows,
    )
}

fn listed(document: &Assistants, data: &[Entry]) -> Markup {
    let vendor = document.vendor.as_deref().unwrap_or_default();
    if data.is_empty() {
        return parts::empty(
            "No assistants",
            html! { "The vendor lists none here, or none that the filter lets through." },
        );
    }
    let rows = html! {
        @for entry in data {
            @let read = &entry.read;
            tr {
                th scope="row" {
                    a href=(link("assistant", "name", &read.assistant)) data-id=(read.assistant) { (read.assistant) }
                    @for other in others(document, vendor, entry) { ", " (other) }
                }
                td.nowrap { code { (read.id()) } }
                td { @if let Some(name) = read.name() { (name) } }
                td { @if let Some(type_) = read.r#type() { (type_) } }
                td { @if let Some(status) = &read.status { (shown(status)) } }
                td.nowrap { @if let Some(time) = &read.updated_at { (parts::time_in(&shown(time))) } }
            }
        }
    };
    let caption = html! { (data.len()) @if data.len() == 1 { " assistant as " } @else { " assistants as " } (vendor) " lists them" @if document.next_cursor.is_some() { ", and there are more" } };
    parts::table("Assistants", caption, &["Assistant", "Id", "Name at the vendor", "Type", "Status", "Changed"], &rows)
}

/// The further names of an assistant.
fn others<'d>(document: &'d Assistants, vendor: &str, entry: &'d Entry) -> impl Iterator<Item = &'d String> {
    let names = document.names.get(&format!("{vendor}:{}", entry.read.id()));
    names.into_iter().flatten().filter(|name| **name != entry.read.assistant)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::RawValue;

    use super::*;

    fn entry(json: &str) -> Entry {
        Entry::of(RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    fn document(data: Option<Vec<Entry>>) -> Assistants {
        Assistants {
            accounts: vec![Account { vendor: "new".to_owned(), dialect: "new", lists: false, configured: 3 }],
            vendor: data.is_some().then(|| "sondos".to_owned()),
            data,
            names: BTreeMap::from([("sondos:7".to_owned(), vec!["a".to_owned(), "b<i>".to_owned()])]),
            not_listed: Some(vec!["gone".to_owned()]),
            problem: None,
            configured: None,
            next_cursor: None,
        }
    }

    #[test]
    fn what_a_vendor_lists_is_escaped_and_has_all_its_names() {
        let listed = entry(
            r#"{"assistant":"a","vendor":"sondos","id":7,"fields":{"name":"<script>x</script>","type":"inbound"},
                "status":"active","updated_at":"2025-07-15T14:32:15.000000Z"}"#,
        );
        let text = content(&document(Some(vec![listed]))).into_string();
        assert!(!text.contains("<script>") && text.contains("&lt;script&gt;x"), "{text}");
        for part in [
            "1 assistant as sondos lists them",
            r#"<a href="assistant?name=a" data-id="a">a</a>, b&lt;i&gt;</th>"#,
            "<code>7</code>",
            "<td>inbound</td><td>active</td>",
            r#"datetime="2025-07-15T14:32:15.000Z""#,
            r#"<a href="assistant?name=gone">gone</a>"#,
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_vendor_that_cannot_list_says_so_before_it_is_asked() {
        let text = content(&document(None)).into_string();
        assert!(text.contains("cannot list</span> its vendor documents no list"), "{text}");
        assert!(text.contains(r#"href="vendor?name=new""#) && !text.contains("assistants?vendor=new"), "{text}");
    }
}
