//! The table of canonical fields, one line each.

use super::field_spec::{FieldSpec, Group};
use super::mode::Modes;
use super::shape::{Length, Member, Pattern, Shape};
use super::tools::TOOL;

/// Expands the table below into the enumeration and its specifications, so that the two cannot differ.
macro_rules! fields {
    ($($variant:ident $name:literal $group:ident $nullable:ident $modes:ident $shape:expr, $doc:literal;)*) => {
        /// A canonical field.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = $doc] $variant,)*
        }

        impl Field {
            /// Every field, in the order of the vendors' documentation.
            pub const ALL: [Field; [$($name),*].len()] = [$(Field::$variant),*];

            /// The field's type, range, nullability and rules.
            pub const fn spec(self) -> &'static FieldSpec {
                &FIELD_SPECS[self as usize]
            }
        }

        /// In the order of [`Field::ALL`].
        static FIELD_SPECS: [FieldSpec; Field::COUNT] = [
            $(FieldSpec {
                name: $name,
                json: concat!("\"", $name, "\""),
                group: Group::$group,
                nullable: fields!(@nullable $nullable),
                modes: Modes::$modes,
                shape: $shape,
                doc: $doc,
            },)*
        ];
    };
    (@nullable null) => { true };
    (@nullable value) => { false };
}

