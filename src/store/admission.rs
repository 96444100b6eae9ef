//! The admission of a change, and the idempotency key that comes with it.

use bytes::Bytes;

use super::cluster::{Incarnation, Stored};
use super::record::{Answer, Record, UpdateId};
use super::timestamp::Timestamp;

/// SHA-256 of everything that makes a request the same request.
pub type Fingerprint = [u8; 32];

/// A change that is to be stored before it is sent.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Its record: `queued`, or `sending` if it is sent at once.
    pub record: Record,
    /// What its delivery needs, sealed by the store.
    pub body: Bytes,
    /// The key that came with it.
    pub key: Option<KeyUse>,
    /// The record of an earlier request with the key, whose outcome is unknown and which this one sends again.
    pub again: Option<UpdateId>,
    /// Who admits it, where several processes share the store.
    pub member: Option<Membership>,
}

/// Who admits a change to a store that several processes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The process. If it is no member any more, the line gets no owner, and is orphaned.
    pub id: Incarnation,
    /// How many open tickets its line may have with this one.
    pub most_in_line: u64,
}

/// An idempotency key in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Whose key it is; `None` where callers need no key to authenticate.
    pub client: Option<String>,
    /// The key.
    pub key: String,
    /// The request that came with it.
    pub fingerprint: Fingerprint,
    /// The present time. A key whose time is over is as one that was never used.
    pub now: Timestamp,
}

impl KeyUse {
    /// Whose key it is, as stored. Callers without a key differ from every client, whatever its name.
    pub(super) fn owner(&self) -> String {
        self.client.as_ref().map_or_else(String::new, |client| format!("={client}"))
    }
}

/// What became of an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is stored.
    Stored(Stored),
    /// Nothing is stored: its line has as many open tickets as it may.
    Full,
    /// Nothing is stored: the key is in use.
    Known(KeyState),
}

/// What became of an earlier request with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It was another request.
    OtherRequest,
    /// It is under way.
    InProgress(UpdateId),
    /// It ended.
    Ended {
        /// Its record.
        id: UpdateId,
        /// Its answer.
        answer: Answer,
        /// Its place in the order, if its outcome is unknown.
        unknown: Option<u64>,
    },
}
