//! The catalogs of the sample account: languages, models and voices.

use serde_json::Value;

use crate::{http::query, validation::ValidationErrors};

use super::routes::Row;

/// The catalogs as the contract has them.
#[derive(Debug)]
pub(crate) struct Catalogs(Value);

impl Catalogs {
    pub(crate) const fn new(catalogs: Value) -> Self {
        Self(catalogs)
    }

    /// All entries of one catalog; empty if there is no such catalog.
    pub(crate) fn entries(&self, catalog: &str) -> &[Value] {
        self.0.get(catalog).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Whether an entry's `member` is `value`.
    pub(crate) fn has(&self, catalog: &str, member: &str, value: &Value) -> bool {
        self.entries(catalog).iter().any(|entry| entry.get(member) == Some(value))
    }

    /// The id of the entry with this name, or `null`.
    pub(crate) fn id_of(&self, catalog: &str, name: &Value) -> Value {
        let entry = self.entries(catalog).iter().find(|entry| entry.get("name") == Some(name));
        entry.and_then(|entry| entry.get("id")).cloned().unwrap_or_default()
    }

    /// A member of the catalog's first entry, or `null`.
    pub(crate) fn first(&self, catalog: &str, member: &str) -> Value {
        self.entries(catalog).first().and_then(|entry| entry.get(member)).cloned().unwrap_or_default()
    }

    /// A member of the entry with this id, or `null`.
    pub(crate) fn member(&self, catalog: &str, id: &Value, member: &str) -> Value {
        let entry = self.entries(catalog).iter().find(|entry| entry.get("id") == Some(id));
        entry.and_then(|entry| entry.get(member)).cloned().unwrap_or_default()
    }

    /// The models and the name of their catalog. Older documentation has no `type`.
    pub(crate) fn models(&self, row: &Row, query: Option<&str>) -> Result<(&'static str, &[Value]), ValidationErrors> {
        let wanted = query::decoded(query, "type").filter(|_| row.has_query("type"));
        let name = match wanted.as_deref() {
            None | Some("llm") => "models",
            Some("multimodal" | "dualplex") => "multimodal_models",
            Some(_) => {
                let mut errors = ValidationErrors::default();
                errors.add("type", "The selected type is invalid.");
                return Err(errors);
            }
        };
        Ok((name, self.entries(name)))
    }

    /// The voices, filtered by the documented parameters where the entries have them.
    pub(crate) fn voices(&self, row: &Row, query: Option<&str>) -> Value {
        let filters: Vec<_> =
            row.query.iter().filter_map(|name| Some((name.as_str(), query::decoded(query, name)?))).collect();
        let fits = |voice: &&Value| filters.iter().all(|(name, wanted)| voice_fits(voice, name, wanted));
        self.entries("voices").iter().filter(fits).cloned().collect()
    }
}

fn voice_fits(voice: &Value, filter: &str, wanted: &str) -> bool {
    let text = |member: &str| match voice.get(member) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    match filter {
        "search" => {
            let wanted = wanted.to_lowercase();
            let searched = ["name", "accent", "age", "gender"].into_iter().filter_map(text);
            searched.into_iter().any(|value| value.to_lowercase().contains(&wanted))
        }
        // A voice without a mode or a language may have any.
        "mode" | "language_id" => text(filter).is_none_or(|value| value == wanted),
        _ => text(filter).is_some_and(|value| value.eq_ignore_ascii_case(wanted)),
    }
}
