//! The record of one change: what it was, and what became of it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use strum::{EnumString, IntoStaticStr, VariantArray, VariantNames};
use uuid::Uuid;

use crate::value::AssistantOperation;

use super::timestamp::Timestamp;

/// The id of a record: a UUID of version 7, made by this gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpdateId(pub Uuid);

impl UpdateId {
    /// A new one.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl FromStr for UpdateId {
    type Err = uuid::Error;

    /// The form with hyphens, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::fmt::Hyphenated::from_str(text).map(|id| Self(id.into_uuid()))
    }
}

impl Serialize for UpdateId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for UpdateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What has become of a change so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// It waits for its turn, or for its next attempt.
    Queued,
    /// An attempt may be on the wire.
    Sending,
    /// The vendor confirmed it.
    Applied,
    /// The vendor refused it, or its condition did not hold.
    Refused,
    /// It was not applied, and its caller got the problem.
    Failed,
    /// It may have been applied, and is not sent again.
    Unknown,
    /// Its time ended before it was sent.
    Expired,
    /// A later change in the same request had all its fields.
    Superseded,
    /// It was withdrawn before it was sent.
    Canceled,
    /// It was given up.
    Dead,
}

impl State {
    /// The word in answers, logs and metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nothing more becomes of it.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Sending)
    }
}

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// A caller, who gets the answer; never sent after the caller's deadline.
    Synchronous,
    /// A caller with an idempotency key: if the process ends meanwhile, delivery goes on.
    Keyed,
    /// No caller: it is delivered until it expires.
    Asynchronous,
}

/// The changes of one assistant in the accounts of one scope, which keep one order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
    /// The name of the scope.
    pub scope: Arc<str>,
    /// The vendor's id of the assistant.
    pub id: Arc<str>,
}

/// What a synchronous caller got, or would have got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to it, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, to the byte; `None` where the values of answers are not kept.
    pub body: Option<Bytes>,
}

/// The name of a canonical field; a text of its own if a store had it, perhaps from another version.
pub type FieldName = Cow<'static, str>;

/// A change and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: UpdateId,
    /// Its place among all changes: one that came later has a greater number.
    pub number: u64,
    /// The id of its request.
    pub request_id: String,
    /// What has become of it.
    pub state: State,
    /// Who waits for it.
    pub mode: Mode,
    /// What it does.
    pub operation: AssistantOperation,
    /// The assistant, as in the path; for a new one `vendor:id` once it is known, before that the account.
    pub assistant: String,
    /// The vendor account.
    pub vendor: String,
    /// The vendor's id; `None` for a new assistant of which it is not known.
    pub vendor_id: Option<String>,
    /// The scope of its line; creations have no line.
    pub scope: Option<String>,
    /// The client; `None` where callers need no key.
    pub client: Option<String>,
    /// The canonical fields that it sends.
    pub fields: Vec<FieldName>,
    /// How often the vendor was tried.
    pub attempts: u32,
    /// When it was admitted.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// When it is tried next, if it waits.
    pub next_attempt_at: Option<Timestamp>,
    /// When it is given up: the caller's deadline of a synchronous one.
    pub expires_at: Timestamp,
    /// When its last attempt ended that may have been applied and got no trustworthy response.
    pub doubted_at: Option<Timestamp>,
    /// The records that went in the same request, this one not among them.
    pub sent_with: Vec<UpdateId>,
    /// The dead record that it sends again.
    pub replay_of: Option<UpdateId>,
    /// What its caller got, or would have got; `None` until it ends.
    pub answer: Option<Answer>,
    /// The problem of its last attempt, as JSON text.
    pub problem: Option<Bytes>,
    /// How many open tickets of its line stand before it, if it is one and several processes share the store.
    pub ahead: Option<u64>,
    /// Whether it is dead and holds up its line, where several processes share the store.
    pub holds: bool,
}

impl Record {
    /// Its line; creations have none.
    pub fn line(&self) -> Option<Line> {
        let (scope, id) = (self.scope.as_deref()?, self.vendor_id.as_deref()?);
        Some(Line { scope: scope.into(), id: id.into() })
    }

    /// Whether an attempt may have been applied: one that is under way, or an earlier one without a trustworthy response. What
    /// waits after a failed attempt may be the latter.
    pub fn may_be_applied(&self) -> bool {
        self.state == State::Sending || self.doubted_at.is_some()
    }
}
