//! ElevenLabs: agents whose configuration is one deep object, which a PATCH merges at any depth.
//!
//! Sources and quirks: README.md beside this file.

mod catalogs;
mod knowledge;
mod listing;
mod operations;
mod paths;
mod phone_numbers;
mod responses;
mod speech;
mod tools;
mod webhook;

use crate::canonical::{Field, Shape, TOOL_WITH_TEXT_IDS};
use crate::catalog::CatalogKind;
use crate::dialect::{Auth, Dialect, Factor, IdRule, Literal, PlaceForm, Row, Rule, UndocumentedFields, rows};

use Literal::{Bool, Text};
use paths::{FIRST_MESSAGE, LANGUAGE, LLM, SOUND_SOURCE, TTS_MODEL, VOICE, WEBHOOK, config, prompt};

/// ElevenLabs.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "elevenlabs",
    title: "ElevenLabs",
    base_url: "https://api.elevenlabs.io",
    documentation: "https://elevenlabs.io/docs/api-reference/agents/update",
    experimental: true,
    ids: IdRule::Token { max: 128 },
    auth: Auth::Header("xi-api-key"),
    operations: operations::OPERATIONS,
    listed: operations::LISTED,
    plan: Some(&operations::PLAN),
    splices: operations::SPLICES,
    rows: rows!(row, operations::reading),
    catalogs: catalogs::CATALOGS,
    responses: responses::RESPONSES,
    silences: operations::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// Seconds, which the vendor tells with a fraction.
const SECONDS: PlaceForm = PlaceForm::Scaled(Factor { by: 1, shift: 0, is_whole: false });

/// `true` and `false` the other way round.
const INVERTED: PlaceForm = PlaceForm::Values(&[(Bool(true), Bool(false)), (Bool(false), Bool(true))]);

/// Every field by name, so that a new canonical field does not compile without a row.
const fn row(field: Field) -> Row {
    match field {
        Field::VendorOptions => Row::by(Rule::Merge),
        Field::Name => Row::at(&["name"]),
        Field::Type => Row::unsupported("whether an agent takes calls or makes them"),
        Field::Mode => Row::by(Rule::Nested(&speech::MODE)).nearly("there is no other mode than `pipeline`"),
        Field::Timezone => Row::at(prompt!("timezone")),
        Field::InitialMessage => Row::at(FIRST_MESSAGE).note("With an empty one the agent waits for the caller."),
        Field::SystemPrompt => Row::at(prompt!("prompt")),
        Field::LabelIds => {
            Row::at(&["tags"]).typed(TEXTS).nearly("there are no labels: each becomes a tag, which is a free text")
        }
        Field::FolderId => Row::unsupported("folders of agents"),
        Field::PhoneNumberId => Row::assigned(&phone_numbers::PHONE_NUMBER)
            .typed(Shape::TEXT)
            .nearly("a number names its agent: it leaves the agent that had it, and other numbers of this one stay"),
        Field::LlmModelId
        | Field::LlmModel
        | Field::MultimodalModelId
        | Field::MultimodalModel
        | Field::ChatLlmFallbackId
        | Field::LlmFallbackModels
        | Field::LlmTemperature => model_row(field),
        Field::KnowledgebaseId | Field::KnowledgebaseMode | Field::ToolIds | Field::Tools | Field::Variables => {
            knowledge_row(field)
        }
        Field::LanguageId
        | Field::Language
        | Field::SecondaryLanguageIds
        | Field::VoiceId
        | Field::Voice
        | Field::TtsModel
        | Field::SynthesizerProviderId
        | Field::TranscriberProviderId
        | Field::TtsEmotionEnabled
        | Field::VoiceStability
        | Field::VoiceSimilarity
        | Field::SpeechSpeed
        | Field::Keywords => voice_row(field),
        Field::AllowInterruptions
        | Field::FirstMessageInterruptible
        | Field::Fillers
        | Field::FillerConfig
        | Field::EnableNoiseCancellation
        | Field::WaitForCustomer
        | Field::EndCallOnVoicemail
        | Field::VoiceMailMessage
        | Field::EndpointType
        | Field::EndpointSensitivity
        | Field::InterruptSensitivity
        | Field::MinInterruptWords
        | Field::TurnDetectionThreshold
        | Field::AmbientSound
        | Field::AmbientSoundVolume => call_row(field),
        Field::MaxDuration
        | Field::MaxSilenceDuration
        | Field::MaxInitialSilenceDuration
        | Field::RingingTime
        | Field::ReengagementInterval
        | Field::ReengagementPrompt
        | Field::EndCallAfterSilence => timing_row(field),
        Field::Record
        | Field::IsWebhookActive
        | Field::WebhookUrl
        | Field::SendWebhookOnlyOnCompleted
        | Field::IncludeRecordingInWebhook
        | Field::PostCallEvaluation
        | Field::PostCallSchema
        | Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => after_call_row(field),
    }
}

