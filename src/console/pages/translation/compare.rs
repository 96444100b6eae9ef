//! Compare: what an assistant, or one update, loses by moving to another vendor.

use maud::{Markup, html};

use crate::admin::documents::translation::{Choices, Comparison, Lost, choices, compare};
use crate::console::parts::{self, Tone};
use crate::console::routes::{Done, Made};
use crate::console::visit::{Form, Visit};

/// The severities with their headings, the worst first.
const SEVERITIES: [(&str, &str, Tone); 4] = [
    ("refused_value", "Refused values", Tone::Bad),
    ("lost_field", "Lost fields", Tone::Bad),
    ("narrower_range", "Narrower ranges", Tone::Warning),
    ("approximated", "Held less exactly", Tone::Warning),
];

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let choices = choices(&visit.operator);
        let (from, to) = (visit.parameter("from"), visit.parameter("to"));
        let result = match (&from, &to) {
            (Some(from), Some(to)) => Some(compare(&visit.operator, from, to, None)?),
            _ => None,
        };
        let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
        Ok(page(&choices, (&from, &to, ""), result.as_ref()))
    })
}

/// Compares for one update.
pub(in crate::console) fn post(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let choices = choices(&visit.operator);
        let (from, to) = (form.needed("from")?, form.needed("to")?);
        let update = form.value("update").replace("\r\n", "\n");
        let wanted = Some(&*update).filter(|update| !update.trim().is_empty());
        // What was typed stays in the form, whatever is wrong with it.
        Ok(Done::Part(match compare(&visit.operator, from, to, wanted) {
            Ok(result) => page(&choices, (from, to, &update), Some(&result)),
            Err(problem) => html! { (parts::problem(&problem)) (page(&choices, (from, to, &update), None)) },
        }))
    })
}

fn page(choices: &Choices, (from, to, update): (&str, &str, &str), result: Option<&Comparison>) -> Markup {
    html! {
        form.filters action="compare" {
            (sides(choices, from, to))
            button type="submit" { "Compare all fields" }
        }
        details open[!update.is_empty()] {
            summary { "Compare for one update" }
            form method="post" action="compare" {
                div.choices { (sides(choices, from, to)) }
                label for="update" { "Canonical update" }
                textarea.code #update name="update" rows="10" spellcheck="false" autocomplete="off" { "\n" (update) }
                div.row-of-buttons { button type="submit" { "Compare for this update" } }
            }
        }
        @match result {
            Some(result) => (comparison(result)),
            None => (parts::empty(
                "Choose two vendors.",
                "The list shows what an assistant would lose by moving from the first to the second.",
            )),
        }
    }
}

fn sides(choices: &Choices, from: &str, to: &str) -> Markup {
    html! { (side(choices, "from", "From", from)) (side(choices, "to", "To", to)) }
}

fn side(choices: &Choices, name: &str, label: &str, chosen: &str) -> Markup {
    let second = choices.at.get(1).map_or("", |choice| &choice.name);
    let chosen = if chosen.is_empty() && name == "to" { second } else { chosen };
    html! {
        label { span { (label) }
            select name=(name) {
                @for choice in &choices.at { option value=(choice.name) selected[choice.name == chosen] { (choice.name) } }
            }
        }
    }
}

fn comparison(result: &Comparison) -> Markup {
    let subject = if result.of_update { "this update" } else { "an assistant" };
    html! {
        h2 { "Moving " (subject) " from " (result.from.name) " to " (result.to.name) }
        p.counts {
            @for (severity, heading, tone) in SEVERITIES {
                @let count = result.losses.iter().filter(|loss| loss.severity == severity).count();
                (parts::badge(if count == 0 { Tone::Plain } else { tone }, format!("{heading}: {count}"))) " · "
            }
            (parts::badge(Tone::Plain, format!("To look up again: {}", result.look_up_again.len())))
        }
        @if result.losses.is_empty() { p { (parts::badge(Tone::Good, "nothing is lost")) } }
        @for (severity, heading, tone) in SEVERITIES {
            @let of_severity: Vec<_> = result.losses.iter().filter(|loss| loss.severity == severity).collect();
            @if !of_severity.is_empty() { (losses(heading, tone, &of_severity)) }
        }
        @if !result.look_up_again.is_empty() {
            h3 { "To look up again" }
            p.hint { "Ids and names are each account's own." }
            ul.plain-list {
                @for one in &result.look_up_again {
                    li { code { (one.field) } @if let Some(catalog) = one.catalog { " in the catalog " code { (catalog) } } }
                }
            }
        }
        @if !result.gains.is_empty() {
            h3 { "Gained" }
            p { (parts::codes(&result.gains)) }
        }
        h3 { "Checklist" }
        (copied("as Markdown", "checklist", &result.checklist))
        @if let Some(copy) = &result.copy {
            h3 { "Copy" }
            p.hint { "A dry run of the copy says the same of one assistant. Put its id into the address." }
            (copied("as a command", "copy-command", copy))
        }
    }
}

fn losses(heading: &str, tone: Tone, losses: &[&Lost]) -> Markup {
    let table = html! {
        table.of-two {
            caption { (parts::badge(tone, format!("{heading}: {}", losses.len()))) }
            thead { tr { th scope="col" { "Field" } th scope="col" { "What is lost" } } }
            tbody {
                @for loss in losses {
                    tr {
                        th scope="row" {
                            code { (loss.pointer.as_deref().unwrap_or(&loss.field)) }
                            @if let (Some(line), Some(column)) = (loss.line, loss.column) {
                                " " a href="#update" data-caret={ (line) ":" (column) } { "line " (line) }
                            }
                        }
                        td { (parts::code_spans(&loss.detail)) }
                    }
                }
            }
        }
    };
    parts::framed(heading, &table)
}

fn copied(title: &str, id: &str, text: &str) -> Markup {
    html! {
        button.script-only type="button" data-copy={ "#" (id) } { "Copy" }
        pre.json id=(id) tabindex="0" aria-label={ "Text " (title) } { (text) }
    }
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::translation::{LookUp, Side};
    use crate::console::pages::translation::compare::*;

    #[test]
    fn losses_stand_by_severity_and_nothing_of_them_is_markup() {
        let lost = |severity, detail: &str| Lost {
            severity,
            field: "name".to_owned(),
            pointer: Some("#/<b>".to_owned()),
            line: Some(2),
            column: Some(1),
            detail: detail.to_owned(),
        };
        let side = |name: &str| Side { name: name.to_owned(), dialect: "a", title: "A" };
        let result = Comparison {
            from: side("<i>"),
            to: side("b"),
            of_update: true,
            losses: vec![lost("lost_field", "gone"), lost("approximated", "<script>")],
            gains: vec!["#/x".to_owned()],
            look_up_again: vec![LookUp { field: "voice_id", catalog: Some("voices") }],
            checklist: "# <script>".to_owned(),
            copy: None,
        };
        let shown = comparison(&result).into_string();
        for part in [
            "Moving this update from &lt;i&gt; to b",
            "Refused values: 0",
            "Lost fields: 1",
            "Held less exactly: 1",
            "<code>#/&lt;b&gt;</code>",
            "&lt;script&gt;",
            "<code>voice_id</code> in the catalog <code>voices</code>",
            r##"<a href="#update" data-caret="2:1">line 2</a>"##,
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("<script>"));
        assert!(shown.find("gone") < shown.find("&lt;script&gt;"));
    }
}
