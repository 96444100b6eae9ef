//! Intellixent: the March 2026 revision of the current dialect, before folders, labels and the newest tools.
//!
//! Sources: <https://docs.intellixent.ai/api-reference/assistants/update-assistant>; field names, which its text leaves
//! out, and tool types from its public source, <https://github.com/hamzazahi/intellixent.ai>.

use crate::autocalls;
use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::{Auth, CatalogSpec, Dialect, Row, Rule, UndocumentedFields, Unsupported, catalogs, rows};

/// Intellixent.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "intellixent",
    title: "Intellixent",
    base_url: "https://portal.intellixent.ai/api",
    documentation: "https://docs.intellixent.ai/api-reference/assistants/update-assistant",
    experimental: true,
    ids: autocalls::IDS,
    auth: Auth::Bearer,
    operations: autocalls::OPERATIONS,
    listed: autocalls::LISTED,
    plan: None,
    splices: &[],
    rows: rows!(row, autocalls::reading),
    catalogs: catalogs!(catalog),
    responses: autocalls::RESPONSES,
    silences: autocalls::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// The catalogs: no folders, no labels.
const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    match kind {
        CatalogKind::Folders | CatalogKind::Labels | CatalogKind::Webhooks => None,
        _ => autocalls::catalog(kind),
    }
}

const UNSTATED_LIMITS: &str = "The documentation states no limits; its public source has the canonical ones.";

/// The differences from the current dialect: no folders, no labels, fewer tools.
pub(crate) const fn row(field: Field) -> Row {
    match field {
        Field::FolderId | Field::LabelIds => Row::unsupported("folders and labels"),
        Field::Tools => Row::by(Rule::Without(&[
            Unsupported::Variant("assistant_transfer"),
            Unsupported::Members(
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
        Field::MaxInitialSilenceDuration | Field::PostCallSchema => Row::SAME.note(UNSTATED_LIMITS),
        _ => autocalls::row(field),
    }
}
