//! Retell AI: an assistant is an agent and the LLM that answers for it, each with versions.
//!
//! Sources and quirks: README.md beside this file.

mod analysis;
mod catalogs;
mod interruptions;
mod languages;
mod listing;
mod operations;
mod plan;
mod responses;
mod tools;
mod transcriber;
mod voicemail;
mod webhook;

use crate::canonical::{Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::{
    Auth, Dialect, Factor, IdRule, Literal, NestedHook, Path, PlaceForm, Reading, Row, Rule, UndocumentedFields, rows,
};

use Literal::{Bool, Json, Text};

/// Retell AI.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "retell",
    title: "Retell AI",
    base_url: "https://api.retellai.com",
    documentation: "https://docs.retellai.com/api-references/update-agent",
    experimental: true,
    // 32 hexadecimal digits in old samples, `agent_` and more in new ones; no page states a length.
    ids: IdRule::Token { max: 128 },
    auth: Auth::Bearer,
    operations: operations::OPERATIONS,
    listed: operations::LISTED,
    plan: Some(&plan::PLAN),
    splices: plan::SPLICES,
    rows: rows!(row, reading),
    catalogs: catalogs::CATALOGS,
    responses: responses::RESPONSES,
    silences: operations::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// The kind of model that the LLM has: a text model with a voice, or one from speech to speech.
const MODEL_TYPE: Path = &["llm", "model_config", "type"];
const MODEL: Path = &["llm", "model_config", "primary", "model"];
const BACKUP: Path = &["llm", "model_config", "backup"];
const BACKUP_MODEL: Path = &["llm", "model_config", "backup", "model"];
const CASCADING: &[&str] = &["cascading"];

/// The canonical texts of ids are this vendor's.
const ID: Shape = Shape::TEXT;

/// A dash in the vendor's table of sounds, such as for `city`, is refused and never guessed.
const SOUNDS: &[(Literal, Literal)] = &[
    (Text("off"), Json("null")),
    (Text("office"), Text("call-center")),
    (Text("cafe"), Text("coffee-shop")),
    (Text("crowded_room"), Text("convention-hall")),
    (Text("nature"), Text("summer-outdoor")),
    (Text("forest"), Text("mountain-outdoor")),
];

/// The third mode is the stronger one, so that asking for noise cancellation keeps it.
const DENOISING: &[(Literal, Literal)] = &[
    (Bool(true), Text("noise-cancellation")),
    (Bool(true), Text("noise-and-background-speech-cancellation")),
    (Bool(false), Text("no-denoise")),
];

/// Storing without personal data is stricter than storing everything, so that asking for recordings keeps it.
const STORAGE: &[(Literal, Literal)] = &[
    (Bool(true), Text("everything")),
    (Bool(true), Text("everything_except_pii")),
    (Bool(false), Text("basic_attributes_only")),
];

const fn hook(hook: &'static NestedHook) -> Row {
    Row::by(Rule::Nested(hook))
}

const fn milliseconds(path: Path) -> Row {
    Row::at_as(path, PlaceForm::Scaled(Factor::MILLISECONDS))
}

/// What is told by the id is not told again by the name.
const fn reading(field: Field) -> Reading {
    match field {
        Field::Voice | Field::Language | Field::LlmModel | Field::MultimodalModel => Reading::Never,
        _ => Reading::Backwards,
    }
}

/// Every field by name, so that a new canonical field does not compile without a row.
const fn row(field: Field) -> Row {
    match field {
        Field::Name => Row::at(&["agent", "agent_name"]),
        Field::VoiceId => Row::at(&["agent", "voice_id"]).typed(ID).note("A `voice_model` set before may not fit it."),
        Field::Voice => Row::named(&["agent", "voice_id"], CatalogKind::Voices),
        Field::LanguageId => hook(&languages::PRIMARY).typed(ID),
        Field::Language => Row::at_as(&["agent", "language", "first"], PlaceForm::Language(languages::LOCALES))
            .note("Further languages stay."),
        Field::SecondaryLanguageIds => hook(&languages::SECONDARY).typed(Shape::List(&ID)),
        Field::Type => Row::unsupported("a direction of the agent: the call decides"),
        Field::Mode => Row::at_as(
            MODEL_TYPE,
            PlaceForm::Values(&[(Text("pipeline"), Text("cascading")), (Text("multimodal"), Text("s2s"))]),
        )
        .note("Another mode needs a model for it in the same update, and clears the fallback model."),
        Field::Timezone => Row::at(&["agent", "timezone"]),
        Field::InitialMessage => {
            Row::at(&["llm", "begin_message"]).note("An empty one lets the agent wait for the caller.")
        }
        Field::SystemPrompt => Row::at(&["llm", "general_prompt"]),
        Field::LlmModelId => Row::at(MODEL).typed(ID).only_where(MODEL_TYPE, CASCADING).or_unset(),
        Field::LlmModel => Row::at(MODEL).only_where(MODEL_TYPE, CASCADING).or_unset(),
        Field::MultimodalModelId => {
            Row::at(MODEL).typed(ID).beside(&[(MODEL_TYPE, "\"s2s\"")]).only_where(MODEL_TYPE, &["s2s"])
        }
        Field::MultimodalModel => Row::at(MODEL).beside(&[(MODEL_TYPE, "\"s2s\"")]).only_where(MODEL_TYPE, &["s2s"]),
        Field::ChatLlmFallbackId => Row::at(BACKUP_MODEL)
            .typed(ID)
            .null_at(BACKUP)
            .only_where(MODEL_TYPE, CASCADING)
            .or_unset()
            .nearly("the model runs beside the first one of a pipeline and takes over when that is slow"),
        Field::LlmFallbackModels => {
            Row::at_as(BACKUP_MODEL, PlaceForm::Sole).null_at(BACKUP).only_where(MODEL_TYPE, CASCADING).or_unset()
        }
        Field::TurnDetectionThreshold => Row::unsupported("a threshold of turn detection"),
        Field::KnowledgebaseId => Row::at_as(&["llm", "knowledge_base_ids"], PlaceForm::Listed).typed(ID),
        Field::KnowledgebaseMode => Row::unsupported("how a knowledge base is used"),
        Field::FolderId | Field::LabelIds => Row::unsupported("folders and labels"),
        Field::PhoneNumberId => Row::unsupported(
            "a number of an agent: each number has weighted agents for either direction \
             (`PATCH /update-phone-number/{number}`), and one id cannot say which",
        ),
        Field::ToolIds => Row::unsupported("ids of tools: they are written into the LLM's `general_tools`"),
        Field::Tools => hook(&tools::HOOK)
            .typed(Shape::List(&tools::TOOL))
            .nearly("the tools have names that the gateway chooses, and settings of the vendor that it does not set"),
        Field::TtsEmotionEnabled => Row::at(&["agent", "enable_expressive_mode"]).note("For platform voices only."),
        Field::VoiceStability => Row::unsupported(
            "an equivalent: its `voice_temperature`, from 0 to 2, runs the other way, and no page relates the two",
        ),
        Field::VoiceSimilarity => Row::unsupported("similarity to the original voice"),
        Field::SpeechSpeed => Row::at(&["agent", "voice_speed"]),
        Field::TtsModel => Row::at(&["agent", "voice_model"]).note("Each provider of voices has its own models."),
        Field::LlmTemperature => Row::at(&["llm", "model_config", "temperature"]),
        Field::SynthesizerProviderId => Row::unsupported("a provider of speech apart from the voice, which implies it"),
        Field::TranscriberProviderId => hook(&transcriber::HOOK)
            .typed(transcriber::PROVIDER)
            .nearly("the vendor wants the silence that ends a turn along with a provider; 500 ms unless it has one"),
        Field::Keywords => Row::at(&["agent", "boosted_keywords"]),
        Field::AllowInterruptions => hook(&interruptions::HOOK)
            .nearly("the vendor has one scale for whether and how easily callers interrupt; never is its 0"),
        Field::InterruptSensitivity => {
            Row::at_as(&["agent", "interruption_sensitivity"], PlaceForm::Scaled(Factor::FIFTH))
                .nearly("the vendor's scale is from 0 to 1, and with 0 callers never interrupt")
        }
        Field::EndpointSensitivity => Row::at_as(&["agent", "responsiveness"], PlaceForm::Scaled(Factor::FIFTH))
            .nearly("it becomes the agent's `responsiveness`, a scale from 0 to 1"),
        Field::EndpointType => Row::unsupported("kinds of voice activity detection"),
        Field::MinInterruptWords => Row::unsupported("a number of words before an interruption counts"),
        Field::Fillers => Row::at(&["agent", "handbook_config", "natural_filler_words"])
            .nearly("the model is told to speak with filler words; there is no filler audio"),
        Field::FillerConfig => Row::unsupported("filler phrases"),
        Field::Record => Row::at_as(&["agent", "data_storage_setting"], PlaceForm::Kinds(STORAGE))
            .nearly("without recordings the vendor stores no transcripts and logs either"),
        Field::EnableNoiseCancellation => Row::at_as(&["agent", "denoising_mode"], PlaceForm::Kinds(DENOISING)),
        Field::WaitForCustomer => Row::at_as(
            &["llm", "start_speaker"],
            PlaceForm::Values(&[(Bool(true), Text("user")), (Bool(false), Text("agent"))]),
        ),
        Field::MaxDuration => milliseconds(&["agent", "max_call_duration_ms"])
            .within(60.0, 1200.0)
            .note("The vendor itself allows two hours, and has one hour unless it is set."),
        Field::MaxSilenceDuration => milliseconds(&["agent", "reminder_trigger_ms"]),
        Field::MaxInitialSilenceDuration => Row::unsupported("a silence at the start of a call"),
        Field::RingingTime => milliseconds(&["agent", "ring_duration_ms"]).within(5.0, 60.0),
        Field::EndCallAfterSilence => {
            milliseconds(&["agent", "end_call_after_silence_ms"]).within(10.0, 7200.0).without_null()
        }
        Field::ReengagementInterval => Row::unsupported("a second interval beside that of `max_silence_duration`"),
        Field::ReengagementPrompt => Row::unsupported("a prompt for re-engagement"),
        Field::EndCallOnVoicemail => hook(&voicemail::END_CALL),
        Field::VoiceMailMessage => hook(&voicemail::MESSAGE),
        Field::AmbientSound => Row::at_as(&["agent", "ambient_sound"], PlaceForm::Values(SOUNDS)),
        Field::AmbientSoundVolume => Row::at(&["agent", "ambient_sound_volume"])
            .nearly("the vendor's scale is from 0 to 2 with 1 as its default; the number is sent as it is"),
        Field::IsWebhookActive => hook(&webhook::ACTIVE).nearly("the vendor has no switch; `false` removes the URL"),
        Field::WebhookUrl => Row::at(&["agent", "webhook_url"]).note("It overrides the account's webhook."),
        Field::SendWebhookOnlyOnCompleted => Row::unsupported("notifications of completed calls only"),
        Field::IncludeRecordingInWebhook => {
            Row::unsupported("a choice: its notifications always have the recording's URL")
        }
        Field::PostCallEvaluation => hook(&analysis::EVALUATION)
            .saying(&[analysis::PRESET_AT])
            .nearly("the vendor analyses calls in any case; its preset `call_successful` is added or removed"),
        Field::PostCallSchema => hook(&analysis::SCHEMA),
        Field::Variables => Row::at_as(&["llm", "default_dynamic_variables"], PlaceForm::Texts),
        Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => Row::unsupported("it for voice agents: chat agents are another API"),
        Field::FirstMessageInterruptible => Row::unsupported("interruptions of the first message alone"),
        Field::VendorOptions => Row::by(Rule::Merge)
            .note("The members stand in `agent` and `llm`, the two objects that the vendor keeps an assistant in."),
    }
}
