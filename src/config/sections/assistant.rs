//! `[assistants.*]`: names for assistants, so that callers need not know the vendor and its id.

use serde::Serialize;
use vendors::Handling;

use crate::config::types::handling::{self, HANDLINGS};
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("vendor", Kind::Vendor, "The vendor it lives at.").required(),
    Key::new("id", Kind::Id, "That vendor's id of it.").required(),
    Key::new(
        "handling",
        Kind::Word(HANDLINGS),
        "What becomes of fields the vendor cannot express; the client's where absent.",
    ),
]);

/// A named assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assistant {
    /// The vendor it lives at.
    pub vendor: String,
    /// That vendor's id of it, digits.
    pub id: String,
    /// Its handling, unless the request says otherwise.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "handling::serialize_choice")]
    pub handling: Option<Handling>,
}

impl Assistant {
    /// `None` where the vendor or the id is missing or wrong, which is reported.
    pub(crate) fn read(reader: &TableReader<'_>) -> Option<Self> {
        Some(Self {
            vendor: reader.text("vendor")?.to_owned(),
            id: reader.id("id")?,
            handling: reader.handling("handling"),
        })
    }
}
