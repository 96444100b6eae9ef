//! The playground: a canonical update, and what each vendor would receive; a vendor's body, and the update that it is.
//!
//! The form is posted as it is edited. Its answer takes the place of `#result`; that to a text that is no update goes
//! below the text alone, so that the columns stay while someone types.

mod backwards;
mod column;
mod problems;

use maud::{Markup, html};

use crate::admin::documents::translation::{
    Asked, Choices, Preset, Translation, backwards as read_backwards, choices, place_of_error, translate,
};
use crate::console::parts;
use crate::console::routes::{Done, Made};
use crate::console::visit::{Form, Visit};
use crate::problem::{Code, Problem};

/// What the form says.
struct State {
    update: String,
    at: Vec<String>,
    handling: String,
    operation: String,
    catalogs: String,
    differs: bool,
}

impl State {
    /// What the page begins with.
    fn first(visit: &Visit, choices: &Choices) -> Self {
        let wanted = visit.parameter("preset");
        let preset = choices.presets.iter().find(|preset| wanted.as_deref() == Some(preset.name));
        let preset = preset.or(choices.presets.first());
        let accounts = choices.at.iter().filter(|choice| choice.account);
        let mut at: Vec<_> = accounts.map(|choice| choice.name.clone()).collect();
        if at.is_empty() {
            at = choices.at.iter().map(|choice| choice.name.clone()).collect();
        }
        at.truncate(MOST_AT_FIRST);
        Self {
            update: preset.map_or("{}", |preset| preset.update).to_owned(),
            at,
            handling: preset.and_then(|preset| preset.handling).unwrap_or_default().to_owned(),
            operation: String::new(),
            catalogs: String::new(),
            differs: false,
        }
    }

    fn of(form: &Form) -> Self {
        let value = |name: &str| form.value(name).to_owned();
        Self {
            // A browser sends CR and LF for each end of a line.
            update: form.value("update").replace("\r\n", "\n"),
            at: form.values("at").map(str::to_owned).collect(),
            handling: value("handling"),
            operation: value("operation"),
            catalogs: value("catalogs"),
            differs: form.value("differs") == "1",
        }
    }

    fn asked(&self) -> Asked {
        Asked::of_words(self.at.clone(), &self.handling, &self.catalogs, &self.operation)
    }
}

/// How many columns are shown until someone chooses.
const MOST_AT_FIRST: usize = 8;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let choices = choices(&visit.operator);
        let state = State::first(visit, &choices);
        let result = translate(&visit.operator, &state.asked(), &state.update).await?;
        Ok(page(&choices, &state, &result_of(&state, &result), &html! {}))
    })
}

/// Translates what the form holds.
pub(in crate::console) fn post(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let is_part = form.value("part") == "1";
        let choices = choices(&visit.operator);
        if !form.value("from").is_empty() {
            let body = form.value("vendor_body");
            let read = read_backwards(&visit.operator, form.value("from"), body).await?;
            let read = backwards::result(&read);
            if is_part {
                return Ok(Done::Part(read));
            }
            let state = State::first(visit, &choices);
            let result = translate(&visit.operator, &state.asked(), &state.update).await?;
            let back = backwards::form(&choices, form.value("from"), body, &read);
            return Ok(Done::Part(page(&choices, &state, &result_of(&state, &result), &back)));
        }
        let state = State::of(&form);
        let result = match translate(&visit.operator, &state.asked(), &state.update).await {
            Ok(result) => result_of(&state, &result),
            Err(problem) if problem.code == Code::InvalidJson => unreadable(&state, &problem),
            Err(problem) => return Err(problem),
        };
        Ok(Done::Part(if is_part { result } else { page(&choices, &state, &result, &html! {}) }))
    })
}

/// What is shown while the text is no update.
fn unreadable(state: &State, problem: &Problem) -> Markup {
    let place = place_of_error(&state.update);
    html! {
        div data-into="#problems" {
            div.problem role="alert" {
                p { (parts::badge(parts::Tone::Bad, "no JSON object")) " " (problem.detail) }
                @if let Some(((line, column), _)) = place { p { (problems::caret(line, column)) } }
            }
        }
    }
}

