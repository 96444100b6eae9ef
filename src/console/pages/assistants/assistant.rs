//! Assistant: its canonical state as the vendor tells it, where it leads, and its changes.
//!
//! The vendor is called, so the page does not load itself again. It changes nothing: that is the API's.

use std::borrow::Cow;

use maud::{Markup, html};

use crate::admin::documents::assistants::{self, Assistant, Change, ReadState, shown};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let form = html! {
            form.filters action="assistant" {
                (parts::text_filter(visit, "name", "Assistant: name, vendor:id or id"))
                button type="submit" { @if visit.parameter("name").is_some() { "Load" } @else { "Open" } }
            }
        };
        if visit.parameter("name").is_none() {
            let how = html! { "Write a name, " code { "vendor:id" } " or an id, or choose one of " a href="assistants" { "the assistants" } "." };
            return Ok(html! { (form) (parts::empty("No assistant chosen", how)) });
        }
        let document = assistants::assistant(&visit.operator, Some(&visit.query_with(&[]))).await;
        Ok(html! {
            (form)
            @match &document {
                Err(problem) => {
                    (parts::problem(problem))
                    @if let Some(name) = visit.parameter("name") { p { a href=(link("routing", "assistant", &name)) { "How it is routed" } } }
                }
                Ok(assistant) => { (content(assistant)) }
            }
        })
    })
}

fn content(assistant: &Assistant) -> Markup {
    html! {
        (head(assistant))
        @if let Some(problem) = &assistant.problem { h2 { "State" } (parts::problem(&problem.problem)) }
        @if let Some(state) = &assistant.state { (self::state(&state.read)) }
        h2 { "Changes" }
        @if let Some(problem) = &assistant.changes_problem { (parts::problem(&problem.problem)) }
        @else { (changes(assistant.changes.as_deref(), &assistant.explicit)) }
        h2 { "Change it" }
        p { "Changes go through the API. This shows what one would send to the vendor, and sends nothing:" }
        (parts::json("A dry run", &assistant.dry_run))
    }
}

fn head(assistant: &Assistant) -> Markup {
    let (target, name) = (&assistant.target, &*assistant.assistant);
    let read = assistant.state.as_ref().map(|state| &state.read);
    html! {
        div.card {
            dl.pairs {
                dt { "Assistant" } dd { code data-id=(assistant.explicit) { (assistant.explicit) } }
                dt { "Names" } dd { @if assistant.names.is_empty() { "none in the configuration" } @else { (assistant.names.join(", ")) } }
                dt { "Vendor" } dd { a href=(link("vendor", "name", &target.vendor)) { (target.vendor) } " (" (target.dialect) ")" }
                dt { "Id" } dd { code { (target.id) } }
                dt { "By" } dd { code { (target.rule) } }
                @if let Some(scope) = &target.order_scope { dt { "Order scope" } dd { code { (scope) } } }
                @if let Some(tag) = &assistant.etag { dt { "ETag" } dd { code { (tag) } } }
                @if let Some(read) = read {
                    @for (name, value) in [("Status", &read.status), ("Created", &read.created_at), ("Changed", &read.updated_at)] {
                        @if let Some(value) = value { dt { (name) } dd { (parts::time_in(&shown(value))) } }
                    }
                    dt { "Read" } dd { @match read.attempts { 0 => { "from the copy of the vendor's list, which is seconds old" } _ => { "from the vendor" } } }
                }
            }
            p {
                a href=(link("requests", "assistant", name)) { "Requests" } " · "
                a href=(link("history", "assistant", name)) { "History" } " · "
                a href=(link("routing", "assistant", name)) { "Routing" } " · "
                a href=(link("compare", "from", &target.vendor)) { "Compare vendors" }
                @if read.is_none() { " · " a href="playground" { "Playground" } }
            }
            @if let Some(read) = read {
                form.inline method="post" action="playground" {
                    input type="hidden" name="update" value=(read.update());
                    input type="hidden" name="at" value=(target.vendor);
                    button type="submit" { "Open its fields in the playground" }
                }
            }
        }
    }
}

fn state(read: &ReadState) -> Markup {
    html! {
        h2 { "State" }
        (parts::table(
            "State",
            "Canonical fields as the vendor tells them, secrets redacted",
            &["Field", "Value"],
            &html! { @for (field, value) in read.fields() { tr { th.nowrap scope="row" { code { (field) } } td { (json_value(value)) } } } },
        ))
        @if !read.unwritable.is_empty() {
            (parts::table(
                "Not writable",
                "What the vendor tells and an update would refuse",
                &["Field", "Value", "Why"],
                &html! {
                    @for told in &read.unwritable {
                        tr { th.nowrap scope="row" { code { (told.field) } } td { (json_value(told.value())) } td { (parts::code_spans(&told.detail)) } }
                    }
                },
            ))
        }
        @if !read.unreadable.is_empty() {
            p.hint {
                "The vendor never tells "
                (parts::codes(&read.unreadable))
                "."
            }
        }
        @if let Some(fields) = read.vendor_fields() {
            h3 { "Fields without a canonical counterpart" }
            (parts::json("The vendor's own fields", fields))
        }
    }
}

