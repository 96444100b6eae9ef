//! `[assistants.*]`: names for assistants, so that callers need not know the vendor and its id.

use serde::Serialize;
use vendors::{Dialect, Handling};

use crate::config::types::handling::{self, HANDLINGS};
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

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
    /// That vendor's id of it.
    pub id: String,
    /// Its handling, unless the request says otherwise.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "handling::serialize_choice")]
    pub handling: Option<Handling>,
}

impl Assistant {
    /// `None` where the vendor or the id is missing or wrong, which is reported.
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let (vendor, id) = (reader.text("vendor")?.to_owned(), reader.id("id")?);
        if let Some(dialect) = validator.dialect_of(&vendor).filter(|dialect| !dialect.is_id(&id)) {
            report_bad_id(reader, dialect, &vendor, &id, validator);
            return None;
        }
        Some(Self { vendor, id, handling: reader.handling("handling") })
    }
}

fn report_bad_id(reader: &TableReader<'_>, dialect: &Dialect, vendor: &str, id: &str, validator: &mut Validator<'_>) {
    let wrong = format_args!("is no assistant id at `{vendor}`, where ids are {}: \"{id}\"", dialect.ids.described());
    let help = match dialect.ids.meant(id) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "write the vendor's own id of the assistant".to_owned(),
    };
    validator.report(reader.error("id", ProblemKind::BadValue, wrong).help(help));
}
