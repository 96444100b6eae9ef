//! Sondos: the legacy dialect. Fields have their old names, languages and models are sent by name, and the only built-in
//! tool ends the call.
//!
//! Source: <https://docs.sondos-ai.com/api-reference/assistants/update-assistant>.

mod end_call;

use crate::autocalls;
use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::{
    Auth, CatalogSpec, Creation, Dialect, Literal, Member, Merging, Operations, Requirement, Row, Rule, Schema, SendAs,
    UndocumentedFields, catalogs, rows,
};

use Requirement::{Always, With};

/// Sondos.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "sondos",
    title: "Sondos",
    base_url: "https://app.sondos-ai.com/api",
    documentation: "https://docs.sondos-ai.com/api-reference/assistants/update-assistant",
    experimental: true,
    ids: autocalls::IDS,
    auth: Auth::Bearer,
    operations: OPERATIONS,
    listed: autocalls::LISTED,
    plan: None,
    splices: &[],
    rows: rows!(row, autocalls::reading),
    catalogs: CATALOGS,
    responses: autocalls::RESPONSES,
    silences: autocalls::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// The legacy page requires the LLM in every mode, and its sample shows a new assistant that is active.
pub(crate) const OPERATIONS: Operations = Operations {
    create: Some(Creation {
        required: &[
            Always(Field::Name),
            Always(Field::VoiceId),
            Always(Field::LanguageId),
            Always(Field::LlmModelId),
            Always(Field::Type),
            Always(Field::Mode),
            Always(Field::Timezone),
            Always(Field::InitialMessage),
            Always(Field::SystemPrompt),
            With(Field::WebhookUrl, Field::IsWebhookActive),
        ],
        nullable: &[],
        remarks: &[],
        ..autocalls::CREATION
    }),
    // The legacy page does not say what happens to stored lists and objects, nor what a change of the mode resets.
    merging: Some(Merging { replaced: &[], ..autocalls::MERGING }),
    ..autocalls::OPERATIONS
};

/// The catalogs of the legacy dialect.
pub(crate) const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

/// Four kinds: models are LLMs only, voices have a mode, and an account makes nothing itself.
const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    match kind {
        CatalogKind::Languages | CatalogKind::PhoneNumbers => autocalls::catalog(kind),
        CatalogKind::Voices => Some(CatalogSpec::new("/user/assistants/voices", VOICES)),
        CatalogKind::Models => Some(CatalogSpec::new("/user/assistants/models", autocalls::MODELS)),
        CatalogKind::MultimodalModels
        | CatalogKind::SynthesizerProviders
        | CatalogKind::TranscriberProviders
        | CatalogKind::Tools
        | CatalogKind::KnowledgeBases
        | CatalogKind::Folders
        | CatalogKind::Labels
        | CatalogKind::Webhooks => None,
    }
}

const VOICES: Schema = Schema::List(&Schema::Object(&[
    Member::new("id", Schema::Integer),
    Member::new("name", Schema::Text),
    Member::new("mode", Schema::Text),
]));

const DIRECTIONS: &[(Literal, Literal)] =
    &[(Literal::Text("inbound"), Literal::Text("receive")), (Literal::Text("outbound"), Literal::Text("make"))];

const ENGINES: &[(Literal, Literal)] = &[
    (Literal::Text("pipeline"), Literal::Text("pipeline")),
    (Literal::Text("multimodal"), Literal::Text("multimodal")),
];

const SPEAKERS: &[(Literal, Literal)] =
    &[(Literal::Bool(true), Literal::Text("Customer")), (Literal::Bool(false), Literal::Text("AI assistant"))];

/// Every field by name, so that a new canonical field does not compile without a row.
pub(crate) const fn row(field: Field) -> Row {
    match field {
        Field::Name => Row::rename("assistant_name"),
        Field::Language => Row::lookup("language", CatalogKind::Languages, SendAs::Name),
        Field::LanguageId => Row::lookup("language", CatalogKind::Languages, SendAs::Name),
        Field::LlmModel => Row::lookup("llm_model", CatalogKind::Models, SendAs::Name),
        Field::LlmModelId => Row::lookup("llm_model", CatalogKind::Models, SendAs::Name),
        Field::Voice => Row::lookup("voice_id", CatalogKind::Voices, SendAs::Id),
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
        Field::InitialMessage => Row::SAME.note("The documentation states no maximum; the canonical one applies."),
        Field::PostCallSchema => {
            Row::SAME.note("The documentation allows capitals and any length; the canonical limits apply.")
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
        Field::ToolIds => Row::unsupported("custom tools"),
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
        | Field::ConversationEndedWebhookUrl => Row::unsupported("this field"),
        Field::EndCallAfterSilence
        | Field::Keywords
        | Field::TtsModel
        | Field::LlmFallbackModels
        | Field::FirstMessageInterruptible => autocalls::row(field),
    }
}
