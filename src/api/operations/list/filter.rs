//! Which assistants a list has.

use std::borrow::Cow;

use vendors::canonical::Shape;
use vendors::json::{Limits, read_value};
use vendors::{Field, NamePart, ReadAssistant};

use crate::api::request::query::{self, NAME, STATUS, TYPE};
use crate::problem::Problem;

/// What a caller asks for. What is `None` matches all.
pub(super) struct Filter {
    r#type: Option<&'static str>,
    status: Option<String>,
    name: Option<NamePart>,
}

impl Filter {
    /// Reads it from the query.
    ///
    /// # Errors
    /// A parameter is repeated, or the type is none.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let types: &[&str] = if let Shape::Choice(types) = Field::Type.spec().shape { types } else { &[] };
        Ok(Self {
            r#type: query::word(query, TYPE, types)?,
            status: query::text(query, STATUS)?.map(Cow::into_owned),
            name: query::text(query, NAME)?.map(|name| NamePart::new(&name)),
        })
    }

    /// Whether an assistant is one of those that are asked for. One of which the vendor does not say it is none.
    pub(super) fn matches(&self, read: &ReadAssistant<'_>) -> bool {
        let is = |told: Option<&str>, test: &dyn Fn(&str) -> bool| told.and_then(text).is_some_and(|told| test(&told));
        self.r#type.is_none_or(|wanted| is(read.told(Field::Type), &|told| told == wanted))
            && self.status.as_ref().is_none_or(|wanted| is(read.status, &|told| told == wanted))
            && self.name.as_ref().is_none_or(|part| is(read.told(Field::Name), &|told| part.is_in(told)))
    }
}

/// The text of a JSON string.
fn text(json: &str) -> Option<String> {
    Some(read_value(json.as_bytes(), Limits::VENDOR).ok()?.as_str()?.into_owned())
}
