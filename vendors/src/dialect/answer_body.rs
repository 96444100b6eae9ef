//! The body of a vendor's answer, read once for all who look at it: whether the update was applied, and whether the
//! answer is as documented.

use std::borrow::Cow;

use crate::json::{JsonError, Kind, Limits, Nowhere, Object, Sink, Value, read_object_into, read_value};

use super::Dialect;
use super::answer::{BadAnswer, Response, normalize};
use super::answers::Asked;
use super::drift::{Drift, differences};
use super::failure::{VendorFailure, failure};
use super::sent::Sent;

/// So many members of an object are kept: more than any honest answer has, so that others cost no memory.
const KEPT: usize = 32;

/// A vendor's answer and, if it is an object, its members.
#[derive(Debug)]
pub struct AnswerBody<'a> {
    pub(super) bytes: &'a [u8],
    outer: Option<Outer<'a>>,
}

/// The outermost object of an answer.
#[derive(Debug)]
pub(super) struct Outer<'a> {
    pub(super) object: Members<'a>,
    /// The first member that is called `data`, if that is an object.
    pub(super) data: Option<Members<'a>>,
}

/// The members of an object.
#[derive(Debug)]
pub(super) struct Members<'a> {
    whole: Value<'a>,
    known: Known<'a>,
}

/// The first members of an object, in their order.
#[derive(Debug)]
struct Known<'a> {
    members: Object<'a>,
    /// Whether there are more.
    more: bool,
}

/// What is noted of the outermost object while it is read.
struct Noted<'a> {
    object: Known<'a>,
    data: Option<Known<'a>>,
}

impl<'a> AnswerBody<'a> {
    /// Reads an answer; any will do, JSON or not.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut noted = Noted { object: Known::with_capacity(4), data: None };
        let outer = read_object_into(&mut noted, bytes, Limits::VENDOR).ok().map(|whole| {
            let object = Members { whole, known: noted.object };
            let data = object.get("data").filter(|data| data.kind() == Kind::Object);
            Outer { data: data.zip(noted.data).map(|(whole, known)| Members { whole, known }), object }
        });
        Self { bytes, outer }
    }

    /// The outermost object, if it is one.
    pub(super) fn outer(&self) -> Option<&Outer<'a>> {
        self.outer.as_ref()
    }

    /// All of it; what is no object has to be read once more.
    pub(super) fn value(&self) -> Result<Value<'a>, JsonError> {
        self.outer.as_ref().map_or_else(|| read_value(self.bytes, Limits::VENDOR), |outer| Ok(outer.object.whole))
    }

    /// What a success says, in canonical names and values.
    ///
    /// # Errors
    /// As [`normalize_response`](super::normalize_response).
    pub fn normalized(&self, dialect: &Dialect) -> Result<Response<'a>, BadAnswer> {
        normalize(dialect, self)
    }

    /// What an error says; as [`normalize_error`](super::normalize_error).
    pub fn failure(&self, dialect: &Dialect, vendor: &str, sent: &Sent, status: u16) -> VendorFailure {
        failure((dialect, vendor, sent), status, self)
    }

    /// As [`drift`](super::drift).
    pub fn drift(&self, dialect: &Dialect, asked: Asked, status: u16) -> Vec<Drift> {
        differences(dialect, asked, status, self)
    }
}

impl<'a> Members<'a> {
    /// The first member called `key`.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        let Known { members, more } = &self.known;
        let known = members.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
        if known.is_none() && *more { self.whole.get(key) } else { known }
    }

    /// All members, in their order, if there are few enough.
    pub(super) fn all(&self) -> Option<impl Iterator<Item = (&str, Value<'a>)>> {
        (!self.known.more).then(|| self.known.members.iter().map(|(key, value)| (&**key, *value)))
    }

    /// Whether `value` is this object, at the same place.
    pub(super) fn are_of(&self, value: Value<'_>) -> bool {
        self.whole.is_same(value)
    }
}

impl Known<'_> {
    fn with_capacity(capacity: usize) -> Self {
        Self { members: Vec::with_capacity(capacity), more: false }
    }
}

impl<'a> Sink<'a> for Known<'a> {
    type Inner = Nowhere;

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        match self.members.len() < KEPT {
            true => self.members.push((key, value)),
            false => self.more = true,
        }
    }
}

impl<'a> Sink<'a> for Noted<'a> {
    type Inner = Known<'a>;

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.object.push(key, value);
    }

    fn inner(&mut self, key: &str) -> Option<&mut Known<'a>> {
        (key == "data" && self.data.is_none()).then(|| self.data.insert(Known::with_capacity(8)))
    }
}
