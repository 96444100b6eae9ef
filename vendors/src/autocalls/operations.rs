//! The platform's operations, and how its assistants are read. Its revisions share both, because each of them lists
//! assistants with the current dialect's names.
//!
//! Sources: <https://github.com/Autocalls/documentation>, api-reference/assistants/create-assistant.mdx,
//! get-assistants.mdx and delete-assistant.mdx; <https://github.com/Konnect-U/Help> for the newer revisions.

use crate::canonical::Field;
use crate::dialect::{
    Call, Creation, Form, IdRule, Listed, Listing, Merging, Operations, Reading, Remark, Requirement,
};

use Requirement::{Always, InModes, With};

/// The samples have integers. No page states a greatest one; longer ones would not fit into 64 bits.
pub(crate) const IDS: IdRule = IdRule::Digits { max: 20 };

/// The operations of the current dialect.
pub(crate) const OPERATIONS: Operations = Operations {
    update: Call::repeatable("PUT", "/user/assistant/{id}"),
    merging: Some(MERGING),
    create: Some(CREATION),
    delete: Some(Call::repeatable("DELETE", "/user/assistant/{id}")),
    list: Some(Listing::numbered(Call::repeatable("GET", "/user/assistants/get"), "page", "per_page", 100)),
};

/// The pages say of each list and object that it replaces the existing one, and of the mode that a change resets models and
/// providers.
pub(crate) const MERGING: Merging = Merging {
    replaced: &[
        Field::SecondaryLanguageIds,
        Field::LabelIds,
        Field::ToolIds,
        Field::Tools,
        Field::FillerConfig,
        Field::PostCallSchema,
        Field::Variables,
    ],
    resetting: &[Field::Mode],
};

/// The members of a listed assistant that are no fields, in every revision.
pub(crate) const LISTED: Listed = Listed {
    id: "id",
    status: Some("status"),
    statuses: &[],
    created_at: Some("created_at"),
    updated_at: Some("updated_at"),
    deleted_at: Some("deleted_at"),
    volatile: &["created_at", "updated_at"],
};

/// A creation in the current dialect. No revision documents an idempotency key.
pub(crate) const CREATION: Creation = Creation {
    call: Call::once("POST", "/user/assistant"),
    required: &[
        Always(Field::Name),
        Always(Field::VoiceId),
        Always(Field::LanguageId),
        Always(Field::Type),
        Always(Field::Mode),
        Always(Field::Timezone),
        Always(Field::InitialMessage),
        Always(Field::SystemPrompt),
        InModes(Field::LlmModelId, &["pipeline"]),
        InModes(Field::MultimodalModelId, &["multimodal", "dualplex"]),
        With(Field::WebhookUrl, Field::IsWebhookActive),
    ],
    nullable: &[Field::FolderId],
    rows: &[],
    remarks: &[Remark {
        member: "status",
        value: "inactive",
        code: "created_inactive",
        detail: "a new assistant is inactive, and no documented operation activates it; use the vendor's dashboard",
    }],
};

/// What no revision's documentation says.
pub(crate) const SILENCES: &[&str] = &[
    "Whether one assistant can be read by itself: it is searched in the list.",
    "The order of the list, and what a page shows when assistants come or go meanwhile.",
    "What a number of assistants on a page outside 1 to 100 does.",
    "How an assistant is activated or deactivated.",
    "Whether two assistants may have the same name, and how many an account may have.",
    "An idempotency key for creations.",
    "Whether third parties' keys inside `tools` are masked when they are read.",
    "What a deletion does to the assistant's phone number, its campaigns, and to tools that transfer to it.",
    "Whether the list shows more members than those documented. They are kept as vendor fields.",
];

/// How each field is read. A list shows 43 of them; the rest is documented for writing only.
pub(crate) const fn reading(field: Field) -> Reading {
    match field {
        Field::Fillers | Field::EndCallOnVoicemail => Reading::As(Form::Bit),
        Field::LlmTemperature
        | Field::VoiceStability
        | Field::VoiceSimilarity
        | Field::SpeechSpeed
        | Field::AmbientSoundVolume => Reading::As(Form::DecimalText),
        Field::Variables | Field::FillerConfig => Reading::As(Form::Object),
        Field::Tools => Reading::As(Form::TypeAndData),
        // Famulor's sample shows `boolean`, where updates take `bool`.
        Field::PostCallSchema => Reading::As(Form::Choices { member: "type", values: &[("boolean", "bool")] }),
        Field::Language | Field::Voice | Field::LlmModel | Field::MultimodalModel | Field::VendorOptions => {
            Reading::Backwards
        }
        Field::ChatLlmFallbackId
        | Field::TurnDetectionThreshold
        | Field::SecondaryLanguageIds
        | Field::ToolIds
        | Field::FolderId
        | Field::LabelIds
        | Field::TtsEmotionEnabled
        | Field::ReengagementPrompt
        | Field::VoiceMailMessage
        | Field::RingingTime
        | Field::MaxInitialSilenceDuration
        | Field::ConversationInactivityTimeout
        | Field::ConversationEndedRetrigger
        | Field::ConversationEndedWebhookUrl
        | Field::EndCallAfterSilence
        | Field::Keywords
        | Field::TtsModel
        | Field::LlmFallbackModels
        | Field::FirstMessageInterruptible => Reading::Never,
        _ => Reading::As(Form::Same),
    }
}
