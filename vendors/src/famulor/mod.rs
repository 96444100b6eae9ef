//! Famulor ("Classic"): the same revision as Intellixent's without the three fields about ended conversations.
//!
//! Source: <https://docs.famulor.io/en/api-reference/assistants/update>; tool types from its public source,
//! <https://github.com/bekgroup/Famulor-docs-de>, at commit de87290, where that source has this page's text.

mod answers;

use crate::canonical::Field;
use crate::dialect::{Dialect, Row, rows};
use crate::{autocalls, intellixent};

/// Famulor.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "famulor",
    title: "Famulor",
    base_url: "https://app.famulor.de/api",
    page: "https://docs.famulor.io/en/api-reference/assistants/update",
    rows: rows!(row),
    catalogs: autocalls::CATALOGS,
    answers: answers::ANSWERS,
};

/// The difference from that revision.
const fn row(field: Field) -> Row {
    match field {
        Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => {
            Row::unsupported("This vendor's page has no settings for ended conversations.")
        }
        Field::SynthesizerProviderId | Field::TranscriberProviderId => {
            Row::SAME.note("Here `null` is the system's default voice.")
        }
        Field::MaxInitialSilenceDuration | Field::PostCallSchema => autocalls::row(field),
        _ => intellixent::row(field),
    }
}
