//! Find: leads to the page of what a searched text is, or says that there is none.

use maud::{Markup, html};

use crate::admin::documents::requests::{Find, find};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let Some(q) = visit.parameter("q") else { return Ok(nothing_asked()) };
        Ok(match find(&visit.operator, Some(&visit.query_with(&[("q", Some(&q))]))).await {
            Ok(Find { to: Some(address), .. }) => {
                let markup = html! { p { a href=(address) { "Go on" } } };
                visit.lead_to(address);
                markup
            }
            Ok(found) => nothing(&found),
            Err(problem) => parts::problem(&problem),
        })
    })
}

fn nothing_asked() -> Markup {
    parts::empty(
        "Nothing to look for.",
        html! { "Type the id of a request, a trace or an update, or a name, into the field at the top (key " kbd { "/" } ")." },
    )
}

fn nothing(found: &Find) -> Markup {
    html! {
        (parts::empty(&format!("Nothing has “{}”.", found.q), html! {
            "It is no name of an assistant, a client or a vendor, stands in none of the last requests, and is no id of a record \
             or in the audit log. Requests that changed nothing are in the log only."
        }))
        @if !found.similar.is_empty() {
            p { "Assistants with similar names:" }
            ul { @for name in &found.similar { li { a href=(link("assistant", "name", name)) { (name) } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::console::pages::traffic::find::*;

    #[test]
    fn what_is_found_nowhere_is_shown_as_text() {
        let hostile = "<script>alert(1)</script>";
        let found = Find { q: hostile.to_owned(), kind: None, to: None, similar: vec![hostile.to_owned()] };
        let html = nothing(&found).into_string();
        assert!(!html.contains("<script") && html.matches("&lt;script&gt;").count() == 2, "{html}");
    }
}
