//! Autocalls: the current dialect in full. Its revisions state their differences from it.
//!
//! Source: <https://docs.autocalls.ai/api-reference/assistants/update-assistant>. The canonical names are Autocalls', so
//! most rows are [`Row::SAME`].

mod catalogs;
mod operations;
mod responses;

use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::{Auth, Dialect, Row, Rule, SendAs, UndocumentedFields, rows};

pub(crate) use catalogs::{CATALOGS, MODELS, VOICES_BEFORE_PROVIDERS, catalog};
pub(crate) use operations::{CREATION, IDS, LISTED, MERGING, OPERATIONS, SILENCES, reading};
pub(crate) use responses::{ERRORS, RESPONSES};

/// Autocalls.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "autocalls",
    title: "Autocalls",
    base_url: "https://app.autocalls.ai/api",
    documentation: "https://docs.autocalls.ai/api-reference/assistants/update-assistant",
    experimental: true,
    ids: IDS,
    auth: Auth::Bearer,
    operations: OPERATIONS,
    listed: LISTED,
    plan: None,
    splices: &[],
    rows: rows!(row, reading),
    catalogs: CATALOGS,
    responses: RESPONSES,
    silences: SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// Every field by name, so that a new canonical field does not compile without a row.
pub(crate) const fn row(field: Field) -> Row {
    match field {
        Field::Language => Row::lookup("language_id", CatalogKind::Languages, SendAs::Id),
        Field::Voice => Row::lookup("voice_id", CatalogKind::Voices, SendAs::Id),
        Field::LlmModel => Row::lookup("llm_model_id", CatalogKind::Models, SendAs::Id),
        Field::MultimodalModel => Row::lookup("multimodal_model_id", CatalogKind::MultimodalModels, SendAs::Id),
        Field::VendorOptions => Row::by(Rule::Merge),
        Field::EndCallAfterSilence => Row::unsupported("ending a call after silence"),
        Field::Keywords => Row::unsupported("words for the transcriber"),
        Field::TtsModel => Row::unsupported("a choice of the speech model"),
        Field::LlmFallbackModels => Row::unsupported("a list of fallback models"),
        Field::FirstMessageInterruptible => Row::unsupported("interruptions of the first message alone"),
        Field::Mode => Row::SAME.note("Changing it resets the models and providers to the new mode's defaults."),
        Field::Name
        | Field::VoiceId
        | Field::LanguageId
        | Field::Type
        | Field::Timezone
        | Field::InitialMessage
        | Field::SystemPrompt
        | Field::LlmModelId
        | Field::MultimodalModelId
        | Field::ChatLlmFallbackId
        | Field::TurnDetectionThreshold
        | Field::SecondaryLanguageIds
        | Field::KnowledgebaseId
        | Field::KnowledgebaseMode
        | Field::FolderId
        | Field::LabelIds
        | Field::PhoneNumberId
        | Field::ToolIds
        | Field::Tools
        | Field::TtsEmotionEnabled
        | Field::VoiceStability
        | Field::VoiceSimilarity
        | Field::SpeechSpeed
        | Field::LlmTemperature
        | Field::SynthesizerProviderId
        | Field::TranscriberProviderId
        | Field::AllowInterruptions
        | Field::Fillers
        | Field::FillerConfig
        | Field::Record
        | Field::EnableNoiseCancellation
        | Field::WaitForCustomer
        | Field::MaxDuration
        | Field::MaxSilenceDuration
        | Field::MaxInitialSilenceDuration
        | Field::RingingTime
        | Field::ReengagementInterval
        | Field::ReengagementPrompt
        | Field::EndCallOnVoicemail
        | Field::VoiceMailMessage
        | Field::EndpointType
        | Field::EndpointSensitivity
        | Field::InterruptSensitivity
        | Field::MinInterruptWords
        | Field::AmbientSound
        | Field::AmbientSoundVolume
        | Field::IsWebhookActive
        | Field::WebhookUrl
        | Field::SendWebhookOnlyOnCompleted
        | Field::IncludeRecordingInWebhook
        | Field::PostCallEvaluation
        | Field::PostCallSchema
        | Field::Variables
        | Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => Row::SAME,
    }
}
