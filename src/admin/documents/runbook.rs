//! `GET /admin/runbook?entry=`: what the runbook says about one alert or problem code.

use serde::Serialize;
use vendors::json::excerpt;
use vendors::{did_you_mean, nearest};

use crate::api::{query_names, query_text};
use crate::problem::{Code, Problem};

/// The runbook, as it was when this version was built.
const RUNBOOK: &str = include_str!("../../../docs/runbook.md");

/// An entry of the runbook.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// What addresses call it: the fragment of its heading.
    pub(crate) entry: String,
    /// The alert or the problem code.
    pub(crate) title: &'static str,
    /// What it means, how to confirm it and what to do, in Markdown.
    pub(crate) text: &'static str,
}

/// One entry.
///
/// # Errors
/// The query names no entry, or none that there is.
pub(crate) fn runbook(query: Option<&str>) -> Result<Entry, Problem> {
    query_names(query, &["entry"])?;
    let wanted = query_text(query, "entry")?.filter(|entry| !entry.is_empty()).ok_or_else(|| {
        let detail = "the query parameter `entry` must say which entry, such as `entry=switchboardbreakeropen`";
        Problem::new(Code::InvalidRequest, detail)
    })?;
    entries().find(|entry| entry.entry == wanted).ok_or_else(|| {
        let known: Vec<_> = entries().map(|entry| entry.entry).collect();
        let nearest = nearest(&wanted, known.iter().map(String::as_str));
        let rest = did_you_mean(nearest, "entries are named as in docs/runbook.md");
        Problem::new(Code::NotFound, format!("the runbook has no entry `{}`; {rest}", excerpt(&wanted, 64)))
    })
}

/// All entries, in their order.
fn entries() -> impl Iterator<Item = Entry> {
    RUNBOOK.split("\n### ").skip(1).filter_map(|part| {
        let (title, text) = part.split_once('\n')?;
        let title = title.trim_matches(['`', ' ']);
        // The last entry of a chapter ends at the next one.
        let text = text.split("\n## ").next().unwrap_or_default().trim();
        Some(Entry { entry: title.to_lowercase(), title, text })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_fragment_and_end_before_the_next() {
        let entry = runbook(Some("entry=switchboardbreakeropen")).unwrap();
        assert_eq!(entry.title, "SwitchboardBreakerOpen");
        assert!(entry.text.starts_with("**Means**: ") && !entry.text.contains("###"), "{}", entry.text);
        assert!(runbook(Some("entry=vendor_rate_limited")).unwrap().text.contains("**Do**"));
        assert!(entries().count() > 60 && entries().all(|entry| !entry.text.contains("\n## ")));
    }

    #[test]
    fn an_entry_that_is_none_is_refused_with_the_nearest() {
        let detail = |query: Option<&str>| runbook(query).unwrap_err().detail;
        assert!(detail(Some("entry=switchboardbreakeropens")).contains("did you mean `switchboardbreakeropen`?"));
        assert!(detail(None).contains("must say which entry"));
    }
}
