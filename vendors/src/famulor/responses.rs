//! The vendor's responses: the platform's, and errors with a short `error` and a longer `message`.
//!
//! Source: <https://docs.famulor.io/en/developers/authentication-guide>.

use crate::autocalls;
use crate::dialect::{ErrorSpec, Member, ResponseSpec, Schema};

/// The responses.
pub(super) const RESPONSES: ResponseSpec =
    ResponseSpec { errors: &[autocalls::ERRORS, ERRORS], ..autocalls::RESPONSES };

const ERROR: Member = Member::new("error", Schema::Text);
const MESSAGE: Member = Member::new("message", Schema::Text);

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec { statuses: &[401, 403], body: Schema::Object(&[ERROR, MESSAGE]) },
    ErrorSpec {
        statuses: &[429],
        body: Schema::Object(&[ERROR, MESSAGE, Member::new("retry_after", Schema::Integer).optional()]),
    },
];
