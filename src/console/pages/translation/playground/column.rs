//! What one vendor would receive: the counts, the body with the rule of each member, and what is not in it.

use maud::{Markup, html};
use vendors::json::{Kind, Limits, Pointer, Value, lay_out, push_string, read_value};

use crate::admin::documents::translation::{Column, Member, ShownNote};
use crate::console::parts::{self, Tone};

/// The word for a kind of rule, and the class that tints it.
fn word(how: &str) -> (&'static str, &'static str) {
    match how {
        "same" => ("same", "how how-same"),
        "renamed" => ("renamed", "how how-renamed"),
        "mapped" => ("mapped", "how how-mapped"),
        "resolved" => ("looked up", "how how-resolved"),
        "merged" => ("merged", "how how-merged"),
        "converted" => ("converted", "how how-converted"),
        "partial" => ("same, in part", "how how-partial"),
        "unsupported" => ("undocumented", "how how-unsupported"),
        _ => ("added", "how how-added"),
    }
}

/// A column.
pub(super) fn column(column: &Column, only_differing: bool) -> Markup {
    let id = format!("column-{}", column.at);
    html! {
        article.card id=(id) aria-label=(column.at) {
            h2 { (column.at) @if column.at != column.dialect { " " span.quiet-text { (column.dialect) } } }
            (counts(column))
            p.quiet-text {
                @if column.account { "account" } @else { "dialect without an account" } " · " (column.title) " · " (column.handling)
            }
            @if let Some(problem) = &column.problem {
                div.problem {
                    p { (parts::badge(Tone::Bad, problem.title)) " " code { (problem.code) } }
                    p { (parts::code_spans(&problem.detail)) }
                    @if problem.more > 0 { p { (problem.more) " more are not listed." } }
                }
            }
            @if !column.hints.is_empty() {
                p { "To add a name or id, write" }
                ul { @for hint in &column.hints { li { code { (hint.line) } " under " code { "[" (hint.key) "]" } } } }
            }
            (request(column, &id, only_differing))
            (notes("Dropped", Tone::Warning, &column.dropped))
            @if !column.open.is_empty() {
                h3 { "Looked up at the vendor when it is sent" }
                ul.plain-list { @for open in &column.open { li { code { (open.field) } ": " (parts::code_spans(&open.detail)) } } }
                p.hint { "These are not in the body above; choose the vendors' lists to see what they become." }
            }
            (notes("Warnings", Tone::Warning, &column.warnings))
            (rules(column))
            @if let Some(command) = &column.dry_run { (copied("curl for a dry run", &format!("{id}-curl"), command)) }
        }
    }
}

fn counts(column: &Column) -> Markup {
    let summary = &column.summary;
    let tone = |count: usize, tone| if count == 0 { Tone::Plain } else { tone };
    let warnings = if summary.warnings == 1 { "warning" } else { "warnings" };
    html! {
        p.counts {
            (parts::badge(tone(summary.applied, Tone::Good), format!("{} applied", summary.applied)))
            " · " (parts::badge(tone(summary.dropped, Tone::Warning), format!("{} dropped", summary.dropped)))
            " · " (parts::badge(tone(summary.refused, Tone::Bad), format!("{} refused", summary.refused)))
            " · " (parts::badge(tone(summary.warnings, Tone::Warning), format!("{} {warnings}", summary.warnings)))
            @if summary.open > 0 { " · " (parts::badge(Tone::Plain, format!("{} to look up", summary.open))) }
        }
    }
}

