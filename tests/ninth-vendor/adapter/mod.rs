//! Linnet: agents whose nested objects a PATCH replaces whole.
//!
//! Source: `vendors/contracts/linnet/`; quirks: README.md beside this file.

use crate::canonical::{Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::{
    Auth, Call, Capture, CatalogSpec, CreateObject, Creation, Dialect, ErrorSpec, Factor, IdRule, Listed, Literal, Member,
    Naming, Object, Operations, PlaceForm, Plan, Reading, ResponseSpec, Row, Rule, Schema, Splice, Splicing,
    UndocumentedFields, catalogs, rows,
};

/// Linnet.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "linnet",
    title: "Linnet",
    base_url: "https://api.linnet.example",
    documentation: "https://docs.linnet.example/agents/update",
    experimental: true,
    ids: IdRule::Uuid,
    auth: Auth::Bearer,
    operations: OPERATIONS,
    listed: LISTED,
    plan: Some(&PLAN),
    splices: SPLICES,
    rows: rows!(row, reading),
    catalogs: CATALOGS,
    responses: RESPONSES,
    silences: &["Whether a change by another client between a read and a write is kept: there are no conditional requests."],
    undocumented: UndocumentedFields::empty(),
};

const CREATE: Call = Call::once("POST", "/v2/agents");
const WRITE: Call = Call::repeatable("PATCH", "/v2/agents/{id}");

const OPERATIONS: Operations = Operations {
    update: WRITE,
    merging: None,
    create: Some(Creation { call: CREATE, required: &[], nullable: &[], rows: &[], remarks: &[] }),
    delete: Some(Call::repeatable("DELETE", "/v2/agents/{id}")),
    list: None,
};

const LISTED: Listed = Listed {
    id: "id",
    status: None,
    statuses: &[],
    created_at: Some("createdAt"),
    updated_at: Some("updatedAt"),
    deleted_at: None,
    volatile: &["updatedAt"],
};

const PLAN: Plan = Plan {
    objects: &[Object {
        name: "",
        title: "the agent",
        read: Call::repeatable("GET", "/v2/agents/{id}"),
        write: WRITE,
        create: Some(CreateObject {
            call: CREATE,
            members: "{}",
            captures: &[Capture { name: "id", path: &["id"], or_else: "" }],
            is_told: true,
        }),
        captures: &[],
        is_always_read: false,
    }],
    draft: None,
    publish: None,
    parameters: &[],
};

const SPLICES: &[Splice] = &[
    Splice { path: &["brain"], how: Splicing::Whole },
    Splice { path: &["limits"], how: Splicing::Whole },
    Splice { path: &["speech"], how: Splicing::Whole },
];

const RESPONSES: ResponseSpec = ResponseSpec {
    updated: Schema::Anything,
    created: Schema::Anything,
    deleted: Schema::Anything,
    errors: &[ERRORS],
    meanings: &[],
    assistants: Schema::Anything,
    naming: Naming::AtStart { before: "property" },
};

const ERRORS: &[ErrorSpec] = &[ErrorSpec {
    statuses: &[400, 401, 402, 403, 404, 409, 429, 500, 503],
    body: Schema::Object(&[
        Member::new("message", Schema::Anything),
        Member::new("error", Schema::Text).optional(),
        Member::new("statusCode", Schema::Integer).optional(),
    ]),
}];

const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

const fn catalog(_kind: CatalogKind) -> Option<CatalogSpec> {
    None
}

const fn reading(field: Field) -> Reading {
    match field {
        // `language_id` tells it.
        Field::Language => Reading::Never,
        _ => Reading::Backwards,
    }
}

const ID: Shape = Shape::TEXT;

const OPENINGS: &[(Literal, Literal)] =
    &[(Literal::Bool(true), Literal::Text("caller")), (Literal::Bool(false), Literal::Text("agent"))];

/// Every field by name, so that a new canonical field does not compile without a row.
const fn row(field: Field) -> Row {
    match field {
        Field::Name => Row::at(&["name"]).at_most(60),
        Field::InitialMessage => Row::at(&["greeting"]),
        Field::WaitForCustomer => Row::at_as(&["opening"], PlaceForm::Values(OPENINGS)),
        Field::Record => Row::at(&["recorded"]),
        Field::SystemPrompt => Row::at(&["brain", "instructions"]),
        Field::LlmModelId => Row::at(&["brain", "model"]).typed(ID),
        Field::LlmTemperature => Row::at(&["brain", "temperature"]),
        Field::VoiceId => Row::at(&["speech", "voice"]).typed(ID),
        Field::LanguageId => Row::at(&["speech", "language"]).typed(ID),
        Field::Language => Row::at_as(&["speech", "language"], PlaceForm::Language(&[])),
        Field::SpeechSpeed => Row::at(&["speech", "rate"]).nearly("Linnet rounds the rate to tenths"),
        Field::Keywords => Row::at(&["speech", "keywords"]).null_is("[]"),
        Field::MaxDuration => Row::at_as(&["limits", "callMs"], PlaceForm::Scaled(Factor::MILLISECONDS)),
        Field::EndCallAfterSilence => {
            Row::at_as(&["limits", "silenceMs"], PlaceForm::Scaled(Factor::MILLISECONDS)).without_null()
        }
        Field::VendorOptions => Row::by(Rule::Merge),
        Field::Voice
        | Field::Type
        | Field::Mode
        | Field::Timezone
        | Field::LlmModel
        | Field::MultimodalModelId
        | Field::MultimodalModel
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
        | Field::SynthesizerProviderId
        | Field::TranscriberProviderId
        | Field::AllowInterruptions
        | Field::Fillers
        | Field::FillerConfig
        | Field::EnableNoiseCancellation
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
        | Field::ConversationEndedWebhookUrl
        | Field::TtsModel
        | Field::LlmFallbackModels
        | Field::FirstMessageInterruptible => Row::unsupported("this field"),
    }
}
