//! Retell AI's operations, and what its objects tell besides the fields.
//!
//! Sources: docs.retellai.com, api-references/update-agent, update-retell-llm, create-agent, create-retell-llm, delete-agent;
//! PyPI retell-sdk 6.2.13.

use crate::canonical::Field;
use crate::dialect::{Call, Creation, Listed, Operations, Requirement};

use super::listing::LISTING;

/// A creation makes the LLM, then the agent.
pub(super) const OPERATIONS: Operations = Operations {
    update: Call::repeatable("PATCH", "/update-agent/{id}?version={version}"),
    merging: None,
    create: Some(Creation {
        call: Call::once("POST", "/create-agent"),
        required: &[Requirement::Always(Field::VoiceId)],
        nullable: &[],
        rows: &[],
        remarks: &[],
    }),
    // The LLM stays: other agents may answer with it, and the vendor does not say whether any does.
    delete: Some(Call::repeatable("DELETE", "/delete-agent/{id}")),
    list: Some(LISTING),
};

/// The agent tells what the assistant is; both objects have counters and time stamps that change with every write.
pub(super) const LISTED: Listed = Listed {
    id: "agent.agent_id",
    status: Some("agent.is_published"),
    statuses: &[("true", "\"published\""), ("false", "\"draft\"")],
    created_at: None,
    updated_at: Some("agent.last_modification_timestamp"),
    deleted_at: None,
    volatile: &[
        "agent.version",
        "agent.base_version",
        "agent.is_published",
        "agent.assigned_tags",
        "agent.last_modification_timestamp",
        "agent.response_engine.version",
        "llm.version",
        "llm.is_published",
        "llm.last_modification_timestamp",
    ],
};

/// What no page says.
pub(super) const SILENCES: &[&str] = &[
    "Whether a nested object of an agent is merged or replaced, but for the two whose text says it. They are sent whole.",
    "What makes the 412 that an update of an agent documents: no request header is.",
    "What an update does after its draft was deleted or published by someone else.",
    "Whether the LLM of a new draft has the same version in every case. The number of the agent is used for both.",
    "Whether an LLM that no agent uses is ever deleted. The deletion of an agent leaves it.",
    "How long ids are.",
    "How many requests an account may send. A 429 has no headers that tell when to go on.",
    "An idempotency key for creations.",
    "Whether a publication moves the numbers and tags that are bound to a version. The gateway binds none.",
];