fn request(column: &Column, id: &str, only_differing: bool) -> Markup {
    let Some(request) = &column.request else { return html! {} };
    let hidden = column.members.iter().filter(|member| only_differing && !member.differs).count();
    html! {
        @if request.is_document {
            p.hint {
                "The document with what the update sets. This vendor keeps it in objects of its own, and what is stored there decides \
                 the bodies."
            }
        } @else {
            p { b { (request.method) } " " code { (request.url) } }
        }
        pre.json.body tabindex="0" aria-label={ "Body for " (column.at) } {
            code { (tinted(&request.body, &column.members, only_differing)) }
        }
        @if hidden > 0 { p.hint { (hidden) " members are the same in every column and are not shown." } }
        (copied("Body as bytes", &format!("{id}-body"), &request.body))
        @if let Some(requests) = &column.requests {
            h3 { "Requests" }
            ol {
                @for step in &requests.steps {
                    li {
                        (step.purpose) " the " (step.object) ": " b { (step.method) } " " code { (step.url) }
                        @if let Some(body) = &step.body { (parts::json("Body", &lay_out(body.as_bytes()))) }
                    }
                }
            }
            @if !requests.is_complete { p.hint { "What follows depends on what is read; a dry run reads it and shows all." } }
        }
    }
}

/// The body with a line for each member, tinted by its rule. The text of values stays as it is.
fn tinted(body: &str, members: &[Member], only_differing: bool) -> Markup {
    let Ok(body) = read_value(body.as_bytes(), Limits::VENDOR) else { return html! { (body) } };
    html! { "{\n" (inner(body, "#", 1, members, only_differing)) "}" }
}

fn inner(object: Value<'_>, at: &str, depth: usize, members: &[Member], only_differing: bool) -> Markup {
    let all: Vec<_> = object.members().collect();
    let last = all.len().saturating_sub(1);
    let indent = "  ".repeat(depth);
    html! {
        @for (index, (key, value)) in all.iter().enumerate() {
            @let pointer = format!("{at}{}", Pointer::Root.key(key).to_string().trim_start_matches('#'));
            @let comma = if index == last { "\n" } else { ",\n" };
            @match members.iter().find(|member| member.pointer == pointer) {
                Some(member) if only_differing && !member.differs => {}
                Some(member) => {
                    @let (word, class) = word(member.how);
                    span class=(class) title={ (word) ": " (sentence(member)) } data-field=(member.fields.join(" ")) {
                        (line(key, *value, depth))
                    }
                    (comma)
                }
                None if value.kind() == Kind::Object => {
                    (indent) (quoted(key)) ": {\n"
                    (inner(*value, &pointer, depth + 1, members, only_differing))
                    (indent) "}" (comma)
                }
                None => { (line(key, *value, depth)) (comma) }
            }
        }
    }
}

/// A member as text, indented.
fn line(key: &str, value: Value<'_>, depth: usize) -> String {
    let laid = lay_out(format!("{{{}:{}}}", quoted(key), value.text()).as_bytes());
    let inner = laid.strip_prefix("{\n").and_then(|rest| rest.strip_suffix("\n}")).unwrap_or(&laid);
    let further = "  ".repeat(depth.saturating_sub(1));
    inner.lines().map(|line| format!("{further}{line}")).collect::<Vec<_>>().join("\n")
}

fn quoted(key: &str) -> String {
    let mut out = Vec::new();
    push_string(&mut out, key);
    String::from_utf8(out).unwrap_or_default()
}

/// What became of a member's fields, in a sentence.
fn sentence(member: &Member) -> String {
    match member.fields.is_empty() {
        true => member.rule.clone(),
        false => format!("`{}` is {}", member.fields.join("` and `"), member.rule),
    }
}

fn rules(column: &Column) -> Markup {
    let (same, other): (Vec<_>, Vec<_>) = column.applied.iter().partition(|applied| applied.how == "same");
    html! {
        @if !column.applied.is_empty() {
            h3 { "Applied" }
            ul.plain-list {
                @for applied in other {
                    @let (word, class) = word(applied.how);
                    li { span class=(class) { (word) } " " (field(applied.field)) ": " (applied.rule) }
                }
                @if !same.is_empty() {
                    @let (word, class) = word("same");
                    li { span class=(class) { (word) } " " (fields(same.iter().map(|applied| applied.field))) }
                }
            }
        }
    }
}

