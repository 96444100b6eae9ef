//! Intellixent: the March 2026 revision of the current dialect, before folders, labels and the newest tools.
//!
//! Sources: <https://docs.intellixent.ai/api-reference/assistants/update-assistant>; field names, which that page's
//! text leaves out, and the tool types from its public source, <https://github.com/hamzazahi/intellixent.ai>.

use crate::autocalls;
use crate::canonical::Field;
use crate::dialect::{Dialect, Lack, Row, Rule, rows};

/// Intellixent.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "intellixent",
    title: "Intellixent",
    base_url: "https://portal.intellixent.ai/api",
    page: "https://docs.intellixent.ai/api-reference/assistants/update-assistant",
    rows: rows!(row),
    catalogs: autocalls::CATALOGS,
    answers: autocalls::ANSWERS,
};

const UNSTATED: &str = "The vendor's page states no limits; its public source has the canonical ones.";

/// The difference from the base: no folders, no labels, fewer tools.
pub(crate) const fn row(field: Field) -> Row {
    match field {
        Field::FolderId | Field::LabelIds => Row::unsupported("This vendor's page has no folders and labels."),
        Field::Tools => Row::by(Rule::Without(&[
            Lack::Variant("assistant_transfer"),
            Lack::Members(
                "calendar_integration",
                &[
                    "calendar_type",
                    "calcom_event_id",
                    "calcom_event_name",
                    "calendly_api_key",
                    "calendly_event_type_uri",
                ],
            ),
        ])),
        Field::MaxInitialSilenceDuration | Field::PostCallSchema => Row::SAME.note(UNSTATED),
        _ => autocalls::row(field),
    }
}
