//! The platform's answers, which every revision of it shares but for its catalogs and a few errors.
//!
//! Sources: the update page; <https://github.com/Autocalls/documentation>, api-reference/assistants/get-assistants.mdx
//! for the list, whose text does not say what may be `null`; <https://github.com/Konnect-U/Help> for 402, 403, 429 and
//! the newest catalogs.

use crate::dialect::{Answers, ErrorShape, Holds, Part};

use Holds::{Anything, Boolean, Integer, List, Map, Number, Object, Text};

/// The platform's answers.
pub(crate) const ANSWERS: Answers = Answers {
    updated: Object(&[
        Part::new("message", Text),
        Part::new(
            "data",
            Object(&[
                Part::new("id", Integer),
                Part::new("name", Text),
                Part::new("status", Text),
                Part::new("type", Text),
                Part::new("mode", Text),
            ]),
        ),
    ]),
    errors: &[ERRORS],
    assistants: Object(&[
        Part::new("data", List(&Object(ASSISTANT))),
        Part::new("current_page", Integer),
        Part::new("last_page", Integer),
        Part::new("per_page", Integer),
        Part::new("total", Integer),
        Part::new("from", Integer).nullable().optional(),
        Part::new("to", Integer).nullable().optional(),
        Part::new("path", Text).optional(),
        Part::new("first_page_url", Text).optional(),
        Part::new("last_page_url", Text).optional(),
        Part::new("next_page_url", Text).nullable().optional(),
        Part::new("prev_page_url", Text).nullable().optional(),
        Part::new("links", List(&Anything)).optional(),
    ]),
    catalogs: [
        LANGUAGES,
        List(&Object(&[
            Part::new("id", Integer),
            Part::new("name", Text),
            Part::new("language_id", Integer).nullable(),
            Part::new("gender", Text).nullable(),
            Part::new("preview_url", Text).nullable(),
            Part::new("accent", Text).nullable(),
            Part::new("age", Text).nullable(),
            Part::new("synthesizer_provider_id", Integer).nullable(),
        ])),
        MODELS,
        MULTIMODAL_MODELS,
    ],
};

/// The catalogs of the revision that lists no provider of a voice.
pub(crate) const CATALOGS_BEFORE_VOICE_PROVIDERS: [Holds; 4] = [
    LANGUAGES,
    List(&Object(&[
        Part::new("id", Integer),
        Part::new("name", Text),
        Part::new("language_id", Integer).nullable(),
        Part::new("gender", Text).nullable(),
    ])),
    MODELS,
    MULTIMODAL_MODELS,
];

/// Languages, in every revision.
pub(crate) const LANGUAGES: Holds =
    List(&Object(&[Part::new("id", Integer), Part::new("name", Text), Part::new("iso_2", Text).nullable()]));

/// Models of pipeline mode, in every revision.
pub(crate) const MODELS: Holds = List(&Object(&[Part::new("id", Integer), Part::new("name", Text)]));

const MULTIMODAL_MODELS: Holds =
    List(&Object(&[Part::new("id", Integer), Part::new("name", Text), Part::new("code", Text)]));

const MESSAGE: Part = Part::new("message", Text);

/// The platform's errors.
pub(crate) const ERRORS: &[ErrorShape] = &[
    ErrorShape { statuses: &[401, 403, 404, 500], body: Object(&[MESSAGE]) },
    ErrorShape {
        statuses: &[402],
        body: Object(&[Part::new("success", Boolean), Part::new("error", Text), Part::new("error_code", Text)]),
    },
    // No page shows a body.
    ErrorShape { statuses: &[405], body: Anything },
    ErrorShape { statuses: &[422], body: Object(&[MESSAGE, Part::new("errors", Map(&List(&Text)))]) },
    // Endpoints that are not about assistants say `error` where these say `message`.
    ErrorShape { statuses: &[500], body: Object(&[Part::new("error", Text)]) },
    // Documented with `retry_after`, but for another endpoint; the framework says it in a header alone.
    ErrorShape { statuses: &[429], body: Object(&[MESSAGE, Part::new("retry_after", Integer).optional()]) },
];

/// One assistant of the list, in the page's order.
const ASSISTANT: &[Part] = &[
    Part::new("id", Integer),
    Part::new("user_id", Integer),
    Part::new("phone_number_id", Integer).nullable(),
    Part::new("engine_id", Integer).nullable(),
    Part::new("synthesizer_id", Integer).nullable(),
    Part::new("transcriber_id", Integer).nullable(),
    Part::new("voice_id", Integer).nullable(),
    Part::new("instance_id", Integer).nullable(),
    Part::new("name", Text),
    Part::new("variables", Map(&Anything)).nullable(),
    Part::new("post_call_evaluation", Boolean).nullable(),
    Part::new("fillers", Integer).nullable(),
    Part::new("post_call_schema", List(&Anything)).nullable(),
    Part::new("tools", List(&Object(&[Part::new("type", Text), Part::new("data", Anything)]))).nullable(),
    Part::new("is_webhook_active", Boolean).nullable(),
    Part::new("webhook_url", Text).nullable(),
    Part::new("inbound_webhook_url", Text).nullable(),
    Part::new("language", Text).nullable(),
    Part::new("type", Text),
    Part::new("status", Text),
    Part::new("max_duration", Integer).nullable(),
    Part::new("record", Boolean).nullable(),
    Part::new("initial_message", Text).nullable(),
    Part::new("system_prompt", Text).nullable(),
    Part::new("flows_platform_id", Integer).nullable(),
    Part::new("timezone", Text).nullable(),
    Part::new("created_at", Text).nullable(),
    Part::new("updated_at", Text).nullable(),
    Part::new("max_silence_duration", Integer).nullable(),
    Part::new("reengagement_interval", Integer).nullable(),
    Part::new("deleted_at", Text).nullable(),
    Part::new("end_call_on_voicemail", Integer).nullable(),
    Part::new("llm_temperature", Text).nullable(),
    Part::new("voice_stability", Text).nullable(),
    Part::new("voice_similarity", Text).nullable(),
    Part::new("allow_interruptions", Boolean).nullable(),
    Part::new("enable_noise_cancellation", Boolean).nullable(),
    Part::new("endpoint_sensitivity", Number).nullable(),
    Part::new("speech_speed", Text).nullable(),
    Part::new("endpoint_type", Text).nullable(),
    Part::new("wait_for_customer", Boolean).nullable(),
    Part::new("mode", Text),
    Part::new("language_id", Integer).nullable(),
    Part::new("transcriber_provider_id", Integer).nullable(),
    Part::new("synthesizer_provider_id", Integer).nullable(),
    Part::new("llm_model_id", Integer).nullable(),
    Part::new("multimodal_model_id", Integer).nullable(),
    Part::new("ambient_sound", Text).nullable(),
    Part::new("uuid", Text).nullable(),
    Part::new("send_webhook_only_on_completed", Boolean).nullable(),
    Part::new("include_recording_in_webhook", Boolean).nullable(),
    Part::new("interrupt_sensitivity", Number).nullable(),
    Part::new("filler_config", Map(&Anything)).nullable(),
    Part::new("knowledgebase_id", Integer).nullable(),
    Part::new("knowledgebase_mode", Text).nullable(),
    Part::new("min_interrupt_words", Integer).nullable(),
    Part::new("ambient_sound_volume", Text).nullable(),
    Part::new("widget_settings", Map(&Anything)).nullable(),
];
