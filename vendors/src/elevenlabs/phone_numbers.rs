//! `phone_number_id`: a number names its agent.
//!
//! Source: the SDK `elevenlabs` 2.78.0 (PyPI), `phone_numbers.get`, `phone_numbers.update`, `PhoneNumberAgentInfo`,
//! `GetAgentResponseModel.phone_numbers`.

use crate::dialect::{Assignment, Call, IdRule};

pub(super) static PHONE_NUMBER: Assignment = Assignment {
    title: "the phone number",
    // `phnum_…`; no page states a length.
    ids: IdRule::Token { max: 128 },
    place: &["phone_number_id"],
    listed: Some((&["phone_numbers"], "phone_number_id")),
    read: Call::repeatable("GET", "/v1/convai/phone-numbers/{phone_number_id}"),
    write: Call::repeatable("PATCH", "/v1/convai/phone-numbers/{phone_number_id}"),
    // An agent of an account with a branch answers on that branch.
    members: &[("agent_id", "id"), ("branch_id", "branch")],
    captures: &[],
    id: &["phone_number_id"],
    names: &["assigned_agent", "agent_id"],
    others: &[],
};
