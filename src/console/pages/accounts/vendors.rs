//! All vendor accounts.

use maud::{Markup, html};

use crate::admin::documents::accounts::{Row, vendors};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

use super::table::table;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let document = vendors(&visit.operator, Some(&visit.query_with(&[])))?;
        Ok(parts::live(visit, &html! { (table(&document.vendors)) (more(&document.vendors)) }))
    })
}

/// What is known of each besides its requests.
fn more(rows: &[Row]) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { "Connections, retries and catalogs" }
            (parts::table(
                "Connections, retries and catalogs",
                "Counted since each account first appeared",
                &["Vendor", "Dialect", "#Connections", "#Attempts", "#Retries", "#Retries left", "Failures by kind", "Catalogs", "Drift"],
                &html! { @for row in rows { (line(row)) } },
            ))
        }
    }
}

fn line(Row { name, state, .. }: &Row) -> Markup {
    let differences = state.drift.differences.len();
    html! {
        tr {
            th scope="row" { a href=(link("vendor", "name", name)) data-id=(name) { (name) } }
            td {
                (state.dialect)
                @if state.insecure_skip_verify { " " (parts::badge(Tone::Warning, "any certificate")) }
            }
            td.number { (state.connections) }
            td.number { (state.attempts) }
            td.number { (state.retries) }
            td.number { (format!("{:.0}", state.retry_budget.max(0.0).floor())) }
            td {
                @if state.failures.is_empty() { "none" }
                (parts::list(state.failures.iter().map(|(kind, count)| html! { (kind) " " (count) })))
            }
            td {
                @if state.catalogs.is_empty() { "none read yet" }
                (parts::list(state.catalogs.iter().map(|(kind, copy)| html! { (kind) " " (copy.entries) })))
            }
            td {
                @if differences == 0 { "none" }
                @else { a href=(link("drift", "vendor", name)) { (parts::badge(Tone::Warning, differences)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::console::pages::accounts::table::tests::row;

    use super::*;

    #[test]
    fn failures_and_catalogs_are_listed() {
        let html = more(&[row("v")]).into_string();
        assert!(html.contains("timeout 3") && html.contains("voices 4") && html.contains("<td>none</td>"), "{html}");
        assert!(more(&[]).into_string().is_empty());
    }
}
