//! Pieces that several pages use. Colour is never alone: a shape and a word stand with it.

use std::time::{Duration, SystemTime};

use maud::{Markup, Render, html};

use crate::problem::Problem;

use super::visit::{Visit, own};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Neither good nor bad.
    Plain,
    Good,
    /// It may become bad, or is being tried again.
    Warning,
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }

    const fn shape(self) -> &'static str {
        match self {
            Self::Plain => "○",
            Self::Good => "✓",
            Self::Warning => "▲",
            Self::Bad => "✕",
        }
    }
}

/// A word for a state.
pub(super) fn badge(tone: Tone, word: impl Render) -> Markup {
    html! { span class={ "badge " (tone.class()) } { span aria-hidden="true" { (tone.shape()) } " " (word) } }
}

/// What changes while one looks. Script asks for the page again each second and puts this part in the place of the old one;
/// without script it has a link. Everything on a page that is no form for input belongs in here.
pub(super) fn live(visit: &Visit, content: &Markup) -> Markup {
    let address = visit.address_with(&[]);
    html! {
        p.noscript { a href=(address) { "Load again" } }
        div #live hx-get=(address) hx-select="#live" hx-target="this" hx-trigger="tick from:body" hx-swap="morph:outerHTML"
            { (content) }
    }
}

