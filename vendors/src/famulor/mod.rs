//! Famulor ("Classic"): Intellixent's revision without the three fields for ended conversations.
//!
//! Source: <https://docs.famulor.io/en/api-reference/assistants/update>; the tool types from its public source,
//! <https://github.com/bekgroup/Famulor-docs-de>, at commit de87290, which has the same text.

mod responses;

use crate::canonical::Field;
use crate::dialect::{Auth, Creation, Dialect, Form, Operations, Reading, Row, UndocumentedFields, rows};
use crate::{autocalls, intellixent};

/// Famulor.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "famulor",
    title: "Famulor",
    base_url: "https://app.famulor.de/api",
    documentation: "https://docs.famulor.io/en/api-reference/assistants/update",
    experimental: true,
    ids: autocalls::IDS,
    auth: Auth::Bearer,
    operations: OPERATIONS,
    listed: autocalls::LISTED,
    plan: None,
    splices: &[],
    rows: rows!(row, reading),
    catalogs: autocalls::CATALOGS,
    responses: responses::RESPONSES,
    silences: autocalls::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// The page of creations has five fields that the page of updates lacks.
const OPERATIONS: Operations = Operations {
    create: Some(Creation {
        rows: &[
            (Field::FolderId, Row::SAME),
            (Field::LabelIds, Row::SAME),
            (Field::ConversationInactivityTimeout, Row::SAME),
            (Field::ConversationEndedRetrigger, Row::SAME),
            (Field::ConversationEndedWebhookUrl, Row::SAME),
        ],
        ..autocalls::CREATION
    }),
    ..autocalls::OPERATIONS
};

/// The list has two fields more than the platform's other lists.
const fn reading(field: Field) -> Reading {
    match field {
        Field::RingingTime | Field::MaxInitialSilenceDuration => Reading::As(Form::Same),
        _ => autocalls::reading(field),
    }
}

/// The differences from Intellixent's revision.
const fn row(field: Field) -> Row {
    match field {
        Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => {
            Row::unsupported("settings for ended conversations in updates, only in creations")
        }
        Field::FolderId | Field::LabelIds => Row::unsupported("folders and labels in updates, only in creations"),
        Field::SynthesizerProviderId | Field::TranscriberProviderId => {
            Row::SAME.note("`null` is the system's default voice.")
        }
        Field::MaxInitialSilenceDuration | Field::PostCallSchema => autocalls::row(field),
        _ => intellixent::row(field),
    }
}
