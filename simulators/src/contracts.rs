//! The vendors' pages as data, embedded.
//!
//! The files are the ones under `vendors/contracts/<vendor>`; the build script lists them. Tests elsewhere read them
//! through this module, so that the pages are asserted in one place.

use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/contracts.rs"));

/// One vendor's page: the texts of its files, each of them a JSON document.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    /// The vendor's name, as in [`NAMES`].
    pub vendor: &'static str,
    /// JSON Schema 2020-12 of the update's body.
    pub schema: &'static str,
    /// Title, base URL, method and path of the update.
    pub endpoint: &'static str,
    /// Languages, models, multimodal models and voices of the sample account.
    pub catalogs: &'static str,
    /// A page of the list of assistants, with its source.
    pub assistants: &'static str,
    /// The page's example requests as `(slug, text)`, by slug.
    pub examples: &'static [(&'static str, &'static str)],
    /// The page's answers as `(slug, text)`, by slug; each holds `status`, `body` and `source`.
    pub answers: &'static [(&'static str, &'static str)],
}

impl Contract {
    /// The answer with this slug as `(status, body)`; `None` if there is none or it is malformed.
    #[must_use]
    pub fn answer(&self, slug: &str) -> Option<(u16, Value)> {
        let (_, text) = self.answers.iter().find(|(name, _)| *name == slug)?;
        let mut file: Value = serde_json::from_str(text).ok()?;
        let status = u16::try_from(file.get("status")?.as_u64()?).ok()?;
        Some((status, file.get_mut("body")?.take()))
    }
}

/// The contract of `vendor`, or `None` for a name that is not in [`NAMES`].
#[must_use]
pub fn find(vendor: &str) -> Option<&'static Contract> {
    CONTRACTS.iter().find(|contract| contract.vendor == vendor)
}

/// The JSON Schema of `vendor`'s update.
#[must_use]
pub fn schema(vendor: &str) -> Option<Value> {
    parsed(find(vendor)?.schema)
}

/// Title, base URL, method and path of `vendor`'s update.
#[must_use]
pub fn endpoint(vendor: &str) -> Option<Value> {
    parsed(find(vendor)?.endpoint)
}

/// The catalogs of `vendor`'s sample account.
#[must_use]
pub fn catalogs(vendor: &str) -> Option<Value> {
    parsed(find(vendor)?.catalogs)
}

/// The example requests of `vendor`'s page as `(slug, text)`; empty for an unknown vendor.
#[must_use]
pub fn examples(vendor: &str) -> &'static [(&'static str, &'static str)] {
    find(vendor).map_or(&[], |contract| contract.examples)
}

/// The answers of `vendor`'s page as `(slug, text)`; empty for an unknown vendor.
#[must_use]
pub fn answers(vendor: &str) -> &'static [(&'static str, &'static str)] {
    find(vendor).map_or(&[], |contract| contract.answers)
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_json_and_every_answer_can_be_given() {
        for name in NAMES {
            let contract = find(name).expect("every name has a contract");
            for document in [schema(name), endpoint(name), catalogs(name)] {
                assert!(document.is_some_and(|value| value.is_object()), "{name}");
            }
            for (slug, text) in contract.examples {
                assert!(parsed(text).is_some(), "{name} {slug}");
            }
            for (slug, _) in contract.answers {
                assert!(contract.answer(slug).is_some(), "{name} {slug}");
            }
        }
    }

    #[test]
    fn an_unknown_vendor_has_no_contract() {
        assert!(find("nobody").is_none());
        assert!(examples("nobody").is_empty() && answers("nobody").is_empty());
    }
}
