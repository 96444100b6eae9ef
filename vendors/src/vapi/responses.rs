//! The responses of Vapi, and what its documentation leaves open.
//!
//! Sources: README.md beside this file.

use crate::dialect::{ErrorSpec, Member, Naming, ResponseSpec, Schema};

pub(super) const RESPONSES: ResponseSpec = ResponseSpec {
    updated: Schema::Anything,
    created: Schema::Anything,
    deleted: Schema::Anything,
    errors: &[ERRORS],
    meanings: &[],
    assistants: Schema::Anything,
    naming: Naming::AtStart { before: "property" },
};

/// `message` is a text or an array of texts.
const ERRORS: &[ErrorSpec] = &[ErrorSpec {
    statuses: &[400, 401, 402, 403, 404, 409, 429, 500, 503],
    body: Schema::Object(&[
        Member::new("message", Schema::Anything),
        Member::new("error", Schema::Text).optional(),
        Member::new("statusCode", Schema::Integer).optional(),
    ]),
}];

pub(super) const SILENCES: &[&str] = &[
    "Whether `null` clears a nested value: the reference marks no field as nullable. It is sent where real clients send it \
     (`voicemailMessage`, `startSpeakingPlan.smartEndpointingPlan`), and refused elsewhere.",
    "Whether each update makes a version. Updates are live at once.",
    "The least time of a `customer.speech.timeout`: the reference of 2026-08 says 1 second, the SDK of 2026-11 says 2. The \
     gateway sends what it gets.",
    "What answers a phone number that has a squad or a workflow beside an assistant. Such a number is refused.",
    "How many requests an organisation may send, and whether a 429 says when to come back.",
    "Conditional requests: none. A change by another client between the gateway's read and its write is lost.",
];
