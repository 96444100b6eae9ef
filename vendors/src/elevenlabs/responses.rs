//! The vendor's responses.
//!
//! Sources: the SDK `elevenlabs` 2.78.0 (PyPI), `GetAgentResponseModel`, `CreateAgentResponseModel`, `HttpValidationError`; the
//! pages on error codes 400, 401 and 429 of <https://help.elevenlabs.io>.

use crate::dialect::{ErrorSpec, Meaning, Member, Naming, ResponseSpec, Schema, VendorErrorKind};

use Schema::{Anything, Integer, List, Map, Object, Text};

pub(super) const RESPONSES: ResponseSpec = ResponseSpec {
    updated: Object(AGENT),
    created: Object(&[Member::new("agent_id", Text)]),
    deleted: Anything,
    errors: &[ERRORS],
    meanings: &[
        // A key without credits left is no wrong key.
        Meaning { statuses: &[400, 401], word: "quota_exceeded", kind: VendorErrorKind::AccountProblem },
        Meaning { statuses: &[400], word: "invalid_api_key", kind: VendorErrorKind::CredentialsRejected },
        // Only the configuration names a branch.
        Meaning { statuses: &[404], word: "branch_not_found", kind: VendorErrorKind::Misconfigured },
    ],
    assistants: Anything,
    naming: Naming::Nowhere,
};

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec { statuses: REFUSALS, body: Object(&[Member::new("detail", Object(DETAIL))]) },
    ErrorSpec { statuses: REFUSALS, body: Object(&[Member::new("detail", Text)]) },
    ErrorSpec { statuses: &[422], body: Object(&[Member::new("detail", List(&Object(COMPLAINT)))]) },
];

const REFUSALS: &[u16] = &[400, 401, 403, 404, 409, 429];

const DETAIL: &[Member] = &[
    Member::new("status", Text),
    Member::new("message", Text),
    Member::new("code", Text).optional(),
    Member::new("type", Text).optional(),
];

const COMPLAINT: &[Member] = &[
    Member::new("loc", List(&Anything)),
    Member::new("msg", Text),
    Member::new("type", Text),
    Member::new("input", Anything).optional(),
    Member::new("ctx", Anything).optional(),
    Member::new("url", Text).optional(),
];

/// What a read and an update tell of an agent.
const AGENT: &[Member] = &[
    Member::new("agent_id", Text),
    Member::new("name", Text),
    Member::new("conversation_config", Map(&Anything)),
    Member::new(
        "metadata",
        Object(&[
            Member::new("created_at_unix_secs", Integer),
            Member::new("updated_at_unix_secs", Integer).optional(),
        ]),
    ),
    Member::new("platform_settings", Map(&Anything)).optional(),
    Member::new("phone_numbers", List(&Anything)).optional(),
    Member::new("whatsapp_accounts", List(&Anything)).optional(),
    Member::new("workflow", Anything).optional(),
    Member::new("access_info", Anything).optional(),
    Member::new("tags", List(&Text)).optional(),
    Member::new("version_id", Text).nullable().optional(),
    Member::new("branch_id", Text).nullable().optional(),
    Member::new("main_branch_id", Text).nullable().optional(),
    Member::new("procedures", Anything).optional(),
    Member::new("default_hold_audio_url", Text).nullable().optional(),
];
