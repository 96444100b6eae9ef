//! Faults on demand: what a vendor does to its callers on a bad day.
//!
//! The text form, used on the command line, is in the README and read by `grammar`.

use std::time::Duration;

/// One fault: what happens, to which requests, and how many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Which requests it hits.
    pub scope: Scope,
    /// How many requests it hits before it is spent; `None` for all.
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that hits every update.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self { kind, scope: Scope::Updates, times: None }
    }

    /// The same fault, spent after `times` requests.
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

/// The requests that a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Updates of any assistant.
    Updates,
    /// Updates of the assistant with this id.
    Assistant(u64),
    /// Reading requests: catalogs, lists and the account.
    Reads,
}

/// What a fault does.
///
/// [`Delay`](Self::Delay) and [`Hold`](Self::Hold) come before anything else and add up. Of the others the first one
/// that matches is the answer. `ResetInBody`, `Drip`, `Truncated` and `Oversized` spoil the vendor's own answer on
/// its way, the update being applied; the others answer in its place, the update not being applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers with this status and a body in the vendor's style.
    Status {
        /// The status, 200 to 599.
        status: u16,
        /// How to say when to come back, if at all.
        retry_after: Option<RetryAfter>,
    },
    /// Waits before anything else is done.
    Delay(Duration),
    /// Waits until the faults are changed, then goes on as if nothing had been.
    Hold,
    /// Accepts the request and never answers.
    Hang,
    /// Resets the connection before the first byte of an answer.
    Reset,
    /// Resets the connection in the middle of the answer's body.
    ResetInBody,
    /// Sends the answer's body one byte at a time, this far apart.
    Drip(Duration),
    /// Answers with this status and an HTML page.
    Html(u16),
    /// Sends a complete answer whose JSON stops half way.
    Truncated,
    /// Pads the answer to more than 1 MiB, the JSON staying valid.
    Oversized,
    /// Answers 200 with an error object.
    ErrorIn2xx {
        /// With `"success": false` and an error code instead of `error` alone.
        success_false: bool,
    },
    /// Answers with this status and no body.
    Empty(u16),
    /// Answers 302 to a login page.
    Redirect,
    /// Answers 500 with a message that repeats the request's headers, credentials included.
    EchoHeaders,
    /// Answers with this file of the vendor's `answers/`.
    Shape(String),
}

/// How a refusal says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After` in seconds.
    Seconds(u32),
    /// `Retry-After` as a date this many seconds from now.
    Date(u32),
    /// `retry_after` in the body only, in seconds.
    Body(u32),
}
