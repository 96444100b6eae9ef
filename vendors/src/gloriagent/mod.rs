//! Gloriagent: the January 2026 revision of the current dialect, with four tool types and no filler phrases.
//!
//! Source: <https://docs.gloriagent.ai/api-reference/assistants/update-assistant>.

use crate::autocalls;
use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::{Auth, CatalogSpec, Dialect, Row, Rule, UndocumentedFields, Unsupported, catalogs, rows};

/// Gloriagent.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "gloriagent",
    title: "Gloriagent",
    base_url: "https://app.gloriagent.ai/api",
    documentation: "https://docs.gloriagent.ai/api-reference/assistants/update-assistant",
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

/// The catalogs: no folders, no labels, and no endpoint for providers, although assistants have them.
const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    match kind {
        CatalogKind::Voices => Some(autocalls::VOICES_BEFORE_PROVIDERS),
        CatalogKind::SynthesizerProviders
        | CatalogKind::TranscriberProviders
        | CatalogKind::Folders
        | CatalogKind::Labels
        | CatalogKind::Webhooks => None,
        _ => autocalls::catalog(kind),
    }
}

/// The differences from the current dialect.
const fn row(field: Field) -> Row {
    match field {
        Field::FolderId | Field::LabelIds => Row::unsupported("folders and labels"),
        Field::FillerConfig => Row::unsupported("filler phrases, only `fillers`"),
        Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => Row::unsupported("settings for ended conversations"),
        Field::Tools => Row::by(Rule::Without(&[
            Unsupported::Variant("warm_call_transfer"),
            Unsupported::Variant("collect_keypad"),
            Unsupported::Variant("assistant_transfer"),
            Unsupported::Members("call_transfer", &["warm_transfer", "warm_transfer_message"]),
            Unsupported::Members(
                "calendar_integration",
                &[
                    "calendar_type",
                    "description",
                    "calcom_team_slug",
                    "calcom_endpoint",
                    "calcom_custom_endpoint",
                    "calcom_event_id",
                    "calcom_event_name",
                    "calcom_booking_fields",
                    "calendly_api_key",
                    "calendly_event_type_uri",
                ],
            ),
        ])),
        _ => autocalls::row(field),
    }
}
