//! The platform's responses. Its revisions share all of them but a few errors.
//!
//! Sources: the documentation of the update; <https://github.com/Autocalls/documentation>, api-reference/assistants/get-assistants.mdx
//! for the list, which does not state what may be `null`; <https://github.com/Konnect-U/Help> for 402, 403 and 429.

use crate::dialect::{ErrorSpec, Meaning, Member, Naming, ResponseSpec, Schema, VendorErrorKind};

use Schema::{Anything, Boolean, Integer, List, Map, Number, Object, Text};

/// The platform's responses.
pub(crate) const RESPONSES: ResponseSpec = ResponseSpec {
    updated: ASSISTANT_CHANGED,
    created: ASSISTANT_CHANGED,
    deleted: Object(&[MESSAGE]),
    errors: &[ERRORS],
    // The text exists in English only (<https://github.com/Konnect-U/Help>, campaigns/create-campaign).
    meanings: &[Meaning { statuses: &[403], word: "allowed by your plan", kind: VendorErrorKind::AccountProblem }],
    assistants: Object(&[
        Member::new("data", List(&Object(ASSISTANT))),
        Member::new("current_page", Integer),
        Member::new("last_page", Integer),
        Member::new("per_page", Integer),
        Member::new("total", Integer),
        Member::new("from", Integer).nullable().optional(),
        Member::new("to", Integer).nullable().optional(),
        Member::new("path", Text).optional(),
        Member::new("first_page_url", Text).optional(),
        Member::new("last_page_url", Text).optional(),
        Member::new("next_page_url", Text).nullable().optional(),
        Member::new("prev_page_url", Text).nullable().optional(),
        Member::new("links", List(&Anything)).optional(),
    ]),
    naming: Naming::Nowhere,
};

/// The response to an update and to a creation.
const ASSISTANT_CHANGED: Schema = Object(&[
    Member::new("message", Text),
    Member::new(
        "data",
        Object(&[
            Member::new("id", Integer),
            Member::new("name", Text),
            Member::new("status", Text),
            Member::new("type", Text),
            Member::new("mode", Text),
        ]),
    ),
]);

const MESSAGE: Member = Member::new("message", Text);

/// The platform's errors.
pub(crate) const ERRORS: &[ErrorSpec] = &[
    ErrorSpec { statuses: &[401, 403, 404, 500], body: Object(&[MESSAGE]) },
    ErrorSpec {
        statuses: &[402],
        body: Object(&[Member::new("success", Boolean), Member::new("error", Text), Member::new("error_code", Text)]),
    },
    // No documentation shows a body.
    ErrorSpec { statuses: &[405], body: Anything },
    ErrorSpec { statuses: &[422], body: Object(&[MESSAGE, Member::new("errors", Map(&List(&Text)))]) },
    // Endpoints that do not concern assistants use `error` instead of `message`.
    ErrorSpec { statuses: &[500], body: Object(&[Member::new("error", Text)]) },
    // Documented with `retry_after`, but for another endpoint; the framework itself sends only a header.
    ErrorSpec { statuses: &[429], body: Object(&[MESSAGE, Member::new("retry_after", Integer).optional()]) },
];

/// One assistant of the list, in the documentation's order.
const ASSISTANT: &[Member] = &[
    Member::new("id", Integer),
    Member::new("user_id", Integer),
    Member::new("phone_number_id", Integer).nullable(),
    Member::new("engine_id", Integer).nullable(),
    Member::new("synthesizer_id", Integer).nullable(),
    Member::new("transcriber_id", Integer).nullable(),
    Member::new("voice_id", Integer).nullable(),
    Member::new("instance_id", Integer).nullable(),
    Member::new("name", Text),
    Member::new("variables", Map(&Anything)).nullable(),
    Member::new("post_call_evaluation", Boolean).nullable(),
    Member::new("fillers", Integer).nullable(),
    Member::new("post_call_schema", List(&Anything)).nullable(),
    Member::new("tools", List(&Object(&[Member::new("type", Text), Member::new("data", Anything)]))).nullable(),
    Member::new("is_webhook_active", Boolean).nullable(),
    Member::new("webhook_url", Text).nullable(),
    Member::new("inbound_webhook_url", Text).nullable(),
    Member::new("language", Text).nullable(),
    Member::new("type", Text),
    Member::new("status", Text),
    Member::new("max_duration", Integer).nullable(),
    Member::new("record", Boolean).nullable(),
    Member::new("initial_message", Text).nullable(),
    Member::new("system_prompt", Text).nullable(),
    Member::new("flows_platform_id", Integer).nullable(),
    Member::new("timezone", Text).nullable(),
    Member::new("created_at", Text).nullable(),
    Member::new("updated_at", Text).nullable(),
    Member::new("max_silence_duration", Integer).nullable(),
    Member::new("reengagement_interval", Integer).nullable(),
    Member::new("deleted_at", Text).nullable(),
    Member::new("end_call_on_voicemail", Integer).nullable(),
    Member::new("llm_temperature", Text).nullable(),
    Member::new("voice_stability", Text).nullable(),
    Member::new("voice_similarity", Text).nullable(),
    Member::new("allow_interruptions", Boolean).nullable(),
    Member::new("enable_noise_cancellation", Boolean).nullable(),
    Member::new("endpoint_sensitivity", Number).nullable(),
    Member::new("speech_speed", Text).nullable(),
    Member::new("endpoint_type", Text).nullable(),
    Member::new("wait_for_customer", Boolean).nullable(),
    Member::new("mode", Text),
    Member::new("language_id", Integer).nullable(),
    Member::new("transcriber_provider_id", Integer).nullable(),
    Member::new("synthesizer_provider_id", Integer).nullable(),
    Member::new("llm_model_id", Integer).nullable(),
    Member::new("multimodal_model_id", Integer).nullable(),
    Member::new("ambient_sound", Text).nullable(),
    Member::new("uuid", Text).nullable(),
    Member::new("send_webhook_only_on_completed", Boolean).nullable(),
    Member::new("include_recording_in_webhook", Boolean).nullable(),
    Member::new("interrupt_sensitivity", Number).nullable(),
    Member::new("filler_config", Map(&Anything)).nullable(),
    Member::new("knowledgebase_id", Integer).nullable(),
    Member::new("knowledgebase_mode", Text).nullable(),
    Member::new("min_interrupt_words", Integer).nullable(),
    Member::new("ambient_sound_volume", Text).nullable(),
    Member::new("widget_settings", Map(&Anything)).nullable(),
];
