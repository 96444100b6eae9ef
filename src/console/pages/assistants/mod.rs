//! Assistants: the list, one of them, and where a name leads.

pub(in crate::console) mod assistant;
pub(in crate::console) mod list;
pub(in crate::console) mod routing;

use maud::{Markup, html};

use crate::admin::documents::assistants::{Names, Origin};
use crate::console::parts;
use crate::console::visit::{Visit, link};

/// The parameters of the query that another form of the page keeps.
fn kept(visit: &Visit, names: &[&str]) -> Markup {
    html! {
        @for name in names {
            @if let Some(value) = visit.parameter(name) { input type="hidden" name=(name) value=(value); }
        }
    }
}

/// Where a name comes from.
fn origin(origin: &Origin) -> Markup {
    html! {
        @match origin {
            Origin::File { file, line, .. } => { code { (file) ":" (line) } }
            Origin::Variable { variable } => { "variable " code { (variable) } }
            Origin::Default => {}
        }
    }
}

/// A part of the configured names.
fn names(names: &Names) -> Markup {
    if names.total == 0 {
        let how = parts::code_spans(
            "An `[assistants.NAME]` table gives an assistant a name; without one, callers write `vendor:id` or an id that a routing rule covers.",
        );
        return parts::empty("The configuration names no assistants", how);
    }
    if names.matching == 0 {
        return parts::empty("No name matches", html! { "The filter looks in names and in " code { "vendor:id" } "." });
    }
    let rows = html! {
        @for name in &names.data {
            tr {
                th.nowrap scope="row" { a href=(link("assistant", "name", &name.assistant)) data-id=(name.assistant) { (name.assistant) } }
                td { a href=(link("vendor", "name", &name.vendor)) { (name.vendor) } }
                td.nowrap { code { (name.id) } }
                td.nowrap { @match name.handling { Some(handling) => { (handling) } None => { span.quiet-text { "not said" } } } }
                td { (origin(&name.origin)) }
            }
        }
    };
    let caption = html! { (names.data.len()) " of " (names.matching) " names" @if names.matching < names.total { ", of " (names.total) " in all" } };
    parts::table("Configured names", caption, &["Name", "Vendor", "Id", "Handling", "From"], &rows)
}
