//! The catalogs of the sample account: languages, models and voices.

use serde_json::Value;

use crate::{http::query, validation::ValidationErrors};

use super::field_names::FieldNames;

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

    /// The models. The current documentation has a `type`, the legacy one does not.
    pub(crate) fn models(&self, names: FieldNames, query: Option<&str>) -> Result<Value, ValidationErrors> {
        let wanted = query::value(query, "type").filter(|_| names == FieldNames::Current);
        match wanted {
            None | Some("llm") => Ok(self.entries("models").into()),
            Some("multimodal" | "dualplex") => Ok(self.entries("multimodal_models").into()),
            Some(_) => {
                let mut errors = ValidationErrors::default();
                errors.add("type", "The selected type is invalid.");
                Err(errors)
            }
        }
    }

    /// The voices, filtered by mode and language where the entries have them.
    pub(crate) fn voices(&self, query: Option<&str>) -> Value {
        let (mode, language) = (query::value(query, "mode"), query::value(query, "language_id"));
        let fits = |voice: &&Value| {
            let known = |member| voice.get(member).filter(|value| !value.is_null());
            let mode_fits = mode.is_none_or(|mode| known("mode").is_none_or(|of| of == mode));
            let language_fits =
                language.is_none_or(|id| known("language_id").is_none_or(|of| of.as_u64() == id.parse().ok()));
            mode_fits && language_fits
        };
        self.entries("voices").iter().filter(fits).cloned().collect()
    }
}
