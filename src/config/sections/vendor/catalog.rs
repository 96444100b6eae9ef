//! `[vendors.*.catalog]`: names for a vendor's ids, used before the vendor's own lists.

use std::collections::BTreeMap;

use serde::Serialize;
use vendors::language_name;

use crate::config::load::tree::Node;
use crate::config::validate::name::NameRule;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::validator::Validator;
use crate::config::validate::view::View;

const PAIRS: Kind = Kind::Pairs(NameRule::CatalogId, &Kind::Text);

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("languages", PAIRS, "Languages by id, as in `\"1\" = \"English\"`."),
    Key::new("voices", PAIRS, "Voices by id."),
    Key::new("models", PAIRS, "Language models by id."),
    Key::new("multimodal_models", PAIRS, "Multimodal models by id."),
]);

/// Names by id, for each kind of thing a vendor numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Catalog {
    /// Languages.
    pub languages: BTreeMap<String, String>,
    /// Voices.
    pub voices: BTreeMap<String, String>,
    /// Language models.
    pub models: BTreeMap<String, String>,
    /// Multimodal models.
    pub multimodal_models: BTreeMap<String, String>,
}

impl Catalog {
    pub(crate) fn read(view: &View<'_>, inspection: &mut Validator<'_>) -> Self {
        let catalog = Self {
            languages: pairs(view, "languages", inspection),
            voices: pairs(view, "voices", inspection),
            models: pairs(view, "models", inspection),
            multimodal_models: pairs(view, "multimodal_models", inspection),
        };
        catalog.validate_languages(&view.table("languages"), inspection);
        catalog
    }

    /// A language by name and the same by its code, with two ids, leaves open which of them an update means.
    fn validate_languages(&self, view: &View<'_>, inspection: &mut Validator<'_>) {
        for (id, code) in &self.languages {
            let Some(name) = language_name(code) else { continue };
            let Some((other, _)) = self.languages.iter().find(|(_, other)| other.eq_ignore_ascii_case(name)) else {
                continue;
            };
            let key = view.trail.key(id);
            let message = format!("`{}` lists {name} twice: by its code as {id}, by its name as {other}", view.trail);
            let help = format!("keep \"{name}\": the code is understood too");
            inspection.error(ProblemKind::Conflict, view.at(id), key, message, help);
        }
    }
}

fn pairs(view: &View<'_>, kind: &str, inspection: &mut Validator<'_>) -> BTreeMap<String, String> {
    let view = view.table(kind);
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    let mut pairs = BTreeMap::new();
    let named = view.entries().filter_map(|(id, entry)| Some((id, &entry.node, Node::as_text(&entry.node)?)));
    for (id, node, name) in named {
        if let Some(other) = ids.insert(name, id) {
            let message = format!("`{}` gives \"{name}\" the ids {other} and {id}", view.trail);
            let help = "updates that use this name cannot tell which is meant; make the names differ";
            let key = view.trail.key(id);
            inspection.error(ProblemKind::Duplicate, node.at, key, message, help);
        } else if let Some(other) = folded.insert(name.to_lowercase(), name) {
            let message = format!("`{}`: \"{other}\" and \"{name}\" differ in letter case only", view.trail);
            let help = "an update has to write them exactly so, or cannot tell which is meant";
            inspection.warn(ProblemKind::Duplicate, node.at, view.trail.key(id), message, help);
        }
        pairs.insert(id.to_owned(), name.to_owned());
    }
    pairs
}
