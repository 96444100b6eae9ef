//! A vendor's body read backwards.

use maud::{Markup, html};

use crate::admin::documents::translation::{Backwards, Choices};
use crate::console::parts::{self, Tone};

use super::column::copied;

/// The form, with what it was filled with last and the answer to that.
pub(super) fn form(choices: &Choices, from: &str, body: &str, result: &Markup) -> Markup {
    html! {
        form method="post" action="playground" hx-post="playground" hx-target="#backwards" hx-swap="morph:innerHTML"
            hx-vals=r#"{"part":"1"}"# {
            label for="vendor-body" { "The vendor's body" }
            textarea.code #vendor-body name="vendor_body" rows="8" spellcheck="false" autocomplete="off" required { "\n" (body) }
            div.choices {
                label { span { "Whose" }
                    select name="from" {
                        @for choice in &choices.at { option value=(choice.name) selected[choice.name == from] { (choice.name) } }
                    }
                }
                button type="submit" { "Read backwards" }
            }
        }
        div #backwards { (result) }
    }
}

/// The update, and what could not be read.
pub(super) fn result(read: &Backwards) -> Markup {
    html! {
        h3 { "Canonical update" }
        p.counts {
            (parts::badge(Tone::Good, format!("{} fields read", read.fields.len())))
            " · " (count(read.unreadable.len(), "cannot be read", Tone::Bad))
            " · " (count(read.vendor_options.len(), "in vendor_options", Tone::Warning))
            " · " (count(read.ignored.len(), "left out", Tone::Plain))
        }
        (parts::json("Canonical update", &read.update))
        div.row-of-buttons {
            form.inline method="post" action="playground" {
                input type="hidden" name="update" value=(read.update);
                button type="submit" { "Translate this for all accounts" }
            }
        }
        (copied("As text", "backwards-update", &read.update))
        (again(read))
        @if !read.unreadable.is_empty() {
            h3 { "What cannot be read" }
            ul { @for told in &read.unreadable { li { code { (told.field) } ": " (told.detail) } } }
        }
        @if !read.vendor_options.is_empty() {
            h3 { "Without a canonical field" }
            p { "These are in " code { "vendor_options." (read.from) } ": " (parts::codes(&read.vendor_options)) }
        }
        @if !read.ignored.is_empty() {
            p.hint { "Left out, as they say which assistant it is or are set by the vendor alone: " (parts::codes(&read.ignored)) }
        }
        @if !read.absent.is_empty() {
            p.hint { "In a whole assistant, what the body lacks would also set: " (parts::codes(&read.absent)) }
        }
        @if read.fields.iter().any(|field| field.name.is_some()) {
            h3 { "Names of ids" }
            ul {
                @for field in &read.fields {
                    @if let Some(name) = &field.name { li { code { (field.field) } ": " (name) } }
                }
            }
        }
    }
}

fn again(read: &Backwards) -> Markup {
    html! {
        @match &read.again.problem {
            Some(problem) => p { (parts::badge(Tone::Bad, "not writable")) " The same vendor would refuse this update: " (problem) },
            None if read.again.is_same => p { (parts::badge(Tone::Good, "exact")) " Translated again, it is the same body." },
            None => {
                p { (parts::badge(Tone::Warning, "differs")) " Translated again, the body differs:" }
                ul { @for one in &read.again.differences { li { code { (one.pointer) } ": " (one.detail) } } }
            }
        }
    }
}

fn count(count: usize, what: &str, tone: Tone) -> Markup {
    parts::badge(if count == 0 { Tone::Plain } else { tone }, format!("{count} {what}"))
}
