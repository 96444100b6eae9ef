//! Where Vapi replaces objects and arrays whole. A PATCH merges at the top level only.
//!
//! Sources: README.md beside this file.

use crate::dialect::{Said, Splice, Splicing};

use super::silence;
use super::tools;

const fn whole(path: &'static [&'static str]) -> Splice {
    Splice { path, how: Splicing::Whole }
}

const fn own(path: &'static [&'static str], is: &'static [&'static str], says: &'static [Said]) -> Splice {
    Splice { path, how: Splicing::Replacing { key: "type", is, name: "name", says } }
}

const fn entries(path: &'static [&'static str], key: &'static str) -> Splice {
    Splice { path, how: Splicing::Entries { key } }
}

/// The messages that are sent if the list of an assistant is absent (Python SDK 3.0.0, `Assistant.server_messages`).
const DEFAULT_MESSAGES: &str = concat!(
    r#"["conversation-update","end-of-call-report","function-call","hang","speech-update","status-update","tool-calls","#,
    r#""transfer-destination-request","handoff-destination-request","user-interrupted","assistant.started"]"#
);

/// Every object that can hold a field, and those that `vendor_options` may set a part of.
pub(super) const SPLICES: &[Splice] = &[
    Splice {
        path: &["model"],
        how: Splicing::Variant {
            key: "provider",
            shared: &[
                "messages",
                "tools",
                "toolIds",
                "toolRefs",
                "knowledgeBase",
                "temperature",
                "maxTokens",
                "emotionRecognitionEnabled",
                "numFastTurns",
            ],
            lacking: &[("vapi", "maxTokens")],
        },
    },
    entries(&["model", "messages"], "role"),
    own(tools::TOOLS_AT, tools::TYPES, tools::SAYS),
    Splice {
        path: &["voice"],
        how: Splicing::Variant {
            key: "provider",
            shared: &["cachingEnabled", "chunkPlan", "fallbackPlan", "speed"],
            lacking: &[
                ("vapi", "fallbackPlan"),
                ("cartesia", "speed"),
                ("custom-voice", "speed"),
                ("hume", "speed"),
                ("inworld", "speed"),
                ("sesame", "speed"),
                ("tavus", "speed"),
                ("wellsaid", "speed"),
            ],
        },
    },
    Splice {
        path: &["transcriber"],
        how: Splicing::Variant {
            key: "provider",
            shared: &["language", "fallbackPlan"],
            lacking: &[("custom-transcriber", "language"), ("vapi", "fallbackPlan")],
        },
    },
    entries(&["hooks"], "on"),
    own(silence::ACTIONS, silence::SPEECH, silence::SAYS),
    entries(&["transportConfigurations"], "provider"),
    Splice { path: &["voicemailDetection"], how: Splicing::Switch { on: r#"{"provider":"vapi"}"#, off: r#""off""# } },
    whole(&["startSpeakingPlan"]),
    Splice {
        path: &["startSpeakingPlan", "smartEndpointingPlan"],
        how: Splicing::Switch { on: r#"{"provider":"vapi"}"#, off: "null" },
    },
    Splice { path: &["serverMessages"], how: Splicing::Switch { on: DEFAULT_MESSAGES, off: "[]" } },
    whole(&["stopSpeakingPlan"]),
    whole(&["artifactPlan"]),
    entries(&["artifactPlan", "structuredOutputs"], "name"),
    whole(&["analysisPlan"]),
    whole(&["backgroundSpeechDenoisingPlan"]),
    whole(&["server"]),
    whole(&["keypadInputPlan"]),
    whole(&["monitorPlan"]),
    whole(&["compliancePlan"]),
    whole(&["observabilityPlan"]),
    whole(&["metadata"]),
];
