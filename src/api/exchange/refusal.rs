//! The problem for fields that are not sent.

use vendors::{Field, FieldPolicy, Item, ItemCode, Items, Report, Target};

use crate::api::response::push_report_object;
use crate::problem::{Code, Outcome, Problem};

use super::{Change, Copied};

/// A problem with the new assistant's fields, as one with the changes: there the caller can set them.
pub(in crate::api) fn of_changes(mut problem: Problem, copied: &Copied) -> Problem {
    for item in &mut problem.errors.list {
        if let Some(place) = item.pointer.strip_prefix('#') {
            item.pointer = format!("#/changes{place}");
        }
    }
    if !problem.errors.is_empty() && problem.outcome == Outcome::NotApplied {
        let mut report = Vec::new();
        push_report_object(&mut report, &nothing_applied(copied), Some(&copied.report));
        problem.report = String::from_utf8(report).ok().map(String::into_boxed_str);
    }
    let attempts = problem.attempts.unwrap_or_default() + copied.attempts;
    Problem { attempts: (attempts > 0).then_some(attempts), ..problem }
}

/// The report of a copy of which nothing is applied.
pub(in crate::api) fn nothing_applied(copied: &Copied) -> Report {
    let (dropped, warnings) = (copied.report.dropped.clone(), copied.report.warnings.clone());
    Report { dropped, warnings, ..Report::default() }
}

pub(super) fn refusal_problem(refused: vendors::Refused, change: Change, target: &Target<'_>) -> Problem {
    let items = refused.items;
    let sent = if matches!(change, Change::Create(_)) { "creation" } else { "update" };
    let (code, what, hint) = if items.only_unsupported() {
        let what = format!("{} cannot express everything in this {sent}", target.dialect.title);
        (Code::UnsupportedByVendor, what, lenient_hint(&items, target))
    } else {
        (Code::ValidationFailed, format!("The {sent} is not valid"), String::new())
    };
    let count = items.list.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let rest = if items.is_full() { ", and there may be more" } else { "" };
    let mut problem = Problem::new(code, format!("{what}: {count} {noun}{rest}{hint}."));
    problem.errors = items;
    problem
}

/// How to have fields dropped, if lenient handling would drop any: not values, nor what the operator has refused.
fn lenient_hint(items: &Items, target: &Target<'_>) -> String {
    let is_refused = |name: &str| {
        let policy = Field::from_name(name).and_then(|field| target.policies.get(field));
        policy == Some(FieldPolicy::Refuse)
    };
    let can_drop = |item: &&Item| {
        item.code == ItemCode::UnsupportedField && item.field.as_deref().is_none_or(|name| !is_refused(name))
    };
    let what = match items.list.iter().filter(can_drop).count() {
        0 => return String::new(),
        1 if items.list.len() == 1 => "it",
        count if items.list.len() == count => "them",
        1 => "the field among them",
        _ => "the fields among them",
    };
    format!("; send `Prefer: handling=lenient` to drop {what}")
}
