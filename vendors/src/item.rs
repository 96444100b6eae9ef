//! Findings about single fields: reasons for refusal, dropped fields and warnings.

use std::borrow::Cow;
use std::fmt;

use crate::canonical::Field;
use crate::json::{Pointer, excerpt, push_string};

/// Longest name of an account that an entry of `vendor_options` is reported with, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// What is wrong with a value of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemCode {
    /// There is no canonical field or member of this name.
    UnknownField,
    /// The value has the wrong JSON type.
    WrongType,
    /// The number is outside the documented range.
    OutOfRange,
    /// The text is longer than documented, in Unicode scalar values.
    TooLong,
    /// The text is shorter than documented, in Unicode scalar values.
    TooShort,
    /// The value is not one of the documented ones, or has another format.
    NotAllowed,
    /// `null` is not documented for this field.
    NullNotAllowed,
    /// A required member is missing.
    Required,
    /// Two parts of the update conflict.
    Conflict,
    /// The vendor does not support the field.
    UnsupportedField,
    /// The vendor supports the field but not this value.
    UnsupportedValue,
    /// No catalog entry, or more than one, has this name or id.
    UnresolvedName,
    /// The vendor itself rejected the value.
    RejectedByVendor,
}

impl ItemCode {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::UnknownField,
        Self::WrongType,
        Self::OutOfRange,
        Self::TooLong,
        Self::TooShort,
        Self::NotAllowed,
        Self::NullNotAllowed,
        Self::Required,
        Self::Conflict,
        Self::UnsupportedField,
        Self::UnsupportedValue,
        Self::UnresolvedName,
        Self::RejectedByVendor,
    ];

    /// The code in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown_field",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::NotAllowed => "not_allowed",
            Self::NullNotAllowed => "null_not_allowed",
            Self::Required => "required",
            Self::Conflict => "conflict",
            Self::UnsupportedField => "unsupported_field",
            Self::UnsupportedValue => "unsupported_value",
            Self::UnresolvedName => "unresolved_name",
            Self::RejectedByVendor => "rejected_by_vendor",
        }
    }
}

impl fmt::Display for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason why an update is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The JSON Pointer into the canonical update, as a URI fragment.
    pub pointer: String,
    /// The top-level canonical field, or the unknown key as it was sent.
    pub field: Option<Cow<'static, str>>,
    /// The kind of problem.
    pub code: ItemCode,
    /// What is wrong, and what would be right.
    pub detail: String,
    /// The vendor's key, if it has no canonical name.
    pub vendor_field: Option<String>,
}

/// All reasons for a refusal. Their number is limited, so that a hostile body cannot make a response grow without limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// The reasons, in the order of the body.
    pub list: Vec<Item>,
    /// How many more there are, at least, beyond [`Items::MAX`].
    pub more: usize,
}

impl Items {
    /// The most items that a response lists.
    pub const MAX: usize = 1000;

    /// Adds an item, or counts it if the list is full.
    pub fn push(&mut self, item: Item) {
        if self.is_full() { self.skip() } else { self.list.push(item) }
    }

    /// Whether the list is full. Further items are counted and need no description.
    pub fn is_full(&self) -> bool {
        self.list.len() >= Self::MAX
    }

    /// Counts an item without a description.
    pub fn skip(&mut self) {
        self.more += 1;
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there are items, and all of them are fields or values that the vendor does not support.
    pub fn only_unsupported(&self) -> bool {
        let is_unsupported = |item: &Item| matches!(item.code, ItemCode::UnsupportedField | ItemCode::UnsupportedValue);
        !self.list.is_empty() && self.list.iter().all(is_unsupported)
    }
}

/// What happened to each field of an accepted update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The fields in the vendor's request.
    pub applied: Vec<Field>,
    /// The dropped fields, with the reason.
    pub dropped: Vec<Note>,
    /// Warnings about applied fields.
    pub warnings: Vec<Note>,
    /// Fields that were sent and that the vendor has another value of. They are warnings, too.
    pub changed: Vec<Changed>,
}

/// A field that the vendor has another value of than was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The warning.
    pub note: Note,
    /// The value that was sent, as JSON; secrets in it are redacted.
    pub sent: String,
    /// The value that the vendor has, likewise.
    pub stored: String,
}

/// One entry of a report.
#[derive(Debug, Clone)]
pub struct Note {
    /// The canonical field, or the unknown key as it was sent.
    pub field: Cow<'static, str>,
    /// The reason, as a code. One that was stored by another version may be unknown to this one.
    pub code: Cow<'static, str>,
    /// The reason, as a sentence.
    pub detail: Cow<'static, str>,
    /// The whole note as JSON, if it was made once for all updates: a lenient update may have dozens of them.
    json: Option<&'static str>,
}

impl Note {
    /// A note about a field or a key.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), detail: detail.into(), json: None }
    }

    /// The same, which was written as JSON before.
    pub(crate) fn prepared(field: &'static str, code: &'static str, detail: &'static str, json: &'static str) -> Self {
        Self { json: Some(json), ..Self::new(field, code, detail) }
    }

    /// Writes it as a JSON object.
    pub fn push_json(&self, out: &mut Vec<u8>) {
        if let Some(json) = self.json {
            return out.extend_from_slice(json.as_bytes());
        }
        for (start, text) in [("{\"field\":", &self.field), (",\"code\":", &self.code), (",\"detail\":", &self.detail)]
        {
            out.extend_from_slice(start.as_bytes());
            push_string(out, text);
        }
        out.push(b'}');
    }
}

/// Notes are equal if they say the same.
impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        (&self.field, &self.code, &self.detail) == (&other.field, &other.code, &other.detail)
    }
}

impl Eq for Note {}

impl Item {
    /// A problem with a canonical field at `pointer`.
    pub fn new(pointer: &Pointer<'_>, field: Field, code: ItemCode, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.to_string(),
            field: Some(field.name().into()),
            code,
            detail: detail.into(),
            vendor_field: None,
        }
    }
}

/// How reports and errors name the entry of one account in `vendor_options`.
pub(crate) fn option_name(account: &str) -> Cow<'static, str> {
    format!("{}.{}", Field::VendorOptions.name(), excerpt(account, MAX_NAME_BYTES)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(codes: &[ItemCode]) -> Items {
        let mut items = Items::default();
        codes.iter().for_each(|code| items.push(Item::new(&Pointer::Root.key("name"), Field::Name, *code, "why")));
        items
    }

    #[test]
    fn unsupported_fields_and_values_are_distinguished_from_other_reasons() {
        let unsupported = [ItemCode::UnsupportedField, ItemCode::UnsupportedValue];
        assert!(items(&unsupported).only_unsupported());
        assert!(!items(&[]).only_unsupported(), "there are no items");
        for code in ItemCode::ALL {
            assert_eq!(
                items(&[ItemCode::UnsupportedField, code]).only_unsupported(),
                unsupported.contains(&code),
                "{code}"
            );
        }
    }

    #[test]
    fn items_beyond_the_maximum_are_counted_but_not_kept() {
        let mut items = items(&[ItemCode::Required; Items::MAX - 1]);
        assert!(!items.is_empty() && !items.is_full());
        for more in 0..3 {
            items.push(Item::new(&Pointer::Root, Field::Name, ItemCode::Required, "why"));
            assert_eq!((items.list.len(), items.more, items.is_full()), (Items::MAX, more, true));
        }
        items.skip();
        assert_eq!(items.more, 3);
    }
}
