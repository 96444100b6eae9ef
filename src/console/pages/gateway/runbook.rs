//! One entry of the runbook: what an alert means and what to do about it.

use maud::{Markup, html};

use crate::admin::documents::runbook::{Entry, runbook};
use crate::console::parts;
use crate::console::routes::Made;
use crate::console::visit::Visit;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move { Ok(content(&runbook(Some(&visit.query_with(&[])))?)) })
}

fn content(entry: &Entry) -> Markup {
    html! {
        h2 { (entry.title) }
        div.card {
            @for paragraph in paragraphs(entry.text) { p { (text(&paragraph)) } }
        }
        p.hint { "From " code { "docs/runbook.md" } " of this version." }
    }
}

/// The paragraphs, each `**Word**:` at a line's start in one of its own.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    for line in text.lines() {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() && !line.starts_with("**") && !last.is_empty() => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => paragraphs.push(line.trim().to_owned()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// Markdown's strong words, code and links to other entries.
fn text(markdown: &str) -> Markup {
    html! {
        @for (index, part) in markdown.split("**").enumerate() {
            @if index % 2 == 1 { strong { (part) } } @else { (links(part)) }
        }
    }
}

fn links(mut rest: &str) -> Markup {
    let mut parts: Vec<Markup> = Vec::new();
    while let Some((before, name, target, after)) = next_link(rest) {
        parts.push(parts::code_spans(before));
        parts.push(match target.strip_prefix('#') {
            Some(entry) => html! { a href={ "runbook?entry=" (entry) } { (parts::code_spans(name)) } },
            None => html! { (parts::code_spans(name)) " (" code { (target) } ")" },
        });
        rest = after;
    }
    parts.push(parts::code_spans(rest));
    html! { @for part in parts { (part) } }
}

/// The text before the first link, its name, its target, and the text after it.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (name_and_before, after) = text.split_once("](")?;
    let (before, name) = name_and_before.rsplit_once('[')?;
    let (target, after) = after.split_once(')')?;
    Some((before, name, target, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_shown_with_its_strong_words_code_and_links() {
        let text = "**Means**: too `many`\ncalls.\n**Do**: see [Full](#switchboardsaturated) and [how](a.md#x) <b>.";
        let entry = Entry { entry: "x".to_owned(), title: "SwitchboardX", text };
        let html = content(&entry).into_string();
        for part in [
            "<h2>SwitchboardX</h2>",
            "<p><strong>Means</strong>: too <code>many</code> calls.</p>",
            r#"<a href="runbook?entry=switchboardsaturated">Full</a>"#,
            "how (<code>a.md#x</code>) &lt;b&gt;.",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