// A field is nullable if a vendor documents what `null` does. Ranges and lengths are the widest documented ones; a vendor
// with narrower ones states them in its own table.
// Source: <https://docs.autocalls.ai/api-reference/assistants/update-assistant>.
fields! {
    Name "name" Core value Any Shape::text(255), "Name of the assistant.";
    VoiceId "voice_id" Core value Any Shape::INTEGER, "Id of the voice.";
    Voice "voice" Core value Any NAME, "Name of the voice; twin of `voice_id`.";
    LanguageId "language_id" Core value Any Shape::INTEGER, "Id of the language.";
    Language "language" Core value Any NAME, "Language by name or ISO 639-1 code; twin of `language_id`.";
    Type "type" Core value Any Shape::Choice(&["inbound", "outbound"]), "Whether the assistant takes calls or makes them.";
    Mode "mode" Core value Any Shape::Choice(&["pipeline", "multimodal", "dualplex"]), "Engine mode; changing it resets mode-specific settings.";
    Timezone "timezone" Core value Any Shape::TEXT, "Time zone, such as Europe/Bucharest.";
    InitialMessage "initial_message" Core value Any Shape::text(200), "What the assistant says when the call starts.";
    SystemPrompt "system_prompt" Core value Any Shape::TEXT, "Prompt that defines behaviour and personality.";
    LlmModelId "llm_model_id" Mode value Pipeline Shape::INTEGER, "Id of the LLM; pipeline mode only.";
    LlmModel "llm_model" Mode value Pipeline NAME, "Name of the LLM; twin of `llm_model_id`.";
    MultimodalModelId "multimodal_model_id" Mode value Multimodal Shape::INTEGER, "Id of the multimodal model; multimodal and dualplex modes.";
    MultimodalModel "multimodal_model" Mode value Multimodal NAME, "Name of the multimodal model; twin of `multimodal_model_id`.";
    ChatLlmFallbackId "chat_llm_fallback_id" Mode null Multimodal Shape::INTEGER, "Id of the LLM for tool calls in multimodal and dualplex modes; `null` removes it.";
    TurnDetectionThreshold "turn_detection_threshold" Mode null Multimodal Shape::number(0.0, 1.0), "Turn detection sensitivity in multimodal and dualplex modes; `null` is automatic.";
    SecondaryLanguageIds "secondary_language_ids" Languages value Any Shape::List(&Shape::INTEGER), "Ids of further languages; replaces them all.";
    KnowledgebaseId "knowledgebase_id" Knowledge null Any Shape::INTEGER, "Id of the knowledgebase; `null` removes it.";
    KnowledgebaseMode "knowledgebase_mode" Knowledge value Any Shape::Choice(&["function_call", "prompt"]), "How the knowledgebase is used; `prompt` in pipeline mode only.";
    FolderId "folder_id" Organization null Any Shape::INTEGER, "Id of the folder; `null` takes the assistant out of it.";
    LabelIds "label_ids" Organization value Any Shape::List(&Shape::INTEGER), "Ids of labels; replaces them all.";
    PhoneNumberId "phone_number_id" Phone null Any Shape::INTEGER, "Id of the phone number; `null` unassigns it.";
    ToolIds "tool_ids" Tools value Any Shape::List(&Shape::INTEGER), "Ids of custom mid-call tools; replaces them all.";
    Tools "tools" Tools value Any Shape::List(&TOOL), "Built-in tools; replaces them all.";
    TtsEmotionEnabled "tts_emotion_enabled" Voice value Any Shape::Boolean, "Whether speech is synthesised with emotion.";
    VoiceStability "voice_stability" Voice value Any Shape::number(0.0, 1.0), "Voice stability; higher is more consistent.";
    VoiceSimilarity "voice_similarity" Voice value Any Shape::number(0.0, 1.0), "Similarity to the original voice.";
    SpeechSpeed "speech_speed" Voice value Any Shape::number(0.7, 1.2), "Speech speed multiplier.";
    LlmTemperature "llm_temperature" Voice value Any Shape::number(0.0, 1.0), "LLM temperature; lower is more deterministic.";
    SynthesizerProviderId "synthesizer_provider_id" Voice null Any Shape::INTEGER, "Id of the TTS provider; `null` is the language's default.";
    TranscriberProviderId "transcriber_provider_id" Voice null Pipeline Shape::INTEGER, "Id of the STT provider, pipeline mode only; `null` is the language's default.";
    AllowInterruptions "allow_interruptions" Call value Any Shape::Boolean, "Whether the caller may interrupt; always so in multimodal and dualplex modes.";
    Fillers "fillers" Call value Pipeline Shape::Boolean, "Whether filler audio is used; pipeline mode only.";
    FillerConfig "filler_config" Call value Any Shape::Record(FILLERS), "Filler phrases by category; replaces them all.";
    Record "record" Call value Any Shape::Boolean, "Whether the call is recorded.";
    EnableNoiseCancellation "enable_noise_cancellation" Call value Any Shape::Boolean, "Whether noise is cancelled.";
    WaitForCustomer "wait_for_customer" Call value Any Shape::Boolean, "Whether the customer speaks first.";
    MaxDuration "max_duration" Timing value Any Shape::integer(20, 1200), "Longest call, in seconds.";
    MaxSilenceDuration "max_silence_duration" Timing value Any Shape::integer(1, 360), "Longest silence before re-engagement, in seconds.";
    MaxInitialSilenceDuration "max_initial_silence_duration" Timing null Any Shape::integer(1, 120), "Longest silence at the start, in seconds; `null` disables it.";
    RingingTime "ringing_time" Timing value Any Shape::integer(1, 60), "Longest ringing, in seconds.";
    ReengagementInterval "reengagement_interval" Reengagement value Any Shape::integer(7, 600), "Re-engagement interval, in seconds.";
    ReengagementPrompt "reengagement_prompt" Reengagement null Any Shape::text(1000), "Prompt for re-engagement; `null` is the default one.";
    EndCallOnVoicemail "end_call_on_voicemail" Voicemail value Any Shape::Boolean, "Whether voicemail ends the call.";
    VoiceMailMessage "voice_mail_message" Voicemail null Any Shape::text(1000), "Message left on voicemail; `null` disables it.";
    EndpointType "endpoint_type" Endpoint value Any Shape::Choice(&["vad", "ai"]), "Kind of voice activity detection.";
    EndpointSensitivity "endpoint_sensitivity" Endpoint value Any Shape::number(0.0, 5.0), "Endpoint sensitivity.";
    InterruptSensitivity "interrupt_sensitivity" Endpoint value Any Shape::number(0.0, 5.0), "Interrupt sensitivity.";
    MinInterruptWords "min_interrupt_words" Endpoint null Any Shape::integer(0, 10), "Words before an interruption counts; `null` disables it.";
    AmbientSound "ambient_sound" Ambient value Any Shape::Choice(&["off", "office", "city", "forest", "crowded_room", "cafe", "nature"]), "Background sound.";
    AmbientSoundVolume "ambient_sound_volume" Ambient value Any Shape::number(0.0, 1.0), "Volume of the background sound.";
    IsWebhookActive "is_webhook_active" Webhook value Any Shape::Boolean, "Whether webhook notifications are sent.";
    WebhookUrl "webhook_url" Webhook null Any Shape::WEB_ADDRESS, "URL for post-call notifications; `null` removes it.";
    SendWebhookOnlyOnCompleted "send_webhook_only_on_completed" Webhook value Any Shape::Boolean, "Whether only completed calls are notified.";
    IncludeRecordingInWebhook "include_recording_in_webhook" Webhook value Any Shape::Boolean, "Whether the notification holds the recording's URL.";
    PostCallEvaluation "post_call_evaluation" Evaluation value Any Shape::Boolean, "Whether calls are evaluated by AI.";
    PostCallSchema "post_call_schema" Evaluation value Any Shape::List(&Shape::Record(EXTRACTED)), "Data extracted after a call; replaces the schema.";
    Variables "variables" Variables value Any Shape::Map, "Custom variables; replaces them all.";
    ConversationInactivityTimeout "conversation_inactivity_timeout" Conversation null Any Shape::integer(1, 1440), "Minutes of chat inactivity that end a conversation; `null` disables it.";
    ConversationEndedRetrigger "conversation_ended_retrigger" Conversation value Any Shape::Boolean, "Whether an ended conversation may be triggered again.";
    ConversationEndedWebhookUrl "conversation_ended_webhook_url" Conversation null Any Shape::WEB_ADDRESS, "URL called when a conversation ends; `null` removes it.";
    EndCallAfterSilence "end_call_after_silence" Timing null Any Shape::integer(1, 7200), "Silence that ends the call, in seconds; `null` disables it.";
    Keywords "keywords" Voice null Any Shape::List(&Shape::TEXT), "Words that the transcriber listens for; replaces them all.";
    TtsModel "tts_model" Voice value Any Shape::TEXT, "Speech model of the voice, by the vendor's name.";
    LlmFallbackModels "llm_fallback_models" Core null Any Shape::List(&Shape::TEXT), "LLMs that are tried in turn if the first fails, by the vendor's names.";
    FirstMessageInterruptible "first_message_interruptible" Call value Any Shape::Boolean, "Whether the caller may interrupt the first message.";
    VendorOptions "vendor_options" Options value Any Shape::PerVendor, "One object per vendor, merged verbatim into that vendor's body.";
}

/// A name in a catalog. The one vendor that takes names allows 100 characters
/// (<https://docs.sondos-ai.com/api-reference/assistants/update-assistant>).
const NAME: Shape = Shape::Text(Length { min: 1, max: Some(100), pattern: None });

const PHRASES: Shape = Shape::List(&Shape::TEXT);

const FILLERS: &[Member] = &[
    Member::optional("positive", PHRASES, "For affirmative responses."),
    Member::optional("negative", PHRASES, "For negative or neutral responses."),
    Member::optional("question", PHRASES, "While a question is processed."),
    Member::optional("neutral", PHRASES, "For neutral acknowledgments."),
];

const EXTRACTED: &[Member] = &[
    Member::required(
        "name",
        Shape::Text(Length { min: 3, max: Some(16), pattern: Some(Pattern::LowerSnake) }),
        "Name of the value.",
    ),
    Member::required("type", Shape::Choice(&["string", "number", "bool"]), "Its type."),
    Member::required("description", Shape::Text(Length { min: 3, max: Some(255), pattern: None }), "What it is."),
];