const TEXTS: Shape = Shape::List(&Shape::TEXT);

const fn model_row(field: Field) -> Row {
    match field {
        Field::LlmModelId => Row::at(LLM).typed(Shape::TEXT),
        Field::LlmModel => Row::named(LLM, CatalogKind::Models),
        Field::ChatLlmFallbackId => Row::by(Rule::Nested(&knowledge::CHAT_LLM_FALLBACK))
            .typed(Shape::TEXT)
            .nearly("it takes over whenever the LLM fails, and has nothing to do with tool calls"),
        Field::LlmFallbackModels => Row::by(Rule::Nested(&knowledge::LLM_FALLBACK_MODELS)),
        Field::LlmTemperature => Row::at(prompt!("temperature")),
        _ => Row::unsupported("a multimodal model"),
    }
}

const fn knowledge_row(field: Field) -> Row {
    match field {
        Field::KnowledgebaseId => Row::by(Rule::Nested(&knowledge::KNOWLEDGEBASE_ID))
            .typed(Shape::TEXT)
            .looking_in(CatalogKind::KnowledgeBases),
        Field::KnowledgebaseMode => Row::by(Rule::Nested(&knowledge::KNOWLEDGEBASE_MODE)).nearly(
            "it is a property of each document; `function_call` becomes `auto`, a search whose results join the prompt",
        ),
        Field::ToolIds => Row::at(prompt!("tool_ids")).typed(TEXTS),
        Field::Tools => Row::by(Rule::Nested(&tools::TOOLS))
            .typed(Shape::List(&TOOL_WITH_TEXT_IDS))
            .saying(tools::PARTS)
            .nearly("only four kinds of tools exist there"),
        _ => Row::at(config!("agent", "dynamic_variables", "dynamic_variable_placeholders")),
    }
}

const fn voice_row(field: Field) -> Row {
    match field {
        Field::LanguageId => Row::at(LANGUAGE).typed(Shape::TEXT).note(
            "A code of two letters. Other languages than English need a speech model that has them: send both in one update.",
        ),
        Field::Language => Row::at_as(LANGUAGE, PlaceForm::Language(&[])),
        Field::SecondaryLanguageIds => Row::by(Rule::Nested(&knowledge::SECONDARY_LANGUAGES))
            .typed(TEXTS)
            .nearly("each is a preset that may override more than the language, and the LLM decides when to change"),
        Field::VoiceId => Row::at(VOICE).typed(Shape::TEXT),
        Field::Voice => Row::named(VOICE, CatalogKind::Voices),
        Field::TtsModel => Row::at(TTS_MODEL),
        Field::SynthesizerProviderId => Row::at(TTS_MODEL)
            .typed(Shape::TEXT)
            .without_null()
            .nearly("the synthesizer is always ElevenLabs: the id is that of a speech model, as in `tts_model`, which tells it"),
        Field::TranscriberProviderId => Row::at(config!("asr", "provider"))
            .typed(Shape::TEXT)
            .without_null()
            .note("ElevenLabs' own: `elevenlabs`, `scribe_realtime`, `scribe_v2_turbo`."),
        Field::TtsEmotionEnabled => {
            Row::at(config!("tts", "expressive_mode")).note("It stays off with speech models that cannot do it.")
        }
        Field::VoiceStability => Row::at(config!("tts", "stability")),
        Field::VoiceSimilarity => Row::at(config!("tts", "similarity_boost")),
        Field::SpeechSpeed => Row::at(config!("tts", "speed")),
        _ => Row::at(config!("asr", "keywords")).null_is("[]"),
    }
}

