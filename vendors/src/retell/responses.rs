//! Retell AI's responses.
//!
//! A success is the whole object. Its members are the document's, and grow with the vendor; they are not repeated here.
//!
//! Sources: the vendor's OpenAPI as kept in the repository api-evangelist/retell-ai (commit a32ed48) for statuses and bodies of
//! errors; docs.retellai.com.

use crate::dialect::{ErrorSpec, Meaning, Member, Naming, ResponseSpec, Schema, VendorErrorKind};

use Schema::{Anything, Object, Text};

pub(super) const RESPONSES: ResponseSpec = ResponseSpec {
    updated: Anything,
    created: Anything,
    deleted: Anything, // 204 without a body
    errors: &[&[ErrorSpec {
        statuses: &[400, 401, 402, 404, 412, 422, 429, 500],
        body: Object(&[Member::new("status", Text), Member::new("message", Text)]),
    }]],
    meanings: &[Meaning { statuses: &[422], word: "cannot find requested asset", kind: VendorErrorKind::NotFound }],
    assistants: Anything,
    // Free prose, which may mention a member without being about it.
    naming: Naming::Anywhere,
};
