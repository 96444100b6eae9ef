//! Configuration: whether the file on disk is what is in force, what a reload would change or refuse, the last reloads, and
//! every value with where it comes from.

use maud::{Markup, html};
use serde_json::Value;

use crate::admin::documents::configuration::{
    self, Check, CheckedProblem, Configuration, ORIGINS, Origin, ReloadProblem, ReloadResult, Setting, SourceLine,
    State, configuration,
};
use crate::console::parts::{self, Tone};
use crate::console::routes::{Done, Made};
use crate::console::visit::{Form, Visit};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        if visit.is_tick {
            // There are as many values as the configuration has, and the live part shows none of them.
            return Ok(parts::live(visit, &state(&configuration::state(&visit.operator).await?)));
        }
        let document = configuration(&visit.operator, Some(&visit.query_with(&[]))).await?;
        Ok(html! {
            div.buttons {
                form.inline method="post" action="config-check" { button type="submit" { "Check the file" } }
                (parts::write_button(visit, "reload", "Reload", &html! {}))
                span.hint { "A check applies nothing." }
            }
            (parts::live(visit, &state(&document.state)))
            h2 { "Values in force" }
            (parts::filters(visit, &html! {
                (parts::text_filter(visit, "q", "key"))
                (parts::choice_filter(visit, "origin", "from", &ORIGINS))
            }))
            (values(&document))
            (parts::pager(visit, document.values.next.as_deref()))
        })
    })
}

/// Reads the file again and applies nothing; the page then shows what was found.
pub(in crate::console) fn check(visit: &Visit, _: Form) -> Made<'_, Done> {
    Box::pin(async move {
        configuration::check(&visit.operator).await?;
        Ok(Done::To("config#on-disk".to_owned()))
    })
}

fn state(document: &State) -> Markup {
    html! {
        dl.figures {
            (parts::figure("in force", html! { "configuration " (document.generation) }))
            (parts::figure("since", parts::time_of(document.in_force_since)))
            (parts::figure("file", html! { @match &document.file { Some(file) => code { (file) }, None => "none: only the environment is read" } }))
            (parts::figure("reloads", html! { (document.reloads.applied) " applied, " (document.reloads.refused) " refused" }))
        }
        @if !document.waits_for_restart.is_empty() {
            ul.attention { li.warning {
                (parts::badge(Tone::Warning, "waits for a restart")) " "
                (parts::codes(&document.waits_for_restart))
            } }
        }
        h2 id="on-disk" { "The file on disk" }
        @match &document.on_disk {
            Some(check) => (on_disk(check)),
            None => (parts::empty(
                "Nothing to check or reload",
                parts::code_spans("This gateway was not started from a configuration file; `switchboard serve --config FILE` starts one that is."),
            )),
        }
        h2 id="last-reload" { "Last reloads" }
        @if document.reloads.last.is_empty() {
            (parts::empty("No reload yet", "A changed file, SIGHUP or the button above reloads."))
        } @else {
            (reloads(document.reloads.last.iter()))
        }
    }
}

fn on_disk(check: &Check) -> Markup {
    let changes = check.differences.len() + check.more_differences;
    let (tone, word, meaning) = match (check.accepted, changes) {
        (false, _) => (
            Tone::Bad,
            "refused",
            format!("A reload would change nothing: configuration {} stays in force.", check.generation),
        ),
        (true, 0) => (Tone::Good, "in force", "It says what is in force.".to_owned()),
        (true, 1) => (Tone::Warning, "differs", "A reload would change one key.".to_owned()),
        (true, changes) => (Tone::Warning, "differs", format!("A reload would change {changes} keys.")),
    };
    html! {
        p { (parts::badge(tone, word)) " " (meaning) " " span.quiet-text { "Read " (parts::time_of(check.at)) "." } }
        @for problem in &check.problems { (problem_at(problem)) }
        @if !check.differences.is_empty() {
            (parts::table(
                "What a reload would change",
                html! { @if check.accepted { "What a reload would change" } @else { "What differs from the configuration in force" } },
                &["key", "in force", "on disk", "from"],
                &html! {
                    @for one in &check.differences {
                        tr {
                            th.wide scope="row" { code { (one.key) } }
                            @if one.is_secret { td colspan="2" { "a secret or certificate with other content" } }
                            @else { td { (value(&one.in_force)) } td { (value(&one.on_disk)) } }
                            td { (origin(&one.origin)) }
                        }
                    }
                },
            ))
        }
        @if check.more_differences > 0 { p { "and " (check.more_differences) " more" } }
        @if !check.needs_restart.is_empty() {
            p { "Only a restart changes: " (parts::codes(&check.needs_restart)) }
        }
    }
}

