//! What becomes of a plan of which a part was carried out.

use vendors::json::push_string;
use vendors::{Field, Report, Run};

use crate::api::request_log::RequestLog;
use crate::api::{representation, response};
use crate::problem::{Outcome, Problem};

use super::{Change, Exchange};

/// What attempts at a plan that failed leave behind.
#[derive(Default)]
pub(super) struct Earlier {
    /// The fields that they applied.
    pub(super) applied: Vec<Field>,
    /// Whether a request of theirs may have been carried out without an answer.
    pub(super) is_unknown: bool,
}

impl Exchange<'_> {
    /// A problem of a plan of which a part was carried out, by the last attempt or by one before it.
    pub(super) fn unfinished(&self, run: &Run<'_>, problem: Problem, log: &RequestLog, earlier: &Earlier) -> Problem {
        let (mut applied, mut pending) = run.applied_and_pending();
        pending.retain(|field| !earlier.applied.contains(field));
        applied.extend(earlier.applied.iter().filter(|field| !applied.contains(*field)).copied().collect::<Vec<_>>());
        applied.sort_unstable();
        applied.dedup();
        let is_begun = run.is_begun() || !earlier.applied.is_empty();
        let outcome = match problem.outcome {
            Outcome::NotApplied if earlier.is_unknown => Outcome::Unknown,
            Outcome::NotApplied if is_begun => Outcome::Partial,
            known => known,
        };
        if !is_begun {
            return Problem { outcome, ..problem };
        }
        let made = match self.change {
            Change::Create(_) => run.made(),
            Change::Update | Change::Delete => Vec::new(),
        };
        let detail = match made.is_empty() {
            true => format!("{} Other parts of the update were applied; `report` says which fields.", problem.detail),
            false => format!("{} {} was made before and stays.", problem.detail, capitalised(&made.join(" and "))),
        };
        let retryable = if matches!(self.change, Change::Create(_)) { Some(false) } else { problem.retryable };
        let report = partial_report(&applied, &pending, log.report.as_ref()).into_boxed_str();
        Problem { outcome, detail, retryable, report: Some(report), ..problem }
    }
}

/// The report of a problem: which fields were applied, and which were not.
fn partial_report(applied: &[Field], pending: &[Field], report: Option<&Report>) -> String {
    let mut out = b"{".to_vec();
    for (name, fields) in [("applied", applied), ("pending", pending)] {
        push_string(&mut out, name);
        out.push(b':');
        representation::push_names(&mut out, fields.iter().copied());
        out.push(b',');
    }
    let rest = Report { applied: Vec::new(), ..report.cloned().unwrap_or_default() };
    response::push_notes_of(&mut out, &rest);
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}
