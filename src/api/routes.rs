//! The table of the API's operations. The router, `Allow`, permissions, labels of logs and metrics, the OpenAPI
//! document, `/docs` and the README's table are made from it.

mod records;
mod row;

use http::Method;

use crate::problem::Code;
use crate::value::AssistantOperation;

use super::endpoint::Endpoint;

pub use row::{Action, Body, Content, Link, Operation, Permission, Success};

/// The table. Rows of one path stand together, in the order in which `Allow` names their methods.
pub static ENDPOINTS: &[Endpoint<Operation>] = &[
    get(
        ASSISTANTS,
        "The assistants that this client may use",
        Operation {
            description: "By vendor, then in the vendor's order. A vendor that cannot be read is named in `vendors` with its problem; \
                          the answer is an error only if none can be read. Repeat the request with `next_cursor` as `cursor` until it is null.",
            parameters: &[
                "list_vendor",
                "type",
                "status",
                "name",
                "list_limit",
                "list_cursor",
                "include",
                "request_timeout",
                "request_id",
            ],
            success: Success { links: &[FIRST_ASSISTANT], ..json("AssistantList") },
            problems: &[Code::Forbidden, Code::UnknownAssistant, Code::UnsupportedByVendor],
            ..assistants(Action::ListAssistants, AssistantOperation::List, "listAssistants")
        },
    ),
    CREATE,
    get(
        ASSISTANT,
        "Read an assistant",
        Operation {
            description: "`fields` can be sent back unchanged as an update in strict handling. `unreadable` are the fields that this vendor never \
                          tells; `unwritable` is what it tells and an update there would refuse. `ETag` names the state.",
            parameters: &["assistant", "include", "if_match", "if_none_match", "request_timeout", "request_id"],
            success: Success { headers: &["ETag"], links: &[UPDATE, EXPLAIN], ..json("Assistant") },
            problems: &[
                Code::Forbidden,
                Code::UnknownAssistant,
                Code::AssistantNotFound,
                Code::PreconditionFailed,
                Code::UnsupportedByVendor,
            ],
            ..assistants(Action::ReadAssistant, AssistantOperation::Read, "readAssistant")
        },
    ),
    update(Method::PUT, "updateAssistant", &[EXPLAIN, ("again", "updateAssistant", "assistant", "/assistant")]),
    update(Method::PATCH, "patchAssistant", &[EXPLAIN, ("again", "patchAssistant", "assistant", "/assistant")]),
    DELETE,
    COPY,
    records::READ,
    records::CANCEL,
    records::REPLAY,
    records::LIST,
    get(
        "/v1/assistants/{assistant}/route",
        "Where an assistant leads and by which rule",
        Operation {
            parameters: &["assistant"],
            success: Success { links: &[UPDATE, ("vendor", "describeVendor", "vendor", "/vendor")], ..json("Route") },
            problems: &[Code::Forbidden, Code::UnknownAssistant],
            ..discovery(Action::ExplainRoute, "explainRoute")
        },
    ),
    get(
        "/v1/vendors",
        "The vendors that this client may use",
        Operation {
            success: Success { links: &[FIRST_VENDOR], ..json("VendorList") },
            ..discovery(Action::ListVendors, "listVendors")
        },
    ),
    get(
        "/v1/vendors/{vendor}",
        "Every canonical field at one vendor",
        Operation {
            parameters: &["vendor"],
            success: json("VendorFields"),
            problems: &[Code::NotFound, Code::Forbidden],
            ..discovery(Action::DescribeVendor, "describeVendor")
        },
    ),
    get(
        "/v1/vendors/{vendor}/catalogs",
        "The catalogs that one vendor has",
        Operation {
            description: "The kinds that this vendor documents. `entries` and `age` (seconds since the vendor's copy was read) \
                          are `null` while no copy is there; the vendor is not called.",
            parameters: &["vendor"],
            success: json("CatalogList"),
            problems: &[Code::NotFound, Code::Forbidden],
            ..discovery(Action::ListCatalogs, "listCatalogs")
        },
    ),
    get(
        "/v1/vendors/{vendor}/catalogs/{kind}",
        "The names and ids in one catalog",
        Operation {
            description: "Entries of the gateway's configuration come before the vendor's of the same id. All pages of the \
                          vendor's list are read, and the copy is kept for a while: `age` is its age in seconds, `null` without one. \
                          While the vendor fails, the last copy goes on being served. Besides `id` and `name`, an entry has what the \
                          vendor shows about it, except lists, objects and what may hold a secret. \
                          `next_cursor` leads to the next page and is `null` on the last.",
            parameters: &["vendor", "kind", "q", "limit", "cursor", "request_timeout"],
            success: json("Catalog"),
            problems: &[
                Code::NotFound,
                Code::Forbidden,
                Code::VendorRateLimited,
                Code::VendorError,
                Code::VendorBadResponse,
                Code::VendorCredentialsRejected,
                Code::VendorAccountProblem,
                Code::VendorUnreachable,
                Code::VendorCircuitOpen,
                Code::VendorTimeout,
            ],
            ..discovery(Action::ReadCatalog, "readCatalog")
        },
    ),
    get(
        "/v1/fields",
        "The coverage matrix: canonical fields × vendors",
        Operation { success: json("FieldMatrix"), ..discovery(Action::ListFields, "listFields") },
    ),
    get(
        "/v1/schema",
        "JSON Schema 2020-12 of the canonical update",
        Operation {
            success: ok("application/schema+json", Content::Object),
            ..discovery(Action::UpdateSchema, "updateSchema")
        },
    ),
    get("/openapi.json", "This API as OpenAPI 3.1", document(Action::OpenApi, "openapi", ok(JSON, Content::Object))),
    get("/", "Leads to `/docs`", Operation { listed: false, ..document(Action::Root, "root", ROOT) }),
    get("/docs", "The API for people", document(Action::Docs, "docs", PAGE)),
    get("/docs.css", "How the pages look", asset(Action::Style, "style", "text/css")),
    get("/favicon.svg", "The icon of the pages", asset(Action::Icon, "icon", "image/svg+xml")),
    get("/favicon.ico", "The same where browsers look for it", asset(Action::Icon, "iconOfBrowsers", "image/svg+xml")),
    get("/problems", "All problems, for people", document(Action::ListProblems, "listProblems", PAGE)),
    Endpoint {
        method: Method::GET,
        path: "/problems/{code}",
        summary: "A problem explained to people",
        exists: |path| path.rsplit('/').next().and_then(Code::from_name).is_some(),
        operation: Operation {
            parameters: &["code"],
            problems: &[Code::NotFound],
            ..document(Action::ExplainProblem, "explainProblem", PAGE)
        },
    },
];