fn notes(title: &str, tone: Tone, notes: &[ShownNote]) -> Markup {
    // What is the same of several fields is said once.
    let mut groups: Vec<(&ShownNote, Vec<&str>)> = Vec::new();
    for note in notes {
        match groups.iter_mut().find(|(known, _)| (&known.code, &known.detail) == (&note.code, &note.detail)) {
            Some((_, fields)) => fields.push(&note.field),
            None => groups.push((note, vec![&note.field])),
        }
    }
    html! {
        @if !notes.is_empty() {
            h3 { (title) }
            ul.plain-list {
                @for (note, names) in &groups {
                    li {
                        (parts::badge(tone, &note.code)) " " (fields(names.iter().copied())) ": " (parts::code_spans(&note.detail))
                    }
                }
            }
        }
    }
}

fn fields<'n>(names: impl Iterator<Item = &'n str>) -> Markup {
    parts::list(names.map(field))
}

/// A canonical field. Script marks it wherever it stands, and leads to it in the editor.
fn field(name: &str) -> Markup {
    let whole = name.split(['/', '[']).next().unwrap_or_default();
    html! { a href="#update" data-field=(whole) { code { (name) } } }
}

/// Text to copy, behind its title.
pub(super) fn copied(title: &str, id: &str, text: &str) -> Markup {
    html! {
        details {
            summary { (title) }
            button.script-only type="button" data-copy={ "#" (id) } { "Copy" }
            pre.json id=(id) tabindex="0" aria-label=(title) { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::console::pages::translation::playground::column::*;

    fn member(pointer: &str, how: &'static str, differs: bool) -> Member {
        let (fields, rule) = (vec!["name"], "renamed to x".to_owned());
        Member { pointer: pointer.to_owned(), value: String::new(), fields, how, rule, differs }
    }

    #[test]
    fn a_body_keeps_its_digits_and_each_member_says_its_rule() {
        let members = [member("#/a", "renamed", true), member("#/b", "same", false)];
        let body = r#"{"a":1.10,"b":"<script>","c":{"d":[]}}"#;
        let all = tinted(body, &members, false).into_string();
        let a = r#"<span class="how how-renamed" title="renamed: `name` is renamed to x" data-field="name">"#;
        assert!(all.starts_with(&format!("{{\n{a}  &quot;a&quot;: 1.10</span>,\n")), "{all}");
        assert!(all.contains("&lt;script&gt;") && !all.contains("<script>"), "{all}");
        assert!(all.ends_with("  &quot;c&quot;: {\n    &quot;d&quot;: []\n  }\n}"), "{all}");
        let differing = tinted(body, &members, true).into_string();
        assert!(differing.contains("1.10") && !differing.contains("script"), "{differing}");
    }

    #[test]
    fn members_of_documents_are_found_at_their_depth() {
        let members = [member("#/agent/a~1b", "converted", true)];
        let text = tinted(r#"{"agent":{"a/b":{"c":1,"d":2}}}"#, &members, false).into_string();
        assert!(text.contains("how-converted") && text.contains("    &quot;a/b&quot;: { &quot;c&quot;: 1"), "{text}");
    }

    #[test]
    fn notes_with_one_reason_stand_together_and_are_text() {
        let note = |field: &str, detail: &str| ShownNote {
            field: field.to_owned(),
            code: "unsupported_field".to_owned(),
            detail: detail.to_owned(),
        };
        let shown = notes("Dropped", Tone::Warning, &[note("a", "why"), note("<b>", "<script>"), note("c", "why")]);
        let shown = shown.into_string();
        assert!(
            shown.contains(r##"<code>a</code></a>, <a href="#update" data-field="c"><code>c</code></a>: why"##)
                && shown.matches("<li>").count() == 2,
            "{shown}"
        );
        assert!(shown.contains("&lt;b&gt;") && !shown.contains("<script>"), "{shown}");
    }
}