/// A table in a frame that scrolls sideways where the page is narrow; it has a `caption` and `scope`s of its own.
pub(super) fn framed(label: &str, table: &Markup) -> Markup {
    html! { div.frame role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// A table in a frame. A column whose name begins with `#`, which is not shown, holds numbers. `rows` are the body's rows.
pub(super) fn table(label: &str, caption: impl Render, columns: &[&str], rows: &Markup) -> Markup {
    let table = html! {
        table {
            caption { (caption) }
            thead { tr {
                @for column in columns {
                    @match column.strip_prefix('#') {
                        Some(column) => th.number scope="col" { (column) },
                        None => th scope="col" { (column) },
                    }
                }
            } }
            tbody { (rows) }
        }
    };
    framed(label, &table)
}

/// Nothing is here yet: what would fill it, and how.
pub(super) fn empty(what: &str, how: impl Render) -> Markup {
    html! { div.empty { p { strong { (what) } } p { (how) } } }
}

/// Items with commas between them.
pub(super) fn list(items: impl IntoIterator<Item = impl Render>) -> Markup {
    html! { @for (index, item) in items.into_iter().enumerate() { @if index > 0 { ", " } (item) } }
}

/// Names with commas between them.
pub(super) fn codes(names: &[impl AsRef<str>]) -> Markup {
    list(names.iter().map(|name| html! { code { (name.as_ref()) } }))
}

/// The state of a change.
pub(super) fn change_state(word: &str) -> Markup {
    let tone = match word {
        "applied" | "superseded" => Tone::Good,
        "queued" | "sending" | "unknown" => Tone::Warning,
        "dead" | "failed" | "refused" | "expired" => Tone::Bad,
        _ => Tone::Plain,
    };
    badge(tone, word)
}

/// A number with its name.
pub(super) fn figure(name: &str, value: impl Render) -> Markup {
    html! { div.figure { dt { (name) } dd { (value) } } }
}

/// A problem, as its document has it.
pub(super) fn problem(problem: &Problem) -> Markup {
    let kind = problem.code.kind();
    html! {
        div.problem role="alert" {
            p { (badge(Tone::Bad, kind.title)) " " code { (kind.name) } }
            @if !problem.detail.is_empty() { p { (problem.detail) } }
            @if !problem.errors.list.is_empty() {
                ul { @for item in &problem.errors.list { li { code { (item.pointer) } " " (item.detail) } } }
            }
            p.hint { (code_spans(kind.remedy)) }
        }
    }
}

/// Text whose parts between backquotes are code.
pub(super) fn code_spans(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A point in time, which script shows in the reader's zone.
pub(super) fn time(time: SystemTime) -> Markup {
    let text = humantime::format_rfc3339_millis(time).to_string();
    let (date, clock) = (text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default());
    html! { time datetime=(text) { (date) " " (clock) } }
}

/// A time as JSON has it, which script shows in the reader's zone if it is one of RFC 3339 in UTC.
pub(super) fn time_in(text: &str) -> Markup {
    humantime::parse_rfc3339(text).map_or_else(|_| html! { (text) }, time)
}

/// A point in time in seconds since 1970.
pub(super) fn time_of(seconds: u64) -> Markup {
    time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A duration in its two largest units.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => millis(duration.as_secs_f64() * 1000.0),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Milliseconds as people read them.
pub(super) fn millis(millis: f64) -> String {
    match millis {
        millis if millis >= 10_000.0 => format!("{:.0} s", millis / 1000.0),
        millis if millis >= 1000.0 => format!("{:.1} s", millis / 1000.0),
        millis if millis >= 10.0 => format!("{millis:.0} ms"),
        millis => format!("{millis:.1} ms"),
    }
}

/// A line of values over time, the newest at the right. `label` says what it shows, for those who do not see it.
pub(super) fn sparkline(values: &[f64], label: &str) -> Markup {
    const WIDTH: f64 = 120.0;
    const HEIGHT: f64 = 24.0;
    let most = values.iter().copied().fold(0.0, f64::max);
    let step = WIDTH / (values.len().saturating_sub(1).max(1)) as f64;
    let height = |value: f64| if most > 0.0 { HEIGHT - 1.0 - value / most * (HEIGHT - 2.0) } else { HEIGHT - 1.0 };
    let points =
        values.iter().enumerate().map(|(index, value)| format!("{:.1},{:.1}", index as f64 * step, height(*value)));
    let points = points.collect::<Vec<_>>().join(" ");
    html! {
        svg.spark viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) role="img" aria-label=(label)
            preserveAspectRatio="none" {
            polyline points=(points) fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" {}
        }
    }
}

/// A part of a bar: its name, how long it took, and a number that chooses its pattern (0 to 5).
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) millis: f64,
    pub(super) kind: u8,
}

/// A bar of what came after what, with a list of the same.
pub(super) fn bar(segments: &[Segment]) -> Markup {
    let total: f64 = segments.iter().map(|segment| segment.millis).sum();
    let share = |millis: f64| if total > 0.0 { millis / total * 1000.0 } else { 0.0 };
    let mut at = 0.0;
    let placed: Vec<_> = segments
        .iter()
        .map(|segment| {
            let from = at;
            at += share(segment.millis);
            (segment, from, at - from)
        })
        .collect();
    html! {
        svg.bar viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true" {
            @for (segment, from, wide) in &placed {
                rect class={ "part-" (segment.kind) } x=(format!("{from:.1}")) y="0" width=(format!("{:.1}", wide.max(1.0))) height="20" {}
            }
        }
        ol.parts {
            @for segment in segments {
                li { span class={ "key part-" (segment.kind) } aria-hidden="true" {} (segment.name) " " b { (millis(segment.millis)) } }
            }
        }
    }
}

/// A link to the next part of a list, if there is one. The key `]` follows it.
pub(super) fn pager(visit: &Visit, next: Option<&str>) -> Markup {
    pager_of(visit, ("Newest", "Older"), next)
}

/// The same with other words for the first part and the next.
pub(super) fn pager_of(visit: &Visit, (first, later): (&str, &str), next: Option<&str>) -> Markup {
    let is_later = visit.parameter("cursor").is_some();
    html! {
        @if is_later || next.is_some() {
            nav.pager aria-label="Parts of the list" {
                @if is_later { a href=(visit.address_with(&[("cursor", None)])) data-key="[" { (first) } }
                @if let Some(next) = next { a rel="next" href=(visit.address_with(&[("cursor", Some(next))])) data-key="]" { (later) } }
            }
        }
    }
}

