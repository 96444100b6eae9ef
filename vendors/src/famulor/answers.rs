//! What this vendor answers beside what the platform does: errors with a short `error` and a longer `message`.
//!
//! Source: <https://docs.famulor.io/en/developers/authentication-guide>.

use crate::autocalls;
use crate::dialect::{Answers, ErrorShape, Holds, Part};

/// The answers.
pub(super) const ANSWERS: Answers = Answers { errors: &[autocalls::ERRORS, ERRORS], ..autocalls::ANSWERS };

const ERROR: Part = Part::new("error", Holds::Text);
const MESSAGE: Part = Part::new("message", Holds::Text);

const ERRORS: &[ErrorShape] = &[
    ErrorShape { statuses: &[401, 403], body: Holds::Object(&[ERROR, MESSAGE]) },
    ErrorShape {
        statuses: &[429],
        body: Holds::Object(&[ERROR, MESSAGE, Part::new("retry_after", Holds::Integer).optional()]),
    },
];