fn result_of(state: &State, result: &Translation) -> Markup {
    html! {
        section #problems aria-label="Problems" { (problems::list(&result.problems)) }
        section #columns aria-label="What each vendor would receive" {
            p.hidden role="status" { (result.columns.len()) " columns, " (result.problems.len()) " fields with problems" }
            @if result.left_off > 0 { p.hint { (result.left_off) " more accounts are left off; choose which to show." } }
            div.columns { @for column in &result.columns { (column::column(column, state.differs)) } }
        }
    }
}

fn page(choices: &Choices, state: &State, result: &Markup, back: &Markup) -> Markup {
    html! {
        p.hint {
            "What each vendor would receive for an update, by the translation that a dry run uses. Nothing is sent, and no assistant is read."
        }
        form.play method="post" action="playground" data-share="" hx-post="playground"
            hx-trigger="input changed delay:150ms, change, submit" hx-target="#result" hx-swap="morph:innerHTML"
            hx-sync="this:replace" hx-vals=r#"{"part":"1"}"# {
            (editor(choices, state))
            div #result { (result) }
        }
        section {
            h2 { "Backwards" }
            p.hint { "A vendor's body, as it receives or tells it, and the canonical update that says the same." }
            @if back.0.is_empty() { (backwards::form(choices, "", "", &html! {})) } @else { (back) }
        }
    }
}

fn editor(choices: &Choices, state: &State) -> Markup {
    let accounts: Vec<_> = choices.at.iter().filter(|choice| choice.account).collect();
    let bare: Vec<_> = choices.at.iter().filter(|choice| !choice.account).collect();
    html! {
        section.editor aria-label="The update" {
            label for="update" { "Canonical update" }
            // The first line feed of a text area is not part of it.
            textarea.code #update name="update" rows="20" spellcheck="false" autocomplete="off" autocapitalize="off" {
                "\n" (state.update)
            }
            p {
                "Begin with: "
                @for (index, preset) in choices.presets.iter().enumerate() {
                    @if index > 0 { " · " }
                    (preset_link(preset))
                }
            }
            div.choices {
                label { span { "Fields that a vendor lacks" }
                    select name="handling" {
                        (option("", "as the account says", &state.handling))
                        (option("strict", "strict: refuse", &state.handling))
                        (option("lenient", "lenient: drop", &state.handling))
                    }
                }
                label { span { "For" }
                    select name="operation" {
                        (option("", "an update", &state.operation))
                        (option("create", "a new assistant", &state.operation))
                    }
                }
                label { span { "Names and ids" }
                    select name="catalogs" {
                        (option("", "configured ones", &state.catalogs))
                        (option("live", "the vendors' lists too (asks them)", &state.catalogs))
                    }
                }
                label.check { input type="checkbox" name="differs" value="1" checked[state.differs]; " only what differs" }
            }
            (checkboxes("Accounts", &accounts, state))
            (checkboxes("Dialects without an account", &bare, state))
            div.row-of-buttons {
                button type="submit" { "Translate" }
                button.quiet.script-only type="button" data-copy="location" { "Copy a link to this" }
            }
            p.hint.script-only { "The link holds the whole update behind its #, which browsers do not send; secrets in it are in the link." }
        }
    }
}

fn preset_link(preset: &Preset) -> Markup {
    html! { a href={ "playground?preset=" (preset.name) } { (preset.title) } }
}

fn option(value: &str, label: &str, chosen: &str) -> Markup {
    html! { option value=(value) selected[value == chosen] { (label) } }
}

fn checkboxes(legend: &str, choices: &[&crate::admin::documents::translation::Choice], state: &State) -> Markup {
    html! {
        @if !choices.is_empty() {
            fieldset.checks {
                legend { (legend) }
                @for choice in choices {
                    label.check {
                        input type="checkbox" name="at" value=(choice.name) checked[state.at.contains(&choice.name)];
                        " " (choice.name)
                        @if choice.name != choice.dialect { " " span.quiet-text { "(" (choice.dialect) ")" } }
                    }
                }
            }
        }
    }
}
