//! The vendors' documentation as data, embedded from `vendors/contracts/<vendor>`.
//!
//! The build script lists the files. Other packages' tests read them through this module too. The white labels of the
//! platform have a [`Contract`] each; a vendor with an API of its own, whose folder has an `api.json`, a
//! [`FamilyContract`].

mod create;
mod families;

use serde_json::Value;

pub use families::{FAMILIES, FamilyContract};

include!(concat!(env!("OUT_DIR"), "/contracts.rs"));

/// One vendor's documentation: the texts of its files, each of them a JSON document.
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
    /// Every operation with its method, path, query and answers.
    pub operations: &'static str,
    /// How the body of a creation differs from that of an update, and what a new assistant has.
    pub create: &'static str,
    /// Numbers, providers, tools, knowledge bases, folders and labels of the sample account.
    pub resources: &'static str,
    /// The documented example requests as `(slug, text)`, by slug.
    pub examples: &'static [(&'static str, &'static str)],
    /// The documented responses as `(slug, text)`, by slug; each has `status`, `body` and `source`.
    pub answers: &'static [(&'static str, &'static str)],
}

impl Contract {
    /// The slug of the documented page of the list of assistants, which has a file of its own.
    pub const LIST: &str = "200-assistants";

    /// The response with this slug as `(status, body)`; `None` if there is none or it is malformed.
    #[must_use]
    pub fn answer(&self, slug: &str) -> Option<(u16, Value)> {
        if slug == Self::LIST {
            return Some((200, parsed(self.assistants)?.get_mut("body")?.take()));
        }
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

/// The JSON Schema of `vendor`'s creation: that of the update, with what `create.json` states.
#[must_use]
pub fn create_schema(vendor: &str) -> Option<Value> {
    let contract = find(vendor)?;
    create::schema(parsed(contract.schema)?, &parsed(contract.create)?)
}

/// The operations of `vendor`.
#[must_use]
pub fn operations(vendor: &str) -> Option<Value> {
    Some(parsed(find(vendor)?.operations)?.get_mut("operations")?.take())
}

/// The body, defaults and status of `vendor`'s creation.
#[must_use]
pub fn create(vendor: &str) -> Option<Value> {
    parsed(find(vendor)?.create)
}

/// The further resources of `vendor`'s sample account.
#[must_use]
pub fn resources(vendor: &str) -> Option<Value> {
    Some(parsed(find(vendor)?.resources)?.get_mut("resources")?.take())
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

/// The documented example requests of `vendor` as `(slug, text)`; empty for an unknown vendor.
#[must_use]
pub fn examples(vendor: &str) -> &'static [(&'static str, &'static str)] {
    find(vendor).map_or(&[], |contract| contract.examples)
}

/// The documented responses of `vendor` as `(slug, text)`; empty for an unknown vendor.
#[must_use]
pub fn answers(vendor: &str) -> &'static [(&'static str, &'static str)] {
    find(vendor).map_or(&[], |contract| contract.answers)
}

/// The contract of a vendor with an API of its own, or `None` for a name that is not in [`FAMILIES`].
#[must_use]
pub fn family(vendor: &str) -> Option<&'static FamilyContract> {
    families::find(vendor)
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_json_and_every_response_can_be_sent() {
        for name in NAMES {
            let contract = find(name).expect("every name has a contract");
            for document in [
                schema(name),
                create_schema(name),
                operations(name),
                create(name),
                resources(name),
                endpoint(name),
                catalogs(name),
            ] {
                assert!(document.is_some_and(|value| value.is_object()), "{name}");
            }
            for (slug, text) in contract.examples {
                assert!(parsed(text).is_some(), "{name} {slug}");
            }
            assert!(contract.answer(Contract::LIST).is_some_and(|(_, page)| page["data"].is_array()), "{name}");
            for (slug, _) in contract.answers {
                assert!(contract.answer(slug).is_some(), "{name} {slug}");
            }
        }
    }

    #[test]
    fn an_unknown_vendor_has_no_contract() {
        assert!(find("unknown").is_none());
        assert!(examples("unknown").is_empty() && answers("unknown").is_empty());
    }
}
