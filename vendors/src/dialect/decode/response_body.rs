//! The body of a vendor's response, read once for both readers: the result of the update, and the check for drift.

use std::borrow::Cow;

use crate::dialect::{Dialect, Operation};
use crate::json::{Discard, JsonError, Kind, Limits, Object, Sink, Value, read_object_into, read_value};

use super::SentFields;
use super::drift::{Drift, differences, is_outage};
use super::update_response::{CREATED, DELETED, InvalidResponse, UPDATED, UpdateResponse, deletion, normalize};
use super::vendor_error::{VendorError, error};

/// The status of a response without a body.
const NO_CONTENT: u16 = 204;

/// How many members of an object are cached. Documented responses have fewer.
const MAX_CACHED_MEMBERS: usize = 32;

/// A vendor's response and, if it is an object, its members.
#[derive(Debug)]
pub struct ResponseBody<'a> {
    pub(super) bytes: &'a [u8],
    outer: Option<Outer<'a>>,
}

/// The outermost object of a response.
#[derive(Debug)]
pub(super) struct Outer<'a> {
    pub(super) object: Members<'a>,
    /// The last member called `data`, if it is an object.
    pub(super) data: Option<Members<'a>>,
}

/// An object and its members.
#[derive(Debug)]
pub(super) struct Members<'a> {
    whole: Value<'a>,
    cached: CachedMembers<'a>,
}

/// The first members of an object, in their order.
#[derive(Debug)]
struct CachedMembers<'a> {
    members: Object<'a>,
    /// Whether the object has more members.
    more: bool,
}

/// Caches the members of the outermost object and of its `data` while the reader reads them.
struct Cache<'a> {
    object: CachedMembers<'a>,
    data: Option<CachedMembers<'a>>,
}

impl<'a> ResponseBody<'a> {
    /// Reads a response body, JSON or not.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut cache = Cache { object: CachedMembers::with_capacity(4), data: None };
        let outer = read_object_into(&mut cache, bytes, Limits::VENDOR).ok().map(|whole| {
            let object = Members { whole, cached: cache.object };
            let data = object.get("data").filter(|data| data.kind() == Kind::Object);
            Outer { data: data.zip(cache.data).map(|(whole, cached)| Members { whole, cached }), object }
        });
        Self { bytes, outer }
    }

    /// The outermost object, if the body is one.
    pub(super) fn outer(&self) -> Option<&Outer<'a>> {
        self.outer.as_ref()
    }

    /// The whole value. A body that is not an object is read a second time.
    pub(super) fn value(&self) -> Result<Value<'a>, JsonError> {
        self.outer.as_ref().map_or_else(|| read_value(self.bytes, Limits::VENDOR), |outer| Ok(outer.object.whole))
    }

    /// The result of an update with a 2xx status, as [`normalize_response`](super::normalize_response) returns it.
    ///
    /// # Errors
    /// As [`normalize_response`](super::normalize_response).
    pub fn update_response(&self, dialect: &Dialect) -> Result<UpdateResponse<'a>, InvalidResponse> {
        normalize(dialect, self, UPDATED)
    }

    /// The result of a creation with a 2xx status.
    ///
    /// # Errors
    /// As [`normalize_response`](super::normalize_response).
    pub fn creation_response(&self, dialect: &Dialect) -> Result<UpdateResponse<'a>, InvalidResponse> {
        normalize(dialect, self, CREATED)
    }

    /// The message of a deletion with the 2xx status `status`; 204 has no body. A nested dialect's vendor may send nothing,
    /// `null`, or the object that is gone, with another status, too.
    ///
    /// # Errors
    /// The body is no object, or it reports an error.
    pub fn deletion_message(&self, dialect: &Dialect, status: u16) -> Result<Cow<'a, str>, InvalidResponse> {
        if status == NO_CONTENT { Ok(Cow::Borrowed(DELETED)) } else { deletion(dialect, self) }
    }

    /// The error of a response with another status, as [`normalize_error`](super::normalize_error) returns it.
    pub fn error(&self, dialect: &Dialect, vendor: &str, sent: &SentFields, status: u16) -> VendorError {
        error(dialect, vendor, sent, status, self)
    }

    /// The differences from the documentation, as [`drift`](super::drift) returns them.
    pub fn drift(&self, dialect: &Dialect, operation: Operation, status: u16) -> Vec<Drift> {
        differences(dialect, operation, status, self)
    }

    /// Whether the vendor, or what stands in front of it, is out of order, so that the response is none of the documented
    /// application's and differs in nothing.
    pub fn is_outage(&self, status: u16) -> bool {
        status >= 500 && is_outage(status, self.value().is_ok())
    }
}

impl<'a> Members<'a> {
    /// The last member called `key`.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        let CachedMembers { members, more } = &self.cached;
        match more {
            true => self.whole.get(key),
            false => members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value),
        }
    }

    /// All members in their order, if all are cached.
    pub(super) fn all(&self) -> Option<impl Iterator<Item = (&str, Value<'a>)>> {
        (!self.cached.more).then(|| self.cached.members.iter().map(|(key, value)| (&**key, *value)))
    }

    /// Whether `value` is this object in the same body.
    pub(super) fn are_of(&self, value: Value<'_>) -> bool {
        self.whole.is_same(value)
    }
}

impl CachedMembers<'_> {
    fn with_capacity(capacity: usize) -> Self {
        Self { members: Vec::with_capacity(capacity), more: false }
    }
}

impl<'a> Sink<'a> for CachedMembers<'a> {
    type Inner = Discard;

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        match self.members.len() < MAX_CACHED_MEMBERS {
            true => self.members.push((key, value)),
            false => self.more = true,
        }
    }
}

impl<'a> Sink<'a> for Cache<'a> {
    type Inner = CachedMembers<'a>;

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.object.push(key, value);
    }

    fn inner(&mut self, key: &str) -> Option<&mut CachedMembers<'a>> {
        (key == "data").then(|| self.data.insert(CachedMembers::with_capacity(8)))
    }
}
