//! The configured names of assistants, a part at a time.

use serde::Serialize;

use crate::admin::Operator;
use crate::api::request::page::{Cursor, Page};
use crate::gateway::Origin;
use crate::problem::Problem;
use crate::routing::NamedAssistant;

/// What these lists are called in their cursors.
const LIST: &str = "configured names";
/// How many names a part has, unless the query says how many.
const LIMIT: usize = 100;
/// How many it has at most.
const MAX_LIMIT: usize = 1000;

/// A part of the configured names, sorted.
#[derive(Debug, Serialize)]
pub(crate) struct Names {
    /// How many names there are.
    pub(crate) total: usize,
    /// How many of them match.
    pub(crate) matching: usize,
    /// This part of those.
    pub(crate) data: Vec<Name>,
    /// Where the list goes on.
    pub(crate) next_cursor: Option<String>,
}

/// A configured name.
#[derive(Debug, Serialize)]
pub(crate) struct Name {
    /// The name.
    pub(crate) assistant: String,
    /// The vendor account that it leads to.
    pub(crate) vendor: String,
    /// The vendor's id there.
    pub(crate) id: String,
    /// The handling of its updates, if it decides that.
    pub(crate) handling: Option<&'static str>,
    /// Where the configuration has it.
    #[serde(flatten)]
    pub(crate) origin: Origin,
}

impl Names {
    /// The part that `limit` and `cursor` of the query ask for, of the names at `vendor`, if that is given, that contain
    /// `text` in any case, or whose `vendor:id` does.
    ///
    /// # Errors
    /// `limit` or `cursor` is invalid.
    pub(super) fn read(
        operator: &Operator,
        query: Option<&str>,
        vendor: Option<&str>,
        text: Option<&str>,
    ) -> Result<Self, Problem> {
        let Page { limit, after } = Page::read(query, LIST, LIMIT, 1..=MAX_LIMIT)?;
        let assistants = &operator.gateway().routes.assistants;
        let wanted = text.map(str::to_lowercase);
        let is_wanted = |name: &str, named: &NamedAssistant| {
            let explicit = || format!("{}:{}", named.account.name, named.id).to_lowercase();
            wanted.as_ref().is_none_or(|text| name.to_lowercase().contains(text) || explicit().contains(text))
        };
        let mut found: Vec<_> = assistants
            .iter()
            .filter(|(_, named)| vendor.is_none_or(|vendor| *named.account.name == *vendor))
            .filter(|(name, named)| is_wanted(name, named))
            .collect();
        found.sort_unstable_by_key(|(name, _)| *name);
        let key = |index: usize| found.get(index).map(|(name, _)| [&***name]);
        let start = after.map_or(0, |after| after.resume(found.len(), key));
        let end = (start + limit).min(found.len());
        let next = (end < found.len()).then(|| key(end.wrapping_sub(1))).flatten();
        let next_cursor = next.map(|last| Cursor::after(LIST, end - 1, &last).to_string());
        let data = found.get(start..end).unwrap_or_default().iter().map(|(name, named)| Name {
            assistant: name.to_string(),
            vendor: named.account.name.to_string(),
            id: named.id.to_string(),
            handling: named.handling.map(vendors::Handling::as_str),
            origin: operator.gateway().origins.assistant(name),
        });
        Ok(Self { total: assistants.len(), matching: found.len(), data: data.collect(), next_cursor })
    }
}
