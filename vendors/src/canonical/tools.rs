//! The built-in tools: every documented type and parameter. Autocalls documents all of them.
//!
//! Source: <https://docs.autocalls.ai/api-reference/assistants/update-assistant>, "Built-in Tools".

use super::shape::{Bounds, Member, Shape, Variant};

/// Members whose ids, the integers without a range, are texts.
const fn with_text_ids<const COUNT: usize>(members: &[Member]) -> [Member; COUNT] {
    let (mut all, mut index) = ([members[0]; COUNT], 0);
    while index < COUNT {
        all[index] = members[index];
        if matches!(all[index].shape, Shape::Integer(None)) {
            all[index].shape = Shape::TEXT;
        }
        index += 1;
    }
    all
}

const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Member {
    Member::optional(name, shape, doc)
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Member {
    Member::required(name, shape, doc)
}

/// One element of `tools`.
pub(super) const TOOL: Shape = Shape::Tagged(&variants(WARM_CALL_TRANSFER, ASSISTANT_TRANSFER));

/// The same where the ids of assistants and phone numbers are texts.
pub(crate) const TOOL_WITH_TEXT_IDS: Shape = Shape::Tagged(&variants(
    &with_text_ids::<{ WARM_CALL_TRANSFER.len() }>(WARM_CALL_TRANSFER),
    &with_text_ids::<{ ASSISTANT_TRANSFER.len() }>(ASSISTANT_TRANSFER),
));

/// Every type of tool, with the members of the two that hold ids.
pub(crate) const fn variants(
    warm_call_transfer: &'static [Member],
    assistant_transfer: &'static [Member],
) -> [Variant; 7] {
    [
        Variant { tag: "call_transfer", members: CALL_TRANSFER, doc: "Transfer the call to another phone number." },
        Variant {
            tag: "warm_call_transfer",
            members: warm_call_transfer,
            doc: "Transfer the call after briefing a supervisor.",
        },
        Variant { tag: "end_call", members: END_CALL, doc: "End the call." },
        Variant { tag: "dtmf_input", members: DTMF_INPUT, doc: "Send DTMF tones." },
        Variant { tag: "collect_keypad", members: COLLECT_KEYPAD, doc: "Collect keypad input from the caller." },
        Variant {
            tag: "calendar_integration",
            members: CALENDAR_INTEGRATION,
            doc: "Book appointments through Cal.com or Calendly.",
        },
        Variant {
            tag: "assistant_transfer",
            members: assistant_transfer,
            doc: "Hand the conversation to another assistant.",
        },
    ]
}

const CALL_TRANSFER: &[Member] = &[
    required("phone_number", Shape::TEXT, "Phone number to transfer to."),
    optional("description", Shape::TEXT, "When to transfer the call."),
    optional("custom", Shape::Boolean, "Whether the AI may determine the number."),
    optional("timezone", Shape::TEXT, "Time zone for transfer availability."),
    optional("warm_transfer", Shape::Boolean, "Whether the customer hears a message first; default false."),
    optional("warm_transfer_message", Shape::TEXT, "Prompt for what to say before transferring."),
];

const WARM_CALL_TRANSFER: &[Member] = &[
    required("supervisor_phone", Shape::TEXT, "Number to dial, or SIP address with `custom_sip`."),
    required("outbound_phone_id", Shape::INTEGER, "Id of the phone number that dials the supervisor."),
    required("description", Shape::TEXT, "When to transfer."),
    optional("custom_sip", Shape::Boolean, "Whether `supervisor_phone` is a SIP address or extension; default false."),
    optional(
        "caller_id_mode",
        Shape::Choice(&["outbound_number", "customer_number", "custom"]),
        "Which number the supervisor sees; default outbound_number.",
    ),
    optional("custom_caller_id", Shape::TEXT, "Number shown with `caller_id_mode` custom."),
    optional("hold_music", Shape::Choice(&["hold_music", "none"]), "What the caller hears while on hold."),
    optional("hold_music_volume", Shape::Number(Some(Bounds::new(0.0, 100.0))), "Volume of the music; default 80."),
    optional("hold_message", Shape::TEXT, "Spoken to the caller before the hold."),
    optional("summary_instructions", Shape::TEXT, "How to brief the supervisor."),
    optional("briefing_initial_message", Shape::TEXT, "First message to the supervisor."),
    optional("connected_message", Shape::TEXT, "Spoken to the caller once connected."),
];

const END_CALL: &[Member] = &[optional("description", Shape::TEXT, "When the AI should end the call.")];

const DTMF_INPUT: &[Member] = &[optional("description", Shape::TEXT, "When to use DTMF input.")];

const COLLECT_KEYPAD: &[Member] = &[
    optional("timeout", Shape::integer(1, 30), "Seconds to wait for input; default 5."),
    optional("stop_key", Shape::Choice(&["#", "*"]), "Key that ends the input; default #."),
];

const CALENDAR_INTEGRATION: &[Member] = &[
    optional("calendar_type", Shape::Choice(&["calcom", "calendly"]), "Calendar provider; default calcom."),
    optional("description", Shape::TEXT, "When to offer scheduling."),
    required("calcom_api_key", Shape::TEXT, "Cal.com API key.").when("calendar_type", "calcom", true).secret(),
    required("calcom_event_slug", Shape::TEXT, "Cal.com event type slug.").when("calendar_type", "calcom", true),
    optional("calcom_team_slug", Shape::TEXT, "Team slug of a team's event."),
    optional("calcom_endpoint", Shape::Choice(&["us", "eu", "custom"]), "Cal.com region; default us."),
    optional("calcom_custom_endpoint", Shape::TEXT, "Base URL with `calcom_endpoint` custom."),
    optional("calcom_event_id", Shape::INTEGER, "Cal.com event type id."),
    optional("calcom_event_name", Shape::TEXT, "Human-readable event name."),
    optional("calcom_booking_fields", Shape::List(&Shape::Record(BOOKING_FIELD)), "Custom booking fields."),
    required("calendly_api_key", Shape::TEXT, "Calendly personal access token.")
        .when("calendar_type", "calendly", false)
        .secret(),
    required("calendly_event_type_uri", Shape::TEXT, "Full Calendly event type URI.").when(
        "calendar_type",
        "calendly",
        false,
    ),
];

const BOOKING_FIELD: &[Member] = &[
    required("slug", Shape::TEXT, "Field identifier."),
    required("type", Shape::TEXT, "Field type, such as text, email, phone or select."),
    required("label", Shape::TEXT, "Label shown."),
    optional("required", Shape::Boolean, "Whether the field must be filled in; default false."),
    optional("options", Shape::List(&Shape::Any), "Options of select fields."),
];

const ASSISTANT_TRANSFER: &[Member] = &[
    required("assistant_id", Shape::INTEGER, "Id of the assistant that takes over; not the one being updated."),
    optional("description", Shape::text(500), "When to transfer."),
    optional("message_before_transfer", Shape::text(500), "Spoken before switching."),
    optional("speak_transfer_greeting", Shape::Boolean, "Whether the other assistant greets; default true."),
];
