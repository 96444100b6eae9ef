//! Faults on demand: the ways in which a vendor can fail its callers.
//!
//! `parse` reads the text form that the README documents, `plan` chooses the faults of one request, and `responses` and
//! `bodies` carry them out.

mod bodies;
mod parse;
mod plan;
mod refusals;
mod reshape;
mod responses;

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

pub use parse::FaultError;
pub(crate) use plan::{FaultPlan, Plan};
pub(crate) use reshape::reshaped;
pub(crate) use responses::{altered, replacement};

/// One fault: what happens, to which requests, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Which requests it affects.
    pub scope: Scope,
    /// The first of the matching requests that it affects, counted from 1.
    pub from: u32,
    /// How many requests it affects before it ends; `None` for all.
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that affects every update.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self { kind, scope: Scope::Updates, from: 1, times: None }
    }

    /// The same fault, which lets the matching requests before the `from`th pass.
    #[must_use]
    pub const fn from(mut self, from: u32) -> Self {
        self.from = from;
        self
    }

    /// The same fault, which ends after `times` requests.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same fault for other requests.
    #[must_use]
    pub const fn on(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }
}

/// The requests that a fault affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Updates of any assistant.
    Updates,
    /// Updates of the assistant with this id.
    Assistant(u64),
    /// Reading requests: catalogs, lists and the account.
    Reads,
    /// The operation with this name in the vendor's `operations.json` or `api.json`.
    Operation(&'static str),
    /// Every request that the vendor has an endpoint for.
    Any,
}

/// What a fault does.
///
/// [`Delay`](Self::Delay), [`Hold`](Self::Hold) and [`Drop`](Self::Drop) come before anything else and add up. Of the others, only the first
/// one that matches takes effect. `Lost`, `ResetInBody`, `Drip`, `Truncated`, `Oversized` and those from `ByteOrderMark` on alter the
/// vendor's own response, and the request takes effect; the others replace the response, and it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Responds with this status and a body in the vendor's style.
    Status {
        /// The status, 200 to 599.
        status: u16,
        /// How the response says when to retry, if it does.
        retry_after: Option<RetryAfter>,
    },
    /// Responds as [`Status`](Self::Status) does, with one more header, for example `Retry-After` in a form of its own.
    StatusWithHeader {
        /// The status, 200 to 599.
        status: u16,
        /// The header's name in lower case, and its value.
        header: (HeaderName, HeaderValue),
    },
    /// Waits before anything else is done.
    Delay(Duration),
    /// Waits until the faults are changed, then continues normally.
    Hold,
    /// Accepts the request and never responds.
    Hang,
    /// Resets the connection before the first byte of a response.
    Reset,
    /// Does what was asked, then resets the connection before the first byte of a response.
    Lost,
    /// Resets the connection in the middle of the response's body.
    ResetInBody,
    /// Sends the response's body one byte at a time, with this pause before each.
    Drip(Duration),
    /// Responds with this status and an HTML page.
    Html(u16),
    /// Sends a complete response whose JSON ends half way.
    Truncated,
    /// Pads the response to more than 1 MiB, and to more than 8 MiB for reading requests; the JSON stays valid.
    Oversized,
    /// Responds 200 with an error object.
    ErrorIn2xx {
        /// With `"success": false` and an error code instead of `error` alone.
        success_false: bool,
    },
    /// Responds with this status and no body.
    Empty(u16),
    /// Responds 302 to a login page.
    Redirect,
    /// Responds 500 with a message that repeats the request's headers, including credentials.
    EchoHeaders,
    /// Responds with this file of the vendor's `answers/`.
    Shape(String),
    /// Responds 422 about the update's first field, in this shape of another framework.
    Refusal(String),
    /// Responds 403 with a page of bot protection.
    Challenge,
    /// Responds 404 as the framework does where there is no such path.
    NoRoute,
    /// Responds 200 with a body that says, in this way, that nothing was done.
    Denied(String),
    /// Begins the response's body with a byte order mark.
    ByteOrderMark,
    /// Sends the response's body in gzip.
    Gzip,
    /// Names this coding in `Content-Encoding`, and sends bytes that are no text.
    Coding(String),
    /// Adds a folded header with a blank before its colon; HTTP/1.1 only.
    OldHeaders,
    /// Answers with the id of another assistant.
    OtherId,
    /// Answers with every member twice, the first time with another value.
    DuplicateKeys,
    /// Puts rows into a list that cannot be used.
    BadRows,
    /// Sends the ids of a list as strings.
    StringIds,
    /// Sends a list in pages of so many rows.
    Pages(usize),
    /// Accepts the value at this path of the body, which then has no effect.
    Drop(String),
}

/// How an error response says when to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After` in seconds.
    Seconds(u32),
    /// `Retry-After` as a date this many seconds from now.
    Date(u32),
    /// `retry_after` in the body only, in seconds.
    Body(u32),
}
