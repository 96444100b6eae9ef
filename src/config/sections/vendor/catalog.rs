//! `[vendors.*.catalog]`: names for a vendor's ids, used before the vendor's own lists.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use vendors::{CatalogKind, language_name};

use crate::config::load::tree::Node;
use crate::config::validate::name::NameRule;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

const PAIRS: Kind = Kind::Pairs(NameRule::CatalogId, &Kind::Text);

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("languages", PAIRS, "Languages by id, as in `\"1\" = \"English\"`."),
    Key::new("voices", PAIRS, "Voices by id."),
    Key::new("models", PAIRS, "Language models by id."),
    Key::new("multimodal_models", PAIRS, "Multimodal models by id."),
    Key::new("phone_numbers", PAIRS, "Phone numbers by id."),
    Key::new("synthesizer_providers", PAIRS, "Providers of speech synthesis by id."),
    Key::new("transcriber_providers", PAIRS, "Providers of transcription by id."),
    Key::new("tools", PAIRS, "Tools of the account by id."),
    Key::new("knowledge_bases", PAIRS, "Knowledge bases by id."),
    Key::new("folders", PAIRS, "Folders by id."),
    Key::new("labels", PAIRS, "Labels by id."),
    Key::new(
        "webhooks",
        PAIRS,
        "Webhooks by id: the URL of each, as in `\"wh_1\" = \"https://hooks.example.com/calls\"`.",
    ),
]);

/// Names by id, for each kind of thing a vendor numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog([BTreeMap<String, String>; CatalogKind::COUNT]);

impl Catalog {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let catalog = Self(CatalogKind::ALL.map(|kind| pairs(reader, kind.as_str(), validator)));
        catalog.validate_languages(&reader.table(CatalogKind::Languages.as_str()), validator);
        catalog
    }

    /// Each kind with its names by id.
    pub fn kinds(&self) -> impl Iterator<Item = (CatalogKind, &BTreeMap<String, String>)> {
        CatalogKind::ALL.into_iter().zip(&self.0)
    }

    /// A language by name and the same by its code, with two ids, leaves open which of them an update means.
    fn validate_languages(&self, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
        let languages = &self.0[CatalogKind::Languages as usize];
        for (id, code) in languages {
            let Some(name) = language_name(code) else { continue };
            let Some((other, _)) = languages.iter().find(|(_, other)| other.eq_ignore_ascii_case(name)) else {
                continue;
            };
            let key = reader.key_path.key(id);
            let message =
                format!("`{}` lists {name} twice: by its code as {id}, by its name as {other}", reader.key_path);
            let help = format!("keep \"{name}\": the code is understood too");
            validator.error(ProblemKind::Conflict, reader.span(id), key, message, help);
        }
    }
}

impl Serialize for Catalog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.kinds().map(|(kind, names)| (kind.as_str(), names)))
    }
}

fn pairs(reader: &TableReader<'_>, kind: &str, validator: &mut Validator<'_>) -> BTreeMap<String, String> {
    let reader = reader.table(kind);
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    let mut pairs = BTreeMap::new();
    let named = reader.entries().filter_map(|(id, entry)| Some((id, &entry.node, Node::as_text(&entry.node)?)));
    for (id, node, name) in named {
        if let Some(other) = ids.insert(name, id) {
            let message = format!("`{}` gives \"{name}\" the ids {other} and {id}", reader.key_path);
            let help = "updates that use this name cannot tell which is meant; make the names differ";
            let key = reader.key_path.key(id);
            validator.error(ProblemKind::Duplicate, node.span, key, message, help);
        } else if let Some(other) = folded.insert(name.to_lowercase(), name) {
            let message = format!("`{}`: \"{other}\" and \"{name}\" differ in letter case only", reader.key_path);
            let help = "an update has to write them exactly so, or cannot tell which is meant";
            validator.warn(ProblemKind::Duplicate, node.span, reader.key_path.key(id), message, help);
        }
        pairs.insert(id.to_owned(), name.to_owned());
    }
    pairs
}