/// A JSON value; a text as people read it.
fn json_value(json: &str) -> Markup {
    let text = serde_json::from_str::<String>(json).map_or(Cow::Borrowed(json), Cow::Owned);
    html! { @if text.contains('\n') { pre { (text) } } @else { code { (text) } } }
}

fn changes(changes: Option<&[Change]>, explicit: &str) -> Markup {
    let Some(changes) = changes else {
        let how = parts::code_spans("With a `[store]` each change leaves a record, which would stand here.");
        return parts::empty("This gateway keeps no records", how);
    };
    if changes.is_empty() {
        return parts::empty(
            "No changes",
            "No change of this assistant is in the store; older ones may have been removed.",
        );
    }
    html! {
        (parts::table(
            "Changes",
            "The newest changes, as this gateway has recorded them",
            &["When", "State", "What", "Fields", "Client", "Named as"],
            &html! {
                @for change in changes {
                    @let read = &change.read;
                    tr {
                        th.nowrap scope="row" { a href=(link("update", "id", &read.update)) data-id=(read.update) { (parts::time_in(&read.created_at)) } }
                        td { (parts::change_state(&read.state)) }
                        td { (read.operation) }
                        td { (parts::codes(&read.fields)) }
                        td { @if let Some(client) = &read.client { (client) } @else { span.quiet-text { "without a key" } } }
                        td { (read.assistant) }
                    }
                }
            },
        ))
        p { a href=(link("history", "assistant", explicit)) { "All changes" } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::admin::documents::assistants::{State, Target};

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn assistant() -> Assistant {
        let state = r#"{"assistant":"a","fields":{"speech_speed":1.10,"name":"<script>x</script>","system_prompt":"Two\nlines"},
            "unreadable":["tools"],"unwritable":[{"field":"record","value":"<b>","detail":"must be `true`"}],
            "vendor_fields":{"k":"</pre>"},"status":"active","created_at":null,"updated_at":"2025-07-15T14:32:15Z","attempts":1}"#;
        let change = r#"{"update":"0199","state":"failed","operation":"update","assistant":"<i>","client":null,
            "fields":["name"],"created_at":"2026-01-31T08:00:00.000Z"}"#;
        Assistant {
            assistant: "a".to_owned(),
            explicit: "sondos:7".to_owned(),
            names: vec!["a".to_owned(), "b".to_owned()],
            target: Target {
                vendor: "sondos".to_owned(),
                dialect: "sondos",
                id: "7".to_owned(),
                rule: "assistants".to_owned(),
                order_scope: Some("sondos".to_owned()),
            },
            state: Some(State::of(raw(state)).unwrap()),
            etag: Some("\"t\"".to_owned()),
            problem: None,
            changes: Some(vec![Change::of(raw(change)).unwrap()]),
            changes_problem: None,
            dry_run: "curl -d '<x>'".to_owned(),
        }
    }

    #[test]
    fn a_state_keeps_its_numbers_and_no_text_becomes_markup() {
        let text = content(&assistant()).into_string();
        for markup in ["<script>", "<b>", "</pre>\"", "<i>", "<x>"] {
            assert!(!text.contains(markup), "{markup}\n{text}");
        }
        for part in [
            "<code>1.10</code>",
            "<code>&lt;script&gt;x&lt;/script&gt;</code>",
            "<pre>Two\nlines</pre>",
            "must be <code>true</code>",
            "The vendor never tells <code>tools</code>.",
            r#"<a href="update?id=0199" data-id="0199">"#,
            r#"<span class="badge bad"><span aria-hidden="true">✕</span> failed</span>"#,
            r#"href="requests?assistant=a""#,
            r#"href="history?assistant=sondos%3A7""#,
            r#"href="compare?from=sondos""#,
            "curl -d '&lt;x&gt;'",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let name = text.find("<code>name</code>").unwrap();
        assert!(name < text.find("<code>speech_speed</code>").unwrap(), "fields stand in their order");
    }

    #[test]
    fn without_a_store_nothing_is_invented() {
        let text = content(&Assistant { changes: None, ..assistant() }).into_string();
        assert!(text.contains("This gateway keeps no records") && !text.contains("All changes"), "{text}");
    }
}
