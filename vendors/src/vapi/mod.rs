//! Vapi: assistants whose nested objects a PATCH replaces whole, so that they are read before they are written.
//!
//! Sources and quirks: README.md beside this file.

mod listing;
mod models;
mod operations;
mod outputs;
mod pair;
mod phone_numbers;
mod responses;
mod silence;
mod splices;
mod tools;
mod voices;

use crate::canonical::{Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::{Auth, Dialect, IdRule, Literal, PlaceForm, Reading, Row, Rule, UndocumentedFields, rows};

/// Vapi.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "vapi",
    title: "Vapi",
    base_url: "https://api.vapi.ai",
    documentation: "https://docs.vapi.ai/api-reference/assistants/update",
    experimental: true,
    ids: IdRule::Uuid,
    auth: Auth::Bearer,
    operations: operations::OPERATIONS,
    listed: operations::LISTED,
    plan: Some(&operations::PLAN),
    splices: splices::SPLICES,
    rows: rows!(row, reading),
    catalogs: operations::CATALOGS,
    responses: responses::RESPONSES,
    silences: responses::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// The providers whose voices have a `speed` (Python SDK 3.0.0).
const WITH_SPEED: &[&str] = &[
    "11labs",
    "azure",
    "deepgram",
    "lmnt",
    "microsoft",
    "minimax",
    "neuphonic",
    "openai",
    "playht",
    "rime-ai",
    "smallest-ai",
    "vapi",
    "xai",
];

/// The providers whose voices have a `model` (Python SDK 3.0.0).
const WITH_TTS_MODEL: &[&str] = &[
    "11labs",
    "cartesia",
    "deepgram",
    "hume",
    "inworld",
    "minimax",
    "neuphonic",
    "openai",
    "playht",
    "rime-ai",
    "sesame",
    "smallest-ai",
    "wellsaid",
];

/// The providers whose transcribers have `languages` (Python SDK 3.0.0).
const WITH_LANGUAGES: &[&str] = &["deepgram", "gladia", "soniox", "vapi"];

/// The providers whose models have `fallbackModels` (Python SDK 3.0.0).
const WITH_FALLBACKS: &[&str] = &["openai", "anthropic-bedrock"];

const ID: Shape = Shape::TEXT;
const IDS: Shape = Shape::List(&ID);

const FIRST_SPEAKER: &[(Literal, Literal)] = &[
    (Literal::Bool(true), Literal::Text("assistant-waits-for-user")),
    (Literal::Bool(false), Literal::Text("assistant-speaks-first")),
];

/// As a switch of `smartEndpointingPlan`; see the splice there.
const ENDPOINTING: &[(Literal, Literal)] =
    &[(Literal::Text("ai"), Literal::Bool(true)), (Literal::Text("vad"), Literal::Bool(false))];

const SOUNDS: &[(Literal, Literal)] =
    &[(Literal::Text("off"), Literal::Text("off")), (Literal::Text("office"), Literal::Text("office"))];

const ONE_TIMER: &str = "Vapi has one timer for both, in a hook `customer.speech.timeout`";

const fn reading(field: Field) -> Reading {
    match field {
        // `language_id` tells it; and an assistant does not tell its numbers.
        Field::Language | Field::PhoneNumberId => Reading::Never,
        _ => Reading::Backwards,
    }
}

/// Every field by name, so that a new canonical field does not compile without a row.
const fn row(field: Field) -> Row {
    match field {
        Field::Name => Row::at(&["name"]).at_most(40),
        Field::VoiceId => Row::by(Rule::Nested(&voices::VOICE))
            .typed(ID)
            .note("Written `provider:voiceId`. Of another provider's voice only `cachingEnabled`, `chunkPlan`, `fallbackPlan` and `speed` stay."),
        Field::Voice => Row::named(voices::VOICE_ID, CatalogKind::Voices),
        Field::SynthesizerProviderId => Row::by(Rule::Nested(&voices::PROVIDER))
            .typed(ID)
            .without_null()
            .nearly("Vapi knows a voice by its provider and its id, so that it says nothing beyond `voice_id`"),
        Field::TtsModel => Row::at(&["voice", "model"]).only_where(voices::PROVIDER_AT, WITH_TTS_MODEL),
        Field::VoiceStability => Row::at(&["voice", "stability"]).only_where(voices::PROVIDER_AT, &["11labs"]),
        Field::VoiceSimilarity => Row::at(&["voice", "similarityBoost"]).only_where(voices::PROVIDER_AT, &["11labs"]),
        Field::SpeechSpeed => Row::at(&["voice", "speed"])
            .only_where(voices::PROVIDER_AT, WITH_SPEED)
            .note("Its range is each provider's own."),
        // A transcriber without a provider is refused (Python SDK 3.0.0: `provider` is required in each).
        Field::LanguageId => {
            Row::at(&["transcriber", "language"]).typed(ID).only_where(TRANSCRIBER, &[]).nearly(TRANSCRIBER_LANGUAGE)
        }
        Field::Language => Row::at_as(&["transcriber", "language"], PlaceForm::Language(&[]))
            .only_where(TRANSCRIBER, &[])
            .nearly(TRANSCRIBER_LANGUAGE),
        Field::SecondaryLanguageIds => Row::at(&["transcriber", "languages"])
            .typed(IDS)
            .only_where(TRANSCRIBER, WITH_LANGUAGES)
            .nearly("Vapi's transcribers have one list of the languages that they may hear, with no primary one"),
        Field::TranscriberProviderId => Row::at(TRANSCRIBER)
            .typed(ID)
            .without_null()
            .note("Of another provider's transcriber only `language` and `fallbackPlan` stay."),
        Field::Keywords => Row::at(&["transcriber", "keyterm"])
            .null_is("[]")
            .only_where(TRANSCRIBER, &["deepgram"])
            .note("Other providers have other members for it, with weights: send those in `vendor_options`."),
        _ => model_row(field),
    }
}

const TRANSCRIBER: &[&str] = &["transcriber", "provider"];

const TRANSCRIBER_LANGUAGE: &str = "Vapi has the language at the transcriber, in the codes of its provider; a voice with a \
                                    language of its own keeps that";

/// The rows of the model, and what it says and does.
const fn model_row(field: Field) -> Row {
    match field {
        Field::Mode => Row::by(Rule::Nested(&models::MODE)).nearly("Vapi has no mode: it follows from the model"),
        Field::LlmModelId => Row::by(Rule::Nested(&models::LLM))
            .typed(ID)
            .note("Written `provider:model`. Of another provider's model only what all providers have stays."),
        Field::LlmModel => Row::named(models::MODEL_AT, CatalogKind::Models),
        Field::MultimodalModelId => Row::by(Rule::Nested(&models::MULTIMODAL))
            .typed(ID)
            .note("Written `provider:model`, with a realtime model."),
        Field::MultimodalModel => Row::named(models::MODEL_AT, CatalogKind::MultimodalModels),
        Field::ChatLlmFallbackId => Row::by(Rule::Nested(&models::CHAT_FALLBACK))
            .typed(ID)
            .only_where(models::PROVIDER_AT, &["openai"])
            .nearly("Vapi has it as the only model to fall back on, whatever the model is asked for"),
        Field::LlmFallbackModels => {
            Row::at(models::FALLBACKS_AT).null_is("[]").only_where(models::PROVIDER_AT, WITH_FALLBACKS)
        }
        Field::LlmTemperature => Row::at(&["model", "temperature"]),
        Field::SystemPrompt => Row::at(&["model", "messages", "system", "content"]),
        Field::ToolIds => Row::at(&["model", "toolIds"]).typed(IDS),
        Field::Tools => Row::by(Rule::Nested(&tools::TOOLS)).typed(tools::SHAPE).nearly(
            "Vapi's own tools of other types stay; `collect_keypad` turns `keypadInputPlan` on, and a list without it \
             does not turn that off",
        ),
        Field::InitialMessage => Row::at(&["firstMessage"]),
        Field::FirstMessageInterruptible => Row::at(&["firstMessageInterruptionsEnabled"]),
        Field::WaitForCustomer => Row::at_as(&["firstMessageMode"], PlaceForm::Values(FIRST_SPEAKER)),
        _ => call_row(field),
    }
}

/// The rows of the call.
const fn call_row(field: Field) -> Row {
    match field {
        Field::MaxDuration => Row::at(&["maxDurationSeconds"]).within(10.0, 43_200.0),
        Field::MaxSilenceDuration => Row::at(silence::TIMEOUT).only_where(silence::ACTIONS, &[]).nearly(ONE_TIMER),
        Field::ReengagementInterval => Row::at(silence::TIMEOUT).only_where(silence::ACTIONS, &[]).nearly(ONE_TIMER),
        Field::ReengagementPrompt => Row::by(Rule::Nested(&silence::PROMPT)).without_null().nearly(
            "Vapi has it in a hook `customer.speech.timeout`; what that hook says otherwise is replaced, its other actions \
             stay",
        ),
        Field::RingingTime => Row::at(&["transportConfigurations", "twilio", "timeout"])
            .nearly("Vapi has it for calls over Twilio only"),
        Field::EndCallOnVoicemail => Row::at(&["voicemailDetection"]).nearly(
            "Vapi needs a provider that detects voicemail: a stored one stays, else it is Vapi itself",
        ),
        Field::VoiceMailMessage => Row::at(&["voicemailMessage"]).at_most(1000),
        Field::EndpointType => {
            Row::at_as(&["startSpeakingPlan", "smartEndpointingPlan"], PlaceForm::Values(ENDPOINTING))
                .nearly("Vapi needs a provider of smart endpointing for `ai`: a stored one stays, else it is Vapi itself")
        }
        Field::MinInterruptWords => Row::at(&["stopSpeakingPlan", "numWords"]).null_is("0"),
        Field::AmbientSound => Row::at_as(&["backgroundSound"], PlaceForm::Values(SOUNDS))
            .nearly("Vapi knows `off` and `office`, and URLs of sounds"),
        Field::EnableNoiseCancellation => {
            Row::at(&["backgroundSpeechDenoisingPlan", "smartDenoisingPlan", "enabled"])
        }
        Field::PhoneNumberId => Row::assigned(&phone_numbers::PHONE_NUMBER).typed(ID).nearly(
            "a number names its assistant: it leaves the assistant that had it, and other numbers of this one stay",
        ),
        Field::Record => Row::at(&["artifactPlan", "recordingEnabled"]),
        Field::IsWebhookActive => Row::at(&["serverMessages"]).nearly(
            "Vapi has no switch: `false` empties the list of messages, and `true` fills an empty one with Vapi's defaults",
        ),
        Field::WebhookUrl => Row::at(&["server", "url"]).without_null(),
        Field::PostCallEvaluation => Row::at(&["analysisPlan", "successEvaluationPlan", "enabled"])
            .nearly("Vapi has deprecated success evaluation in favour of structured outputs"),
        Field::PostCallSchema => Row::by(Rule::Nested(&outputs::SCHEMA)),
        Field::VendorOptions => Row::by(Rule::Merge),
        _ => unsupported_row(field),
    }
}

/// The rows of what Vapi does not have, with the reason and, where there is one, a way.
const fn unsupported_row(field: Field) -> Row {
    Row::unsupported(match field {
        Field::Type => "a direction of assistants: the call or its phone number decides",
        Field::Timezone => "a time zone of an assistant",
        Field::TurnDetectionThreshold => {
            "a threshold of turn detection for all models; some transcribers have one, for `vendor_options`"
        }
        Field::KnowledgebaseId => {
            "a knowledge base of an assistant: a tool of the type `query` has it, and `tool_ids` takes that tool"
        }
        Field::KnowledgebaseMode => "how a knowledge base is used",
        Field::FolderId | Field::LabelIds => "folders and labels",
        Field::TtsEmotionEnabled => "a switch for emotions that holds for voices of all providers",
        Field::AllowInterruptions => {
            "a switch for interruptions; `first_message_interruptible` and `min_interrupt_words` are near"
        }
        Field::Fillers | Field::FillerConfig => "filler phrases",
        Field::MaxInitialSilenceDuration => "a limit of the silence at the start of a call",
        Field::EndpointSensitivity => {
            "an equivalent of this scale: `startSpeakingPlan.waitSeconds` is a time, which falls as sensitivity grows, and \
             no formula leads from one to the other; send it in `vendor_options`"
        }
        Field::InterruptSensitivity => {
            "an equivalent of this scale: `stopSpeakingPlan.voiceSeconds` is a time, which falls as sensitivity grows, and \
             no formula leads from one to the other; send it in `vendor_options`"
        }
        Field::AmbientSoundVolume => "a volume of the background sound",
        Field::SendWebhookOnlyOnCompleted => "a choice of calls that the webhook is told of",
        Field::IncludeRecordingInWebhook => "a switch for the recording's URL in webhooks",
        Field::Variables => "variables of an assistant: a call has them",
        Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => "chat conversations of an assistant",
        Field::EndCallAfterSilence => {
            "a silence that ends the call: the field that was there for it, `silenceTimeoutSeconds`, has left the reference"
        }
        Field::Name
        | Field::VoiceId
        | Field::Voice
        | Field::LanguageId
        | Field::Language
        | Field::Mode
        | Field::InitialMessage
        | Field::SystemPrompt
        | Field::LlmModelId
        | Field::LlmModel
        | Field::MultimodalModelId
        | Field::MultimodalModel
        | Field::ChatLlmFallbackId
        | Field::SecondaryLanguageIds
        | Field::ToolIds
        | Field::Tools
        | Field::VoiceStability
        | Field::VoiceSimilarity
        | Field::SpeechSpeed
        | Field::LlmTemperature
        | Field::SynthesizerProviderId
        | Field::TranscriberProviderId
        | Field::Record
        | Field::EnableNoiseCancellation
        | Field::WaitForCustomer
        | Field::MaxDuration
        | Field::MaxSilenceDuration
        | Field::RingingTime
        | Field::ReengagementInterval
        | Field::ReengagementPrompt
        | Field::EndCallOnVoicemail
        | Field::VoiceMailMessage
        | Field::EndpointType
        | Field::MinInterruptWords
        | Field::AmbientSound
        | Field::IsWebhookActive
        | Field::WebhookUrl
        | Field::PostCallEvaluation
        | Field::PostCallSchema
        | Field::Keywords
        | Field::TtsModel
        | Field::LlmFallbackModels
        | Field::FirstMessageInterruptible
        | Field::PhoneNumberId
        | Field::VendorOptions => "this field",
    })
}