const fn call_row(field: Field) -> Row {
    match field {
        Field::AllowInterruptions => Row::at(config!("conversation", "client_events", "interruption"))
            .note("Whether the client is told of interruptions, which makes them possible; other events stay."),
        Field::FirstMessageInterruptible => {
            Row::at_as(config!("agent", "disable_first_message_interruptions"), INVERTED)
        }
        Field::Fillers => Row::by(Rule::Nested(&speech::FILLERS))
            .nearly("it is the silence in seconds after which a phrase is said: `true` is two seconds"),
        Field::FillerConfig => Row::by(Rule::Nested(&speech::FILLER_CONFIG))
            .nearly("the phrases have no categories there, and are told as `neutral`"),
        Field::EnableNoiseCancellation => Row::at(config!("vad", "background_voice_detection"))
            .nearly("it filters voices in the background, and no other noise"),
        Field::WaitForCustomer => Row::by(Rule::Nested(&speech::WAIT_FOR_CUSTOMER))
            .nearly("an agent waits exactly if its first message is empty"),
        Field::EndCallOnVoicemail => {
            Row::by(Rule::Nested(&tools::END_CALL_ON_VOICEMAIL)).saying(&[tools::VOICEMAIL_NAME, tools::VOICEMAIL_TYPE])
        }
        Field::VoiceMailMessage => {
            Row::by(Rule::Nested(&tools::VOICE_MAIL_MESSAGE)).saying(&[tools::VOICEMAIL_MESSAGE])
        }
        Field::EndpointType => Row::at_as(
            config!("turn", "mode"),
            PlaceForm::Values(&[(Text("vad"), Text("silence")), (Text("ai"), Text("turn"))]),
        )
        .nearly("`vad` ends a turn after silence, `ai` lets a model decide"),
        Field::EndpointSensitivity => {
            Row::by(Rule::Nested(&speech::ENDPOINT_SENSITIVITY)).nearly("the scale has three steps there")
        }
        Field::AmbientSound => Row::by(Rule::Nested(&speech::AMBIENT_SOUND))
            .nearly("the sounds are other recordings, and `cafe` is a restaurant"),
        Field::AmbientSoundVolume => Row::at(config!("conversation", "background_sound", "volume"))
            .within(0.01, 1.0)
            .only_where(SOUND_SOURCE, &["preset"]),
        Field::InterruptSensitivity => Row::unsupported("how easily the agent is interrupted"),
        Field::MinInterruptWords => Row::unsupported("a number of words that interrupt the agent"),
        _ => Row::unsupported("a threshold of turn detection"),
    }
}

const fn timing_row(field: Field) -> Row {
    match field {
        Field::MaxDuration => Row::at_as(config!("conversation", "max_duration_seconds"), SECONDS),
        Field::MaxSilenceDuration => Row::at_as(config!("turn", "turn_timeout"), SECONDS),
        Field::EndCallAfterSilence => Row::at_as(config!("turn", "silence_end_call_timeout"), SECONDS).null_is("-1"),
        Field::MaxInitialSilenceDuration => Row::unsupported(
            "a silence at the start that ends the call: `initial_wait_time` makes the agent speak instead",
        ),
        Field::RingingTime => Row::unsupported("how long an agent lets a number ring: each call request says it"),
        _ => Row::unsupported("re-engagement besides the silence before it (`max_silence_duration`)"),
    }
}

const fn after_call_row(field: Field) -> Row {
    match field {
        Field::Record => Row::at(&["platform_settings", "privacy", "record_voice"]),
        Field::WebhookUrl => Row::at_as(WEBHOOK, webhook::URL).nearly(
            "it is the workspace's webhook with this URL; an agent without one of its own has the workspace's, if there is one",
        ),
        Field::IsWebhookActive => Row::by(Rule::Nested(&webhook::ACTIVE)).nearly(
            "there is no switch: without a webhook of its own an agent has the workspace's, if there is one",
        ),
        Field::SendWebhookOnlyOnCompleted => Row::at_as(
            &["platform_settings", "workspace_overrides", "webhooks", "events", "call_initiation_failure"],
            INVERTED,
        )
        .only_where(WEBHOOK, &[])
        .nearly("it leaves out calls that could not be started; whatever has begun is notified"),
        Field::IncludeRecordingInWebhook => {
            Row::at(&["platform_settings", "workspace_overrides", "webhooks", "events", "audio"])
                .only_where(WEBHOOK, &[])
                .nearly("the recording comes as audio in a notification of its own, not as a URL")
        }
        Field::PostCallSchema => Row::by(Rule::Nested(&knowledge::POST_CALL_SCHEMA)),
        Field::PostCallEvaluation => Row::unsupported("a switch for evaluation: an agent has a list of criteria"),
        _ => Row::unsupported("what happens to a conversation after its end"),
    }
}
