//! `phone_number_id`: a number names its assistant. Its provider decides what else an update of it may have, and must be sent.
//!
//! Sources: <https://docs.vapi.ai/api-reference/phone-numbers/update>, <https://docs.vapi.ai/api-reference/phone-numbers/get>;
//! PyPI `vapi_server_sdk` 3.0.0, `UpdatePhoneNumbersRequestBody`, `TwilioPhoneNumber`.

use crate::dialect::{Assignment, Call, Capture, IdRule};

pub(super) static PHONE_NUMBER: Assignment = Assignment {
    title: "the phone number",
    ids: IdRule::Uuid,
    place: &["phone_number_id"],
    // An assistant does not tell its numbers.
    listed: None,
    read: Call::repeatable("GET", "/phone-number/{phone_number_id}"),
    write: Call::repeatable("PATCH", "/phone-number/{phone_number_id}"),
    members: &[("provider", "provider"), ("assistantId", "id")],
    captures: &[Capture { name: "provider", path: &["provider"], or_else: "" }],
    id: &["id"],
    names: &["assistantId"],
    others: &[&["squadId"], &["workflowId"]],
};
