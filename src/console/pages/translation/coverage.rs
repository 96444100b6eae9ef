//! Coverage: how each vendor supports each field, and one field in detail.

use maud::{Markup, html};
use serde_json::Value;

use crate::admin::documents::translation::{Coverage, CoverageField, choices, coverage};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::Visit;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[("field", None), ("format", None)]);
        let matrix = coverage(&visit.operator, Some(&query))?;
        let detail = match visit.parameter("field") {
            Some(field) => {
                let query =
                    visit.query_with(&[("field", Some(&field)), ("q", None), ("differs", None), ("format", None)]);
                Some(coverage(&visit.operator, Some(&query))?)
            }
            None => None,
        };
        Ok(html! {
            (filters(visit))
            @if let Some(detail) = &detail { @for field in &detail.fields { (details(visit, detail, field)) } }
            p {
                (matrix.fields.len()) " of " (matrix.of) " fields · "
                a href=(text_address(visit, "csv")) { "CSV" } " · " a href=(text_address(visit, "markdown")) { "Markdown" }
            }
            @if matrix.fields.is_empty() {
                (parts::empty("No field is left.", "Take a filter away: names at the vendors are looked at, too, and * stands for any letters."))
            } @else {
                (table(visit, &matrix))
            }
        })
    })
}

fn text_address(visit: &Visit, format: &str) -> String {
    format!("../admin/coverage?{}", visit.query_with(&[("field", None), ("format", Some(format))]))
}

fn filters(visit: &Visit) -> Markup {
    let choices = choices(&visit.operator);
    let chosen: Vec<String> = {
        let query = visit.query().unwrap_or_default();
        let all = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "vendors");
        all.flat_map(|(_, list)| list.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()).collect()
    };
    let differs = visit.parameter("differs").is_some();
    let fields = html! {
        (parts::text_filter(visit, "q", "Field, or a vendor's name for it"))
        label.check { input type="checkbox" name="differs" value="1" checked[differs]; " only where they differ" }
        fieldset.checks {
            legend { "Vendors (all accounts without a choice)" }
            @for choice in &choices.at {
                label.check {
                    input type="checkbox" name="vendors" value=(choice.name) checked[chosen.contains(&choice.name)];
                    " " (choice.name)
                }
            }
        }
    };
    parts::filters(visit, &fields)
}

fn table(visit: &Visit, matrix: &Coverage) -> Markup {
    let table = html! {
        table.matrix {
            caption { "How each vendor supports each field. ✓ is the same name and values, — not documented, ≈ held less exactly; else the vendor's name." }
            thead {
                tr {
                    th scope="col" { "Field" }
                    th scope="col" { "Type" }
                    @for vendor in &matrix.vendors { th scope="col" { (vendor.name) } }
                }
            }
            tbody {
                @for field in &matrix.fields {
                    tr {
                        th scope="row" {
                            a href=(visit.address_with(&[("field", Some(field.field))])) data-id=(field.field) { code { (field.field) } }
                        }
                        td { (field.r#type) }
                        @for vendor in &matrix.vendors {
                            td { (cell(field.cells.get(&vendor.name).map_or("", |cell| cell))) }
                        }
                    }
                }
            }
        }
    };
    html! { div.tall { (parts::framed("Coverage", &table)) } }
}

/// A cell; its signs are said in words to those who do not see them.
fn cell(text: &str) -> Markup {
    match text {
        "✓" => html! { span class="sign good" role="img" aria-label="the same" { "✓" } },
        "—" => html! { span class="sign quiet-text" role="img" aria-label="not documented" { "—" } },
        text => html! { (text) },
    }
}

fn details(visit: &Visit, matrix: &Coverage, field: &CoverageField) -> Markup {
    html! {
        section.card aria-label={ "The field " (field.field) } {
            h2 { code { (field.field) } }
            p { (field.description) " " span.quiet-text { (field.r#type) } }
            div.grid {
                @for vendor in &matrix.vendors {
                    @let of_vendor = field.vendors.get(&vendor.name).unwrap_or(&Value::Null);
                    div {
                        h3 { (vendor.name) }
                        (of_one(of_vendor))
                        p { a href=(vendor.documentation) rel="noreferrer" { (vendor.title) "'s page" } }
                    }
                }
            }
            p { a href=(visit.address_with(&[("field", None)])) { "Close" } }
        }
    }
}

/// What the coverage says of one field at one vendor.
fn of_one(told: &Value) -> Markup {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
    let support = text("support");
    let tone = match (support, text("fidelity")) {
        ("unsupported", _) => Tone::Bad,
        (_, "approximate") => Tone::Warning,
        _ => Tone::Good,
    };
    let list = |name: &str| -> Vec<String> {
        let all = told.get(name).and_then(Value::as_array).into_iter().flatten();
        all.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
    };
    let names = match list("wire_names") {
        several if !several.is_empty() => several,
        _ => Some(text("wire_name").to_owned()).filter(|name| !name.is_empty()).into_iter().collect(),
    };
    let pairs: Vec<_> = list("values").into_iter().zip(list("wire_values")).collect();
    html! {
        p { (parts::badge(tone, support)) " " span.quiet-text { (text("fidelity")) } }
        dl.pairs {
            @if !names.is_empty() { dt { "Name" } dd { code { (names.join(" + ")) } } }
            dt { "Type" } dd { (text("type")) @if told.get("nullable") == Some(&Value::Bool(true)) { ", null" } }
            @if let Some(range) = told.get("range") { dt { "Range" } dd { (range["min"]) " – " (range["max"]) } }
            @if let Some(max) = told.get("max_length") { dt { "Longest" } dd { (max) " characters" } }
            @if !pairs.is_empty() {
                dt { "Values" }
                dd { (parts::list(pairs.iter().map(|(from, to)| html! { code { (from) } @if from != to { " → " code { (to) } } }))) }
            }
            @if !text("catalog").is_empty() { dt { "Looked up in" } dd { code { (text("catalog")) } } }
            @if !text("approximation").is_empty() { dt { "Loses" } dd { (parts::code_spans(text("approximation"))) } }
            @if !text("detail").is_empty() { dt { "Note" } dd { (parts::code_spans(text("detail"))) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::console::pages::translation::coverage::*;

    #[test]
    fn a_field_shows_names_range_values_and_notes_and_nothing_of_them_is_markup() {
        let told = serde_json::json!({
            "support": "mapped", "fidelity": "approximate", "wire_names": ["a", "b<i>"], "type": "number", "nullable": true,
            "range": { "min": 0.7, "max": 1.2 }, "values": ["x"], "wire_values": ["y"], "catalog": "voices",
            "approximation": "Without `z`.", "detail": "<script>alert(1)</script>",
        });
        let shown = of_one(&told).into_string();
        for part in [
            "mapped",
            "approximate",
            "a + b&lt;i&gt;",
            "number, null",
            "0.7 – 1.2",
            "<code>x</code> → <code>y</code>",
            "<code>voices</code>",
            "Without <code>z</code>.",
            "&lt;script&gt;",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("<script>"));
    }
}
