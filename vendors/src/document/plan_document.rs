//! The part of a nested vendor's document about its plan: every request in its order, and what is read before it is written.

use crate::canonical::Field;
use crate::dialect::{Assignment, Call, Capture, Dialect, GoesLive, Object, Operations, Plan, Splice, Splicing};

/// The sections, after the list of operations; empty for a flat dialect.
pub(super) fn plan_sections(dialect: &Dialect) -> String {
    let Some(plan) = dialect.plan else { return String::new() };
    let (reads, updates) = (numbered(&reads(plan), dialect), numbered(&updates(plan, dialect), dialect));
    format!(
        "## Requests\n\n{live}\n\nAn update takes these requests, in this order:\n\n\
         | # | request | sent | for |\n| --- | --- | --- | --- |\n{updates}\n\
         A read takes these:\n\n| # | request | sent | for |\n| --- | --- | --- | --- |\n{reads}\n\
         {creations}{parameters}{splices}",
        live = live(plan, dialect),
        creations = creations(plan, dialect),
        parameters = parameters(plan),
        splices = splices(dialect),
    )
}

/// The operations in one line each.
pub(super) fn plan_operations(dialect: &Dialect, plan: &Plan) -> String {
    let Operations { delete, list, .. } = dialect.operations;
    let count = |count: usize| if count == 1 { "1 request".to_owned() } else { format!("up to {count} requests") };
    let created = created(plan, dialect).len();
    let create = if dialect.operations.create.is_none() { "not documented".to_owned() } else { count(created) };
    let call = |call: Option<Call>| match call {
        Some(Call { method, path, .. }) => format!("`{method} {}{path}`", dialect.base_url),
        None => "not documented".to_owned(),
    };
    format!(
        "- Read: {}\n- Update: {}\n- Create: {create}\n- Delete: {}\n- List: {}\n",
        count(plan.objects.len()),
        count(updates(plan, dialect).len()),
        call(delete),
        call(list.map(|list| list.call)),
    )
}

/// A line of a table: request, when it is sent, what it is for.
type Line = (Call, String, String);

fn reads(plan: &Plan) -> Vec<Line> {
    let read = |object: &Object| (object.read, "always".to_owned(), format!("reads {}{}", object.title, told(object)));
    plan.objects.iter().map(read).collect()
}

/// The requests of an update, in the order in which [`Run`](crate::Run) sends them.
fn updates(plan: &Plan, dialect: &Dialect) -> Vec<Line> {
    let alone = dialect.assignments().map(|(field, _)| format!(", or only `{}` is sent", field.name()));
    let alone: String = alone.collect();
    let read = |object: &Object| {
        let when = match object.is_always_read {
            true => "always".to_owned(),
            false => format!(
                "if something of {} is replaced whole, or has a meaning only beside other settings{alone}",
                object.title
            ),
        };
        (object.read, when, format!("reads {}{}", object.title, told(object)))
    };
    let draft = plan.draft.map(|draft| {
        let when = format!("if `{}` is `true`", draft.is_published.join("."));
        (draft.call, when, format!("makes a version that can be changed{}", captured(draft.captures)))
    });
    let write = |object: &Object| {
        (object.write, format!("if a field of {} changes", object.title), format!("changes {}", object.title))
    };
    let publish = plan.publish.map(|publish| {
        (
            publish.call,
            "if the account has `publish = \"after_update\"`".to_owned(),
            "makes the changes live".to_owned(),
        )
    });
    let assigned = dialect.assignments();
    let reads = plan.objects.iter().map(read).chain(assigned.map(read_of_other)).chain(draft);
    let writes = plan.objects.iter().rev().map(write).chain(publish);
    reads.chain(writes).chain(dialect.assignments().map(write_of_other)).collect()
}

