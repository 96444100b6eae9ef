//! The requests of an operation at Retell AI, and the parts of its objects that it replaces whole.
//!
//! Sources: docs.retellai.com, agent/version, create-agent-version, publish-agent-version; the texts of the members in PyPI
//! retell-sdk 6.2.13.

use crate::dialect::{Call, Capture, CreateObject, Draft, Object, Plan, Publish, Splice, Splicing};

/// The agent is read first, as it tells the version and the LLM. The LLM is written first, so that an agent never becomes live
/// before what it answers with.
pub(super) const PLAN: Plan = Plan {
    objects: &[AGENT, LLM],
    draft: Some(Draft {
        is_published: &["is_published"],
        call: Call::once("POST", "/create-agent-version/{id}"),
        body: r#"{"base_version":{version}}"#,
        captures: &[VERSION],
    }),
    publish: Some(Publish {
        call: Call::once("POST", "/publish-agent-version/{id}"),
        body: r#"{"version":{version}}"#,
        version: "version",
    }),
    parameters: &[],
};

const VERSION: Capture = Capture { name: "version", path: &["version"], or_else: "" };

const AGENT: Object = Object {
    name: "agent",
    title: "the agent",
    read: Call::repeatable("GET", "/get-agent/{id}"),
    write: Call::repeatable("PATCH", "/update-agent/{id}?version={version}"),
    create: Some(CreateObject {
        call: Call::once("POST", "/create-agent"),
        members: r#"{"response_engine":{"type":"retell-llm","llm_id":"{llm_id}"}}"#,
        captures: &[Capture { name: "id", path: &["agent_id"], or_else: "" }],
        is_told: true,
    }),
    captures: &[
        VERSION,
        Capture {
            name: "llm_id",
            path: &["response_engine", "llm_id"],
            or_else: "has a response engine of another kind: a conversation flow or an LLM of its owner",
        },
    ],
    is_always_read: true,
};

const LLM: Object = Object {
    name: "llm",
    title: "the LLM",
    read: Call::repeatable("GET", "/get-retell-llm/{llm_id}?version={version}"),
    write: Call::repeatable("PATCH", "/update-retell-llm/{llm_id}?version={version}"),
    create: Some(CreateObject {
        call: Call::once("POST", "/create-retell-llm"),
        // The page calls it required.
        members: r#"{"start_speaker":"agent"}"#,
        captures: &[Capture { name: "llm_id", path: &["llm_id"], or_else: "" }],
        is_told: true,
    }),
    captures: &[],
    is_always_read: false,
};

/// Of the members below `model_config` each is replaced whole, and absent ones stay. `contact_memory_config` is merged. Of all
/// other objects no text says what happens to members that are not sent, so they are sent whole.
pub(super) const SPLICES: &[Splice] = &[
    at(&["agent", "language"], Splicing::Headed { unset: "\"en-US\"" }),
    at(&["agent", "interruption_sensitivity"], Splicing::Conditional { key: &[] }),
    at(&["agent", "denoising_mode"], Splicing::Conditional { key: &[] }),
    at(&["agent", "data_storage_setting"], Splicing::Conditional { key: &[] }),
    at(&["agent", "voicemail_option"], Splicing::Conditional { key: &["action", "type"] }),
    at(&["agent", "handbook_config"], Splicing::Whole),
    at(&["agent", "custom_stt_config"], Splicing::WholeOf { kind: &["agent", "custom_stt_config", "provider"] }),
    at(&["agent", "custom_stt_config", "endpointing_ms"], Splicing::Conditional { key: &[] }),
    at(
        &["agent", "post_call_analysis_data"],
        Splicing::Replacing { key: "type", is: super::analysis::TYPES, name: "name", says: super::analysis::SAYS },
    ),
    at(&["agent", "response_engine"], Splicing::WholeOf { kind: &["agent", "response_engine", "type"] }),
    at(&["agent", "call_screening_option"], Splicing::Whole),
    at(&["agent", "guardrail_config"], Splicing::Whole),
    at(&["agent", "ivr_option"], Splicing::Whole),
    at(&["agent", "pii_config"], Splicing::Whole),
    at(&["agent", "user_dtmf_options"], Splicing::Whole),
    at(&["llm", "model_config", "primary"], Splicing::WholeOf { kind: super::MODEL_TYPE }),
    at(&["llm", "model_config", "backup"], Splicing::WholeOf { kind: super::MODEL_TYPE }),
    at(
        &["llm", "general_tools"],
        Splicing::Replacing { key: "type", is: super::tools::TYPES, name: "name", says: super::tools::SAYS },
    ),
    at(&["llm", "kb_config"], Splicing::Whole),
];

const fn at(path: &'static [&'static str], how: Splicing) -> Splice {
    Splice { path, how }
}
