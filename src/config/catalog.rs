//! `[vendors.*.catalog]`: names for a vendor's ids, used before the vendor's own lists.

use std::collections::BTreeMap;

use serde::Serialize;

use super::inspection::Inspection;
use super::name::NameRule;
use super::problem::ProblemKind;
use super::shape::{Key, Kind, Section};
use super::tree::Node;
use super::view::View;

const PAIRS: Kind = Kind::Pairs(NameRule::CatalogId, &Kind::Text);

pub(super) const SECTION: Section = Section::of(&[
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
    pub(super) fn read(view: &View<'_>, inspection: &mut Inspection<'_>) -> Self {
        Self {
            languages: pairs(view, "languages", inspection),
            voices: pairs(view, "voices", inspection),
            models: pairs(view, "models", inspection),
            multimodal_models: pairs(view, "multimodal_models", inspection),
        }
    }
}

fn pairs(view: &View<'_>, kind: &str, inspection: &mut Inspection<'_>) -> BTreeMap<String, String> {
    let view = view.table(kind);
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut pairs = BTreeMap::new();
    let named = view.entries().filter_map(|(id, entry)| Some((id, &entry.node, Node::as_text(&entry.node)?)));
    for (id, node, name) in named {
        if let Some(other) = ids.insert(name, id) {
            let message = format!("`{}` gives \"{name}\" the ids {other} and {id}", view.trail);
            let help = "updates that use this name cannot tell which is meant; make the names differ";
            let key = view.trail.key(id);
            inspection.error(ProblemKind::Duplicate, node.at, key, message, help);
        }
        pairs.insert(id.to_owned(), name.to_owned());
    }
    pairs
}