/// A problem with the lines of the file around it.
fn problem_at(problem: &CheckedProblem) -> Markup {
    html! {
        div class=(if problem.problem.is_error() { "problem" } else { "card" }) {
            (described(&problem.problem))
            @if !problem.lines.is_empty() { (parts::json("Lines of the file", &excerpt(&problem.lines))) }
        }
    }
}

fn described(problem: &ReloadProblem) -> Markup {
    let (tone, word) = if problem.is_error() { (Tone::Bad, "error") } else { (Tone::Warning, "warning") };
    html! {
        p { (parts::badge(tone, word)) " " (parts::code_spans(&problem.message)) }
        p {
            @match (&problem.file, &problem.variable) {
                (Some(file), _) => code { (place(file, problem.line, problem.column)) },
                (None, Some(variable)) => { "environment variable " code { (variable) } }
                (None, None) => span.quiet-text { "the configuration as a whole" },
            }
        }
        @if let Some(help) = &problem.help { p.hint { (parts::code_spans(help)) } }
    }
}

/// `FILE:LINE:COLUMN`, as editors take it.
fn place(file: &str, line: Option<usize>, column: Option<usize>) -> String {
    let numbers = [line, column].into_iter().flatten().map(|number| format!(":{number}"));
    file.to_owned() + &numbers.collect::<String>()
}

/// Lines with their numbers, and marks below the part that is wrong.
fn excerpt(lines: &[SourceLine]) -> String {
    let wide = lines.iter().map(|line| line.number.to_string().len()).max().unwrap_or_default();
    let mut text = String::new();
    for line in lines {
        let arrow = if line.mark.is_some() { '>' } else { ' ' };
        text += &format!("{arrow} {:>wide$} | {}\n", line.number, line.text);
        if let Some((indent, width)) = line.mark.filter(|(_, width)| *width > 0) {
            text += &format!("  {:>wide$} | {}{}\n", "", " ".repeat(indent), "^".repeat(width));
        }
    }
    text
}

fn reloads<'a>(outcomes: impl Iterator<Item = &'a ReloadResult>) -> Markup {
    let rows = html! {
        @for outcome in outcomes {
            tr {
                td.nowrap { (parts::time_of(outcome.at)) }
                td { (outcome.trigger) }
                td { @if outcome.applied { (parts::badge(Tone::Good, "applied")) } @else { (parts::badge(Tone::Bad, "refused")) } }
                td.number { (outcome.generation) }
                td.wide { (details(outcome)) }
            }
        }
    };
    let columns = ["when", "by", "outcome", "#configuration", "changed, or why not"];
    parts::table("Last reloads", "Reloads, the newest first", &columns, &rows)
}

fn details(outcome: &ReloadResult) -> Markup {
    html! {
        @if outcome.applied && outcome.changed.is_empty() { span.quiet-text { "nothing changed" } }
        (parts::codes(&outcome.changed))
        @for problem in &outcome.problems { (described(problem)) }
        @if !outcome.needs_restart.is_empty() {
            div { "waits for a restart: " (parts::codes(&outcome.needs_restart)) }
        }
    }
}

fn values(document: &Configuration) -> Markup {
    let configuration::Values { total, matching, list, .. } = &document.values;
    html! {
        @if list.is_empty() {
            (parts::empty("No value has such a key", parts::code_spans("The filter looks for a part of the dotted key, such as `vendors.` or `timeout`.")))
        } @else {
            (parts::table(
                "Values in force",
                html! { (matching) " of " (total) " values of configuration " (document.state.generation) ", secrets redacted" },
                &["key", "value", "from"],
                &html! { @for setting in list { (row(setting)) } },
            ))
        }
    }
}

fn row(setting: &Setting) -> Markup {
    html! {
        tr {
            th.wide scope="row" { code { (setting.key) } }
            td { (value(&setting.value)) }
            td { (origin(&setting.origin)) @if let Some(reads) = &setting.reads { div.quiet-text { "read from " (reads) } } }
        }
    }
}

fn value(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Null => span.quiet-text { "not set" },
            Value::String(text) => code { (text) },
            other => code { (other) },
        }
    }
}

