//! The documentation of vendors with an API of their own: nested documents, string ids, other verbs.

use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/families.rs"));

/// One vendor's documentation: the texts of its files, each of them a JSON document.
#[derive(Debug, Clone, Copy)]
pub struct FamilyContract {
    /// The vendor's name, as in [`FAMILIES`].
    pub vendor: &'static str,
    /// Base URL, authentication, what an update replaces and merges, and every operation.
    pub api: &'static str,
    /// The members of each object that can be written.
    pub objects: &'static str,
    /// The sample account: objects as a reading request tells them.
    pub seeds: &'static str,
    /// Every shape of an error, by slug.
    pub answers: &'static str,
    /// The lists of voices, models, tools and so on that the vendor serves.
    pub catalogs: &'static str,
}

impl FamilyContract {
    /// `api.json`.
    #[must_use]
    pub fn api(&self) -> Value {
        parsed(self.api)
    }

    /// `objects.json`.
    #[must_use]
    pub fn objects(&self) -> Value {
        parsed(self.objects)
    }

    /// `seeds.json`.
    #[must_use]
    pub fn seeds(&self) -> Value {
        parsed(self.seeds)
    }

    /// `answers.json`.
    #[must_use]
    pub fn answers(&self) -> Value {
        parsed(self.answers)
    }

    /// `catalogs.json`.
    #[must_use]
    pub fn catalogs(&self) -> Value {
        parsed(self.catalogs)
    }

    /// The response with this slug as `(status, body)`; `None` if there is none.
    #[must_use]
    pub fn answer(&self, slug: &str) -> Option<(u16, Value)> {
        let mut answers = self.answers();
        let answer = answers.get_mut("answers")?.get_mut(slug)?;
        let status = u16::try_from(answer.get("status")?.as_u64()?).ok()?;
        Some((status, answer.get_mut("body")?.take()))
    }

    /// The slugs of all responses.
    #[must_use]
    pub fn slugs(&self) -> Vec<String> {
        let answers = self.answers();
        answers.get("answers").and_then(Value::as_object).into_iter().flat_map(|all| all.keys().cloned()).collect()
    }
}

/// The contract of `vendor`, or `None` for a name that is not in [`FAMILIES`].
pub(super) fn find(vendor: &str) -> Option<&'static FamilyContract> {
    CONTRACTS.iter().find(|contract| contract.vendor == vendor)
}

/// `null` for a text that is not JSON; a test holds that every file is.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_json_object_and_every_response_can_be_sent() {
        for name in FAMILIES {
            let contract = find(name).expect("every name has a contract");
            let files = [contract.api(), contract.objects(), contract.seeds(), contract.answers(), contract.catalogs()];
            assert!(files.iter().all(|file| file["vendor"] == name), "{name}");
            assert!(contract.slugs().len() > 9, "{name}");
            for slug in contract.slugs() {
                let (status, body) = contract.answer(&slug).expect(&slug);
                assert!(slug.starts_with(&format!("{status}-")) && body.is_object(), "{name} {slug}");
            }
        }
        assert!(find("sondos").is_none());
    }
}
