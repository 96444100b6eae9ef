//! Sondos: the legacy dialect, where fields have their old names, languages and models go by name, and the only
//! built-in tool is the one that ends the call.
//!
//! Source: <https://docs.sondos-ai.com/api-reference/assistants/update-assistant>.

mod end_call;

use crate::autocalls;
use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::{Answers, Dialect, Form, Holds, Literal, Part, Row, Rule, rows};

/// Sondos.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "sondos",
    title: "Sondos",
    base_url: "https://app.sondos-ai.com/api",
    page: "https://docs.sondos-ai.com/api-reference/assistants/update-assistant",
    rows: rows!(row),
    catalogs: CATALOGS,
    answers: ANSWERS,
};

/// The catalog endpoints of the legacy dialect, in the order of [`CatalogKind::ALL`].
pub(crate) const CATALOGS: [Option<&str>; 4] =
    [Some("/user/assistants/languages"), Some("/user/assistants/voices"), Some("/user/assistants/models"), None];

/// The platform's answers, with voices that belong to a mode and no multimodal models.
pub(crate) const ANSWERS: Answers =
    Answers { catalogs: [autocalls::LANGUAGES, VOICES, autocalls::MODELS, Holds::Anything], ..autocalls::ANSWERS };

const VOICES: Holds = Holds::List(&Holds::Object(&[
    Part::new("id", Holds::Integer),
    Part::new("name", Holds::Text),
    Part::new("mode", Holds::Text),
]));

const DIRECTIONS: &[(Literal, Literal)] =
    &[(Literal::Text("inbound"), Literal::Text("receive")), (Literal::Text("outbound"), Literal::Text("make"))];

const ENGINES: &[(Literal, Literal)] = &[
    (Literal::Text("pipeline"), Literal::Text("pipeline")),
    (Literal::Text("multimodal"), Literal::Text("multimodal")),
];

const SPEAKERS: &[(Literal, Literal)] =
    &[(Literal::Bool(true), Literal::Text("Customer")), (Literal::Bool(false), Literal::Text("AI assistant"))];

/// Every field by name: a new canonical field does not compile until it has been decided here.
pub(crate) const fn row(field: Field) -> Row {
    match field {
        Field::Name => Row::rename("assistant_name"),
        Field::Language => Row::lookup("language", CatalogKind::Languages, Form::Name),
        Field::LanguageId => Row::lookup("language", CatalogKind::Languages, Form::Name),
        Field::LlmModel => Row::lookup("llm_model", CatalogKind::Models, Form::Name),
        Field::LlmModelId => Row::lookup("llm_model", CatalogKind::Models, Form::Name),
        Field::Voice => Row::lookup("voice_id", CatalogKind::Voices, Form::Id),
        Field::Type => Row::map("calls_direction", DIRECTIONS),
        Field::Mode => Row::map("engine_type", ENGINES),
        Field::WaitForCustomer => Row::map("who_speaks_first", SPEAKERS),
        Field::Fillers => Row::rename("filler_audios"),
        Field::Record => Row::rename("record_call"),
        Field::EnableNoiseCancellation => Row::rename("noise_cancellation"),
        Field::MaxDuration => Row::rename("max_call_duration"),
        Field::ReengagementInterval => Row::rename("re_engagement_interval"),
        Field::MaxSilenceDuration => Row::SAME.within(1.0, 120.0),
        Field::MinInterruptWords => {
            Row::by(Rule::FlagPair { flag: "use_min_interrupt_words", wire: "min_interrupt_words" })
        }
        Field::Tools => Row::by(Rule::Hook(&end_call::HOOK)),
        Field::VendorOptions => Row::by(Rule::Merge),
        Field::InitialMessage => Row::SAME.note("The vendor's page states no maximum; the canonical one holds."),
        Field::PostCallSchema => {
            Row::SAME.note("The vendor's page allows capitals and any length in it; the canonical limits hold.")
        }
        Field::VoiceId
        | Field::Timezone
        | Field::SystemPrompt
        | Field::PhoneNumberId
        | Field::EndpointType
        | Field::EndpointSensitivity
        | Field::InterruptSensitivity
        | Field::AmbientSoundVolume
        | Field::PostCallEvaluation
        | Field::SendWebhookOnlyOnCompleted
        | Field::IncludeRecordingInWebhook
        | Field::IsWebhookActive
        | Field::WebhookUrl
        | Field::Variables
        | Field::LlmTemperature
        | Field::VoiceStability
        | Field::VoiceSimilarity
        | Field::SpeechSpeed
        | Field::AllowInterruptions
        | Field::EndCallOnVoicemail => Row::SAME,
        Field::ToolIds => {
            Row::unsupported("This vendor's page has no custom tools; a later revision of the dialect does.")
        }
        Field::MultimodalModelId
        | Field::MultimodalModel
        | Field::ChatLlmFallbackId
        | Field::TurnDetectionThreshold
        | Field::SecondaryLanguageIds
        | Field::KnowledgebaseId
        | Field::KnowledgebaseMode
        | Field::FolderId
        | Field::LabelIds
        | Field::TtsEmotionEnabled
        | Field::SynthesizerProviderId
        | Field::TranscriberProviderId
        | Field::FillerConfig
        | Field::MaxInitialSilenceDuration
        | Field::RingingTime
        | Field::ReengagementPrompt
        | Field::VoiceMailMessage
        | Field::AmbientSound
        | Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl => Row::unsupported("This vendor's page has no such field."),
    }
}