/// The request that reads another object, which is to name the assistant.
fn read_of_other((field, by): (Field, &'static Assignment)) -> Line {
    let besides = if by.is_always_read() { "" } else { " and something else is written before it" };
    let what = format!("makes sure that {} is there{}", by.title, captured(by.captures));
    (by.read, format!("if `{}` is sent{besides}", field.name()), what)
}

/// The request that makes another object name the assistant.
fn write_of_other((field, by): (Field, &'static Assignment)) -> Line {
    (by.write, format!("if `{}` is sent", field.name()), format!("gives {} to the assistant", by.title))
}

/// The parameters that reading an object gives, as the end of a sentence.
fn told(object: &Object) -> String {
    captured(object.captures)
}

fn captured(captures: &[Capture]) -> String {
    let names: Vec<_> = captures.iter().map(|capture| format!("`{{{}}}`", capture.name)).collect();
    if names.is_empty() { String::new() } else { format!(", which tells {}", names.join(" and ")) }
}

fn numbered(lines: &[Line], dialect: &Dialect) -> String {
    let line = |(index, (call, when, what)): (usize, &Line)| {
        format!("| {} | `{} {}{}` | {when} | {what} |\n", index + 1, call.method, dialect.base_url, call.path)
    };
    lines.iter().enumerate().map(line).collect()
}

/// The requests of a creation.
fn created(plan: &Plan, dialect: &Dialect) -> Vec<Line> {
    let made = plan.objects.iter().rev().filter_map(|object| {
        let create = object.create?;
        Some((
            create.call,
            "once, never again".to_owned(),
            format!("makes {}{}", object.title, captured(create.captures)),
        ))
    });
    let reads = dialect.assignments().map(read_of_other);
    reads.chain(made).chain(dialect.assignments().map(write_of_other)).collect()
}

fn creations(plan: &Plan, dialect: &Dialect) -> String {
    let made = created(plan, dialect);
    if made.is_empty() || dialect.operations.create.is_none() {
        return String::new();
    }
    let lines = numbered(&made, dialect);
    format!("A creation takes these:\n\n| # | request | sent | for |\n| --- | --- | --- | --- |\n{lines}\n")
}

/// When callers notice an update, and what refusals in between mean.
fn live(plan: &Plan, dialect: &Dialect) -> String {
    let live = match plan.goes_live() {
        GoesLive::AtOnce => "An update is live at once: this vendor's API has no step that publishes it.",
        GoesLive::AfterPublication => {
            "An update changes a draft. It is live when it is published, which the gateway does only for an account with \
             `publish = \"after_update\"`; otherwise the answer has the warning `not_published`."
        }
    };
    let several = if plan.objects.len() > 1 || dialect.assignments().next().is_some() {
        " If the vendor refuses a later request after an earlier one was applied, the outcome is `partial`, and `report` says \
         which fields are `applied` and which are `pending`; the same update can be sent again."
    } else {
        ""
    };
    format!("{live}{several}")
}

fn parameters(plan: &Plan) -> String {
    if plan.parameters.is_empty() {
        return String::new();
    }
    let names: Vec<_> = plan.parameters.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "The configuration of an account may set {}; without it, the parameter is left out of the requests.\n\n",
        names.join(", ")
    )
}

/// The parts that the vendor replaces whole, and what is done about each.
fn splices(dialect: &Dialect) -> String {
    if dialect.splices.is_empty() {
        return "The vendor changes only the members that are sent, at every depth.\n\n".to_owned();
    }
    let lines: String = dialect.splices.iter().map(splice).collect();
    format!(
        "The vendor replaces these parts whole, so that an update of something inside is joined with what is stored:\n\n\
         | part | what stays |\n| --- | --- |\n{lines}\n"
    )
}

fn splice(splice: &Splice) -> String {
    let stays = match splice.how {
        Splicing::Whole => "every member that the update does not set, byte for byte".to_owned(),
        Splicing::WholeOf { kind } => format!(
            "every member that the update does not set, byte for byte, as long as `{}` stays the same",
            kind.join(".")
        ),
        Splicing::Variant { key, shared, .. } => format!(
            "every member that the update does not set, byte for byte, as long as `{key}` stays the same; with another `{key}`, \
             only {}",
            words(shared)
        ),
        Splicing::Switch { on, off } => {
            format!(
                "for `true` what is on already, else `{on}` is sent; for `false`, `{off}` is sent and nothing stays"
            )
        }
        Splicing::Entries { key, .. } => format!("the elements with another `{key}`"),
        Splicing::Words => "the other words of the list".to_owned(),
        Splicing::WordsOr(unset) => {
            format!("the other words of the list; where there is none, it stands for {}", words(unset))
        }
        Splicing::Only => {
            "of each entry that the update has, the members that it does not set; no other entry".to_owned()
        }
        Splicing::Elements { key } => {
            format!("of each element that the update names by its `{key}`, the members that it does not set")
        }
        Splicing::Replacing { is: [], .. } => {
            "of each element that the update has, too, what its field does not say".to_owned()
        }
        Splicing::Replacing { key, is, .. } => format!(
            "the elements whose `{key}` is none of {}, and of each of these that the update has, too, what its field does not say",
            words(is)
        ),
        Splicing::Headed { unset } => {
            format!("the first element, which leads, or the others; if nothing is stored, `{unset}` leads")
        }
        Splicing::Conditional { .. } => "what is stored, where it says already what is asked for".to_owned(),
    };
    format!("| `{}` | {stays} |\n", splice.path.join("."))
}

fn words(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        words => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
    }
}
