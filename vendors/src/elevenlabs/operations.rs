//! The operations on agents, what a PATCH would lose, and what no source says.
//!
//! Sources: the vendor's OpenAPI as <https://github.com/tryAGI/ElevenLabs> keeps it (5e75192, 2026-08-22), the SDK `elevenlabs`
//! 2.78.0 (PyPI), and <https://github.com/elevenlabs/plugin> on how a PATCH merges.

use crate::canonical::Field;
use crate::dialect::{
    Call, Capture, CreateObject, Creation, Listed, Object, Operations, Path, Plan, Reading, Splice, Splicing,
};

use super::listing::LISTING;
use super::paths::{CLIENT_EVENTS, DATA_COLLECTION, KNOWLEDGE_BASE, LANGUAGE_PRESETS, WEBHOOK_EVENTS};
use super::tools;

const CREATE: Call = Call::once("POST", "/v1/convai/agents/create");
const READ: Call = Call::repeatable("GET", "/v1/convai/agents/{id}?branch_id={branch}");
const UPDATE: Call = Call::repeatable("PATCH", "/v1/convai/agents/{id}?branch_id={branch}");

pub(super) const OPERATIONS: Operations = Operations {
    update: UPDATE,
    merging: None,
    create: Some(Creation { call: CREATE, required: &[], nullable: &[], rows: &[], remarks: &[] }),
    delete: Some(Call::repeatable("DELETE", "/v1/convai/agents/{id}")),
    list: Some(LISTING),
};

/// An update is a PATCH, which merges objects at any depth. It becomes live at once on the branch `main`.
pub(super) const PLAN: Plan = Plan {
    objects: &[Object {
        name: "",
        title: "the agent",
        read: READ,
        write: UPDATE,
        create: Some(CreateObject {
            call: CREATE,
            // The only member that a new agent needs.
            members: r#"{"conversation_config":{}}"#,
            captures: &[Capture { name: "id", path: &["agent_id"], or_else: "" }],
            is_told: false,
        }),
        captures: &[],
        is_always_read: false,
    }],
    draft: None,
    publish: None,
    parameters: &["branch"],
};

/// Arrays are replaced (<https://github.com/elevenlabs/elevenlabs-python/issues/547>). Of maps with names that users choose no
/// source says whether they are merged or replaced, so that all of them is sent.
pub(super) const SPLICES: &[Splice] = &[
    // The OpenAPI's example of a new agent.
    Splice { path: CLIENT_EVENTS, how: Splicing::WordsOr(&["audio", "interruption"]) },
    Splice { path: WEBHOOK_EVENTS, how: Splicing::WordsOr(&["transcript"]) },
    Splice { path: KNOWLEDGE_BASE, how: Splicing::Elements { key: "id" } },
    Splice { path: LANGUAGE_PRESETS, how: Splicing::Only },
    Splice { path: DATA_COLLECTION, how: Splicing::Only },
    transfers(tools::NUMBERS, ""),
    transfers(tools::AGENTS, "agent_id"),
];

const fn transfers(path: Path, name: &'static str) -> Splice {
    Splice { path, how: Splicing::Replacing { key: "type", is: &[], name, says: tools::SAYS } }
}

/// `metadata` has the time stamps, `version_id` changes with every update.
pub(super) const LISTED: Listed = Listed {
    id: "agent_id",
    status: Some("platform_settings.archived"),
    statuses: &[("false", "\"active\""), ("true", "\"archived\"")],
    created_at: Some("metadata.created_at_unix_secs"),
    updated_at: Some("metadata.updated_at_unix_secs"),
    deleted_at: None,
    volatile: &["metadata", "version_id"],
};

pub(super) const SILENCES: &[&str] = &[
    "Whether a PATCH merges or replaces maps with names of the user's own: `data_collection`, `language_presets`, \
     `dynamic_variable_placeholders`. All wanted entries are sent; if the vendor merges, entries that are to go stay, and the \
     comparison with its response says so.",
    "Whether `null` removes a built-in tool, the background sound, and which leaves of the configuration take `null`.",
    "Which events a webhook of an agent sends that does not list them. `transcript` is taken to be the only one.",
    "How high the limits of requests are, and how long to wait after a 429.",
    "An idempotency key for creations, and conditional requests.",
    "Whether two agents may have the same name, and how long a cursor of the list is valid.",
    "Which webhook an agent without its own calls. The workspace's settings name one for all agents, and an agent's settings override \
     that; it is taken to be called then.",
    "What becomes of the branch and the environment that a phone number was given for another agent. Both are the number's; only \
     a configured `branch` is sent.",
    "What a deletion does to phone numbers and to agents that transfer to the deleted one.",
    "Whether the older turn detection (`turn.mode`) and the filter of voices in the background (`vad`) are still stored: the \
     OpenAPI has them, the SDK has not.",
    "Which values `turn_timeout`, `silence_end_call_timeout` and `max_duration_seconds` may have.",
];

/// Everything that is written can be read, but where two fields have one place: it is told as the field that fits it best. Of a
/// webhook an agent tells the id, and only the workspace its URL.
pub(super) const fn reading(field: Field) -> Reading {
    match field {
        Field::ChatLlmFallbackId | Field::SynthesizerProviderId | Field::WebhookUrl | Field::IsWebhookActive => {
            Reading::Never
        }
        _ => Reading::Backwards,
    }
}
