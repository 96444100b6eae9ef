//! Gloriagent: the January 2026 revision of the current dialect, with four tool types and no filler phrases.
//!
//! Source: <https://docs.gloriagent.ai/api-reference/assistants/update-assistant>.

use crate::autocalls;
use crate::canonical::Field;
use crate::dialect::{Answers, Dialect, Lack, Row, Rule, rows};

/// Gloriagent.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "gloriagent",
    title: "Gloriagent",
    base_url: "https://app.gloriagent.ai/api",
    page: "https://docs.gloriagent.ai/api-reference/assistants/update-assistant",
    rows: rows!(row),
    catalogs: autocalls::CATALOGS,
    answers: Answers { catalogs: autocalls::CATALOGS_BEFORE_VOICE_PROVIDERS, ..autocalls::ANSWERS },
};

/// The difference from the base.
const fn row(field: Field) -> Row {
    match field {
        Field::FolderId | Field::LabelIds => Row::unsupported("This vendor's page has no folders and labels."),
        Field::FillerConfig => Row::unsupported("This vendor's page has `fillers` but no filler phrases."),
        Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => {
            Row::unsupported("This vendor's page has no settings for ended conversations.")
        }
        Field::Tools => Row::by(Rule::Without(&[
            Lack::Variant("warm_call_transfer"),
            Lack::Variant("collect_keypad"),
            Lack::Variant("assistant_transfer"),
            Lack::Members("call_transfer", &["warm_transfer", "warm_transfer_message"]),
            Lack::Members(
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