/// A form of filters, which works without script: a GET to this page. `fields` are its labels and inputs.
pub(super) fn filters(visit: &Visit, fields: &Markup) -> Markup {
    html! {
        form.filters action=(own(visit.page.address)) {
            (fields)
            button type="submit" { "Filter" }
            @if visit.query().is_some_and(|query| !query.is_empty()) { a href=(own(visit.page.address)) { "clear" } }
        }
    }
}

/// A labelled text input with what the query says.
pub(super) fn text_filter(visit: &Visit, name: &str, label: &str) -> Markup {
    let value = visit.parameter(name).unwrap_or_default();
    html! { label { span { (label) } input type="text" name=(name) value=(value) autocomplete="off" spellcheck="false"; } }
}

/// A labelled choice with what the query says; the first choice is all.
pub(super) fn choice_filter(visit: &Visit, name: &str, label: &str, choices: &[&str]) -> Markup {
    let value = visit.parameter(name).unwrap_or_default();
    html! {
        label {
            span { (label) }
            select name=(name) {
                option value="" { "all" }
                @for choice in choices { option value=(choice) selected[*choice == value] { (choice) } }
                @if !value.is_empty() && !choices.contains(&&*value) { option value=(value) selected { (value) } }
            }
        }
    }
}

/// A button that posts a form of one write. It is shown to those who only look as well, but cannot be pressed.
pub(super) fn write_button(visit: &Visit, address: &str, label: &str, fields: &Markup) -> Markup {
    html! {
        form.inline method="post" action=(address) {
            (super::shell::form_token(visit))
            (fields)
            button type="submit" disabled[visit.form_token().is_none()]
                title=[visit.form_token().is_none().then_some("this takes the administrator's session")] { (label) }
        }
    }
}

/// JSON as it is, in a frame.
pub(super) fn json(label: &str, text: &str) -> Markup {
    html! { pre.json tabindex="0" aria-label=(label) { code { (text) } } }
}

pub(super) fn logo() -> Markup {
    html! { img src=(super::assets::address("icon.svg")) alt="" width="24" height="24"; }
}

#[cfg(test)]
mod tests {
    use crate::console::parts::*;

    #[test]
    fn texts_are_escaped_and_code_is_marked() {
        let hostile = "<script>alert(1)</script>";
        assert!(!badge(Tone::Bad, hostile).into_string().contains("<script>"));
        assert_eq!(code_spans("take `a<b`").into_string(), "take <code>a&lt;b</code>");
    }

    #[test]
    fn a_table_names_its_columns_and_marks_those_of_numbers() {
        let html = table("a", "b", &["c", "#d"], &html! { tr { td { "e" } } }).into_string();
        let head = r#"<table><caption>b</caption><thead><tr><th scope="col">c</th><th class="number" scope="col">d</th></tr></thead>"#;
        assert!(html.contains(head) && html.contains("<tbody><tr><td>e</td></tr></tbody>"), "{html}");
        assert_eq!(codes(&["a", "b"]).into_string(), "<code>a</code>, <code>b</code>");
    }

    #[test]
    fn a_change_of_which_nothing_is_known_is_a_warning_and_one_that_was_not_sent_is_bad() {
        for (word, class) in [("unknown", "warning"), ("expired", "bad"), ("superseded", "good"), ("canceled", "plain")]
        {
            let html = change_state(word).into_string();
            assert!(html.contains(&format!("badge {class}")), "{html}");
        }
    }

    #[test]
    fn durations_are_short() {
        for (millis, text) in
            [(4, "4.0 ms"), (999, "999 ms"), (5_000, "5 s"), (61_000, "1 min 1 s"), (90_061_000, "1 d 1 h")]
        {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert!(time_of(0).into_string().contains(r#"datetime="1970-01-01T00:00:00.000Z""#));
    }
}
