//! All problem codes of this gateway, and what each means.

use http::StatusCode;
use strum::IntoStaticStr;

/// Whose fault a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Fault {
    /// The caller's: sending the same request again does not help.
    Caller,
    /// The gateway's or its operators'.
    Gateway,
    /// The vendor's.
    Vendor,
}

impl Fault {
    /// The word in responses.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One kind of problem.
#[derive(Debug)]
pub struct Kind {
    /// The code in responses and in `/problems/{code}`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The title.
    pub title: &'static str,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether sending the same request again may succeed.
    pub retryable: bool,
    /// When it happens.
    pub when: &'static str,
    /// What the reader can do about it.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($code:ident $name:literal $status:ident $fault:ident $retryable:literal $title:literal, $when:literal, $remedy:literal;)*) => {
        /// The code of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $when] $code,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];

            /// What the code means.
            pub const fn kind(self) -> &'static Kind {
                match self {
                    $(Code::$code => &Kind {
                        name: $name,
                        status: StatusCode::$status,
                        title: $title,
                        fault: Fault::$fault,
                        retryable: $retryable,
                        when: $when,
                        remedy: $remedy,
                    },)*
                }
            }
        }
    };
}

codes! {
    InvalidJson "invalid_json" BAD_REQUEST Caller false "Invalid JSON",
        "The body is not one JSON object: a syntax error, another type, a duplicate key, more than 32 levels, or bad UTF-8.",
        "Correct the body at the line and column that `detail` names.";
    InvalidRequest "invalid_request" BAD_REQUEST Caller false "Invalid request",
        "The query, a header, the path or the HTTP framing is malformed; with HTTP's own 408, 414 or 431 where it arrived too slowly or is too long.",
        "Correct what `detail` names.";
    Unauthenticated "unauthenticated" UNAUTHORIZED Caller false "Unauthenticated",
        "No API key was sent, or one that this gateway does not know.",
        "Send `Authorization: Bearer <key>` with a key that the gateway's operator gave you.";
    Forbidden "forbidden" FORBIDDEN Caller false "Forbidden",
        "This client may not use that vendor or that assistant, or is not given that operation, or a browser sent a write to the admin listener from another website.",
        "Ask the gateway's operator to add the vendor, the assistant or the operation to your client.";
    NotFound "not_found" NOT_FOUND Caller false "Not found",
        "There is nothing at this path.",
        "See `/docs` or `/openapi.json` for the paths there are.";
    UnknownAssistant "unknown_assistant" NOT_FOUND Caller false "Unknown assistant",
        "No name, rule or default leads from this assistant to a vendor.",
        "Use a configured name, `vendor:id`, or an id that the routing rules cover. `detail` has the nearest names that you may use; `/v1/assistants/{assistant}/route` explains the decision.";
    AssistantNotFound "assistant_not_found" NOT_FOUND Caller false "Assistant not found",
        "The vendor has no assistant with that id, or not in this account.",
        "Check the id at the vendor, or the name's mapping in the gateway's configuration.";
    UpdateNotFound "update_not_found" NOT_FOUND Caller false "Update not found",
        "There is no such record, or it is another client's, or its time is over.",
        "Check the id: it is the member `update` of a record, or the `X-Request-Id` of its request. Records are kept as long as the gateway's operator says.";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED Caller false "Method not allowed",
        "This path exists, but not for this method.",
        "Use one of the methods in the header `Allow`.";
    IdempotencyInProgress "idempotency_in_progress" CONFLICT Caller true "Idempotency key in progress",
        "A request with this `Idempotency-Key` is under way.",
        "Wait as long as `Retry-After` says, and send the same again: the answer is then the first one's.";
    AlreadyStarted "already_started" CONFLICT Caller false "Already started",
        "The record is no longer `queued`, so that it cannot be cancelled, or it is not `dead` or its replay is under way or ended, so that it cannot be replayed.",
        "Read the record: `state` says what became of it.";
    Superseded "superseded" CONFLICT Caller false "Superseded",
        "What is to be sent again has fields that a newer change has set since, or the assistant was deleted since.",
        "`errors` names the fields, and `superseded_by` the newer records. A replay with `?fields=remaining` sends the other fields, one with `?force=true` all.";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE Caller false "Body too large",
        "The body is longer than this gateway accepts, as sent or after decompression.",
        "Send a shorter body.";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE Caller false "Unsupported media type",
        "The body is not declared as JSON, or comes in a `Content-Encoding` other than gzip.",
        "Send `Content-Type: application/json` or `application/merge-patch+json`, plain or with `Content-Encoding: gzip`.";
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED Caller false "Precondition failed",
        "The assistant is not in the state that `If-Match` names: something has changed it since.",
        "Read the assistant again, decide again, and send the change with the new `ETag`. The header `ETag` names the present state.";
    ValidationFailed "validation_failed" UNPROCESSABLE_ENTITY Caller false "Validation failed",
        "The update breaks a rule of the canonical schema, or the vendor refused it.",
        "Correct each entry of `errors`.";
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY Caller false "Idempotency key reused",
        "This `Idempotency-Key` came before with another request: another method, assistant, query, `Prefer`, `If-Match` or body.",
        "Send a new key with every new request, and the same one only with the same request again.";
    UnsupportedByVendor "unsupported_by_vendor" UNPROCESSABLE_ENTITY Caller false "Unsupported by vendor",
        "The update is valid, but this vendor lacks a field or value in it.",
        "Leave those fields out, or send `Prefer: handling=lenient` to have fields (not values) dropped and reported.";
    RateLimited "rate_limited" TOO_MANY_REQUESTS Caller true "Rate limited",
        "This client sends more requests than its limit allows.",
        "Wait as long as `Retry-After` says.";
    VendorRateLimited "vendor_rate_limited" TOO_MANY_REQUESTS Vendor true "Vendor rate limited",
        "The vendor, or this gateway's own limit for it, allows no more requests for now.",
        "Wait as long as `Retry-After` says.";
    Internal "internal" INTERNAL_SERVER_ERROR Gateway false "Internal error",
        "A defect of this gateway.",
        "Report the `request_id` to the gateway's operator, whose log has the details.";
    VendorError "vendor_error" BAD_GATEWAY Vendor true "Vendor error",
        "The vendor failed, or answered with a status that it does not document.",
        "Try again later if `retryable`; `outcome` says whether the change may have been applied.";
    VendorBadResponse "vendor_bad_response" BAD_GATEWAY Vendor false "Bad vendor response",
        "The vendor's answer is not what it documents: no JSON, empty, a redirect, too long, an error under a status of success, or the answer of something in front of the vendor.",
        "If `outcome` is `unknown`, read the assistant, or check at the vendor whether the change was applied; otherwise see `detail`.";
    VendorCredentialsRejected "vendor_credentials_rejected" BAD_GATEWAY Gateway false "Vendor credentials rejected",
        "The vendor refuses this gateway's token.",
        "The gateway's operator must renew the vendor's token.";
    VendorAccountProblem "vendor_account_problem" BAD_GATEWAY Gateway false "Vendor account problem",
        "The vendor account has no balance left, is at a limit of its plan, or lacks what the gateway's configuration says of it, such as a branch; or it has another dialect than a change that waits was translated to.",
        "The gateway's operator must settle it with the vendor, or correct the configuration.";
    Overloaded "overloaded" SERVICE_UNAVAILABLE Gateway true "Overloaded",
        "This gateway has no room for another request, or is shutting down.",
        "Wait as long as `Retry-After` says.";
    QueueFull "queue_full" SERVICE_UNAVAILABLE Gateway true "Queue full",
        "As many changes as may wait are waiting, for this assistant or in all.",
        "Wait as long as `Retry-After` says.";
    StoreUnavailable "store_unavailable" SERVICE_UNAVAILABLE Gateway true "Store unavailable",
        "The gateway's store does not answer, or cannot write.",
        "Wait as long as `Retry-After` says. With the outcome `unknown` the change may have been stored and may still be delivered: send it again with the same `Idempotency-Key`, or look for its record.";
    VendorUnreachable "vendor_unreachable" SERVICE_UNAVAILABLE Vendor true "Vendor unreachable",
        "No connection to the vendor could be made.",
        "Wait as long as `Retry-After` says.";
    VendorCircuitOpen "vendor_circuit_open" SERVICE_UNAVAILABLE Vendor true "Vendor circuit open",
        "The vendor failed so often, or said with a 503 for how long it is unavailable, that it is left alone for a while.",
        "Wait as long as `Retry-After` says.";
    VendorTimeout "vendor_timeout" GATEWAY_TIMEOUT Vendor true "Vendor timeout",
        "The vendor did not answer within the time allowed.",
        "Try again if `retryable`, which a creation that may have arrived is not; `outcome` says whether the change may have been applied.";
    StoreRequired "store_required" NOT_IMPLEMENTED Gateway false "Store required",
        "The request asks for what needs a store, such as an `Idempotency-Key` or a record, and this gateway has none.",
        "Send it without that. An update may be repeated all the same: it sets values, so that a second one changes nothing more.";
}

impl Code {
    /// The code in responses.
    pub const fn as_str(self) -> &'static str {
        self.kind().name
    }

    /// The code with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}