const ASSISTANTS: &str = "/v1/assistants";
const ASSISTANT: &str = "/v1/assistants/{assistant}";

const FIRST_ASSISTANT: Link = ("first", "readAssistant", "assistant", "/data/0/assistant");
const EXPLAIN: Link = ("route", "explainRoute", "assistant", "/assistant");
const UPDATE: Link = ("update", "updateAssistant", "assistant", "/assistant");
const FIRST_VENDOR: Link = ("first", "describeVendor", "vendor", "/vendors/0/vendor");

const JSON: &str = "application/json";
const ROOT: Success = Success { status: 302, ..ok("text/plain", Content::Text) };
const PAGE: Success = ok("text/html", Content::Text);

/// `PUT` and `PATCH` are the same partial update under two names.
const fn update(method: Method, id: &'static str, links: &'static [Link]) -> Endpoint<Operation> {
    let operation = Operation {
        action: Action::UpdateAssistant,
        id,
        tag: "assistants",
        permission: Permission::Client,
        does: Some(AssistantOperation::Update),
        listed: true,
        description: "A partial update; `PUT` and `PATCH` do the same. An absent field stays as it is, `null` clears it, a value sets it. \
                      Integers are written as digits only: `1.0` and `1e2` are none. \
                      A valid update is refused with 422 where this vendor has no such field or value, knows no such name, or says so itself. \
                      With `If-Match` it is applied only in the state that the tag names; with `Prefer: return=representation` the assistant is read afterwards, and the answer says which values the vendor has stored. \
                      With `Prefer: respond-async` and a store it is stored, answered with 202 and its record, and delivered later. \
                      An `Idempotency-Key` needs a store and is refused with 501 without one.",
        parameters: &["assistant", "dry_run", "prefer", "if_match", "idempotency_key", "request_timeout", "request_id"],
        body: Some(Body {
            schema: "Update",
            media: &[JSON, "application/merge-patch+json"],
            examples: &[
                ("settings", "", r#"{"name":"Night desk","type":"inbound","max_duration":600}"#),
                ("nothing", "Changes nothing.", "{}"),
            ],
        }),
        success: Success {
            headers: &["Preference-Applied", "Switchboard-Dropped", "ETag"],
            links,
            ..json("UpdateResult")
        },
        problems: &[
            Code::InvalidJson,
            Code::Forbidden,
            Code::UnknownAssistant,
            Code::AssistantNotFound,
            Code::PreconditionFailed,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::ValidationFailed,
            Code::UnsupportedByVendor,
            Code::StoreRequired,
        ],
    };
    Endpoint { method, path: ASSISTANT, summary: "Update an assistant", exists: |_| true, operation }
}

const DELETE: Endpoint<Operation> = Endpoint {
    method: Method::DELETE,
    path: ASSISTANT,
    summary: "Delete an assistant",
    exists: |_| true,
    operation: Operation {
        action: Action::DeleteAssistant,
        id: "deleteAssistant",
        tag: "assistants",
        does: Some(AssistantOperation::Delete),
        permission: Permission::Client,
        listed: true,
        description: "Permanent. A client needs the operation `delete`, which is not among the defaults. \
                      An assistant that is gone after an attempt whose response was lost counts as deleted. \
                      With `If-Match` it is deleted only in the state that the tag names; with `Prefer: respond-async` and a store it is deleted later, as an update is made later.",
        parameters: &[
            "assistant",
            "dry_run",
            "prefer_async",
            "if_match",
            "idempotency_key",
            "request_timeout",
            "request_id",
        ],
        body: None,
        success: json("DeleteResult"),
        problems: &[
            Code::Forbidden,
            Code::UnknownAssistant,
            Code::AssistantNotFound,
            Code::PreconditionFailed,
            Code::UnsupportedByVendor,
            Code::StoreRequired,
        ],
    },
};

const CREATE: Endpoint<Operation> = Endpoint {
    method: Method::POST,
    path: ASSISTANTS,
    summary: "Create an assistant",
    exists: |_| true,
    operation: Operation {
        action: Action::CreateAssistant,
        id: "createAssistant",
        tag: "assistants",
        does: Some(AssistantOperation::Create),
        permission: Permission::Client,
        listed: true,
        description: "A client needs the operation `create`, which is not among the defaults, and the use of all assistants of the vendor. \
                      Fields that the vendor requires and the body lacks are listed, all at once. `null` means absent where the vendor documents none. \
                      The request is sent to the vendor once at most: what was sent and not answered has the outcome `unknown` and is not retryable.",
        parameters: &["at_vendor", "dry_run", "prefer", "idempotency_key", "request_timeout", "request_id"],
        body: Some(Body {
            schema: "Update",
            media: &[JSON, "application/merge-patch+json"],
            examples: &[(
                "assistant",
                "An assistant for a vendor of the current dialect.",
                r#"{"name":"Front desk","type":"inbound","mode":"pipeline","voice_id":77,"language_id":6,"llm_model_id":9,"timezone":"Europe/Brussels","initial_message":"Good day.","system_prompt":"Answer briefly."}"#,
            )],
        }),
        success: Success {
            status: 201,
            headers: &["Location", "Preference-Applied", "Switchboard-Dropped", "ETag"],
            links: &[UPDATE],
            ..json("UpdateResult")
        },
        problems: &[
            Code::InvalidJson,
            Code::Forbidden,
            Code::UnknownAssistant,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::ValidationFailed,
            Code::UnsupportedByVendor,
            Code::StoreRequired,
        ],
    },
};

const COPY: Endpoint<Operation> = Endpoint {
    method: Method::POST,
    path: "/v1/assistants/{assistant}/copies",
    summary: "Copy an assistant to any vendor",
    exists: |_| true,
    operation: Operation {
        action: Action::CopyAssistant,
        id: "copyAssistant",
        tag: "assistants",
        does: Some(AssistantOperation::Copy),
        permission: Permission::Client,
        listed: true,
        description: "A client needs the operations `read` and `create`, and the use of all assistants of the vendor at which the copy is made. \
                      The assistant is read, ids that belong to its account are carried by the names of what they stand for, and a new assistant is created, as by `POST /v1/assistants`. \
                      `changes` win over what is carried; `null` leaves a field out. The report says what was `copied`, what was `dropped` and why, what the vendor `needs` and nothing was found for, \
                      and what is `unreadable`, because the assistant's vendor never tells it. With needs left nothing is created (422, with the report). \
                      A dry run always shows the report, and the request if nothing is needed.",
        parameters: &["assistant", "dry_run", "prefer", "idempotency_key", "request_timeout", "request_id"],
        body: Some(Body {
            schema: "CopyRequest",
            media: &[JSON],
            examples: &[
                ("copy", "", r#"{"vendor":"sondos"}"#),
                (
                    "changed",
                    "With another name and voice.",
                    r#"{"vendor":"sondos","changes":{"name":"Front desk B","voice":"Sarah"}}"#,
                ),
            ],
        }),
        success: Success {
            status: 201,
            headers: &["Location", "Preference-Applied", "Switchboard-Dropped", "ETag"],
            links: &[UPDATE],
            ..json("CopyResult")
        },
        problems: &[
            Code::InvalidJson,
            Code::Forbidden,
            Code::UnknownAssistant,
            Code::AssistantNotFound,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::ValidationFailed,
            Code::UnsupportedByVendor,
            Code::StoreRequired,
        ],
    },
};

const fn get(path: &'static str, summary: &'static str, operation: Operation) -> Endpoint<Operation> {
    Endpoint { method: Method::GET, path, summary, exists: |_| true, operation }
}

/// A `GET` that needs a client.
const fn discovery(action: Action, id: &'static str) -> Operation {
    let (tag, permission, success) = ("discovery", Permission::Client, ok(JSON, Content::Object));
    Operation {
        action,
        id,
        tag,
        permission,
        does: None,
        listed: true,
        description: "",
        parameters: &[],
        body: None,
        success,
        problems: &[],
    }
}

/// A `GET` of assistants.
const fn assistants(action: Action, does: AssistantOperation, id: &'static str) -> Operation {
    Operation { tag: "assistants", does: Some(does), ..discovery(action, id) }
}

/// A `GET` for everyone.
const fn document(action: Action, id: &'static str, success: Success) -> Operation {
    Operation { tag: "documentation", permission: Permission::Public, success, ..discovery(action, id) }
}

/// What only browsers ask for.
const fn asset(action: Action, id: &'static str, media: &'static str) -> Operation {
    Operation { listed: false, ..document(action, id, ok(media, Content::Text)) }
}

/// A 200 with JSON of that schema.
const fn json(schema: &'static str) -> Success {
    ok(JSON, Content::Schema(schema))
}

const fn ok(media: &'static str, content: Content) -> Success {
    Success { status: 200, media, content, headers: &[], links: &[] }
}