fn origin(origin: &Origin) -> Markup {
    html! {
        @match origin {
            Origin::Default => span.quiet-text { "default" },
            Origin::File { file, line, column } => code { (place(file, Some(*line), Some(*column))) },
            Origin::Variable { variable } => { "variable " code { (variable) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use serde_json::json;

    use crate::admin::documents::configuration::{Difference, Reloads, Severity};
    use crate::console::pages::gateway::config::*;

    fn problem() -> ReloadProblem {
        ReloadProblem {
            severity: Severity::Error,
            file: Some("/etc/sb.toml".to_owned()),
            line: Some(14),
            column: Some(9),
            variable: None,
            key: "log.lvel".to_owned(),
            message: "unknown key `log.lvel` <script>".to_owned(),
            help: Some("did you mean `level`?".to_owned()),
        }
    }

    fn check(accepted: bool) -> Check {
        let origin = || Origin::Variable { variable: "SWITCHBOARD_LOG__LEVEL".to_owned() };
        let line = |number, text: &str, mark| SourceLine { number, text: text.to_owned(), mark };
        let lines = vec![line(9, "[log]", None), line(10, "lvel …", Some((2, 4)))];
        let (in_force, on_disk) = (json!("info"), json!("<b>"));
        let of = |key: &str, is_secret| Difference {
            key: key.to_owned(),
            in_force: in_force.clone(),
            on_disk: on_disk.clone(),
            is_secret,
            origin: origin(),
        };
        Check {
            at: 0,
            generation: 7,
            accepted,
            problems: if accepted { Vec::new() } else { vec![CheckedProblem { problem: problem(), lines }] },
            differences: vec![of("log.level", false), of("admin.token", true)],
            more_differences: 0,
            needs_restart: vec!["server.listen"],
            files: Vec::new(),
        }
    }

    fn document(on_disk: Option<Check>) -> Configuration {
        let refused = ReloadResult {
            applied: false,
            generation: 7,
            trigger: "file",
            at: 0,
            problems: vec![problem()],
            changed: Vec::new(),
            needs_restart: Vec::new(),
        };
        let setting = |key: &str, value: Value, origin| Setting { key: key.to_owned(), value, origin, reads: None };
        let file = Origin::File { file: "/etc/sb.toml".to_owned(), line: 3, column: 5 };
        let list = vec![setting("log.level", json!("<i>"), file), setting("log.file", Value::Null, Origin::Default)];
        let state = State {
            file: Some("/etc/sb.toml".to_owned()),
            generation: 7,
            in_force_since: 0,
            waits_for_restart: vec!["server.admin_listen"],
            on_disk,
            reloads: Reloads { applied: 6, refused: 1, last: VecDeque::from([refused]) },
        };
        Configuration { state, values: configuration::Values { total: 157, matching: 2, list, next: None } }
    }

    #[test]
    fn a_refused_file_is_shown_at_its_lines() {
        let page = state(&document(Some(check(false))).state).into_string();
        for shown in [
            "configuration 7 stays in force",
            "/etc/sb.toml:14:9",
            "did you mean <code>level</code>?",
            "   9 | [log]\n&gt; 10 | lvel …\n     |   ^^^^\n",
            "unknown key <code>log.lvel</code> &lt;script&gt;",
            "waits for a restart",
            "server.admin_listen",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    }

    #[test]
    fn what_a_reload_would_change_has_both_values_and_a_secret_has_none() {
        let page = state(&document(Some(check(true))).state).into_string();
        for shown in [
            "A reload would change 2 keys.",
            "<td><code>info</code></td><td><code>&lt;b&gt;</code></td>",
            "a secret or certificate with other content",
            "variable <code>SWITCHBOARD_LOG__LEVEL</code>",
            "Only a restart changes: <code>server.listen</code>",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(state(&document(None).state).into_string().contains("not started from a configuration file"));
    }

    #[test]
    fn a_value_stands_with_the_place_it_comes_from() {
        let page = values(&document(None)).into_string();
        assert!(page.contains("<td><code>&lt;i&gt;</code></td><td><code>/etc/sb.toml:3:5</code></td>"), "{page}");
        assert!(page.contains("not set</span></td><td><span class=\"quiet-text\">default"), "{page}");
        assert!(page.contains("2 of 157 values of configuration 7"), "{page}");
    }
}
