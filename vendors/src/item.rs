//! Findings about single fields: what refuses an update, what was dropped from it, what its sender should know.

use std::borrow::Cow;
use std::fmt;

use crate::canonical::Field;
use crate::json::Pointer;

/// What is wrong with one place of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemCode {
    /// No canonical field of this name.
    UnknownField,
    /// Another JSON type is documented.
    WrongType,
    /// Below or above the documented range.
    OutOfRange,
    /// More Unicode scalar values than documented.
    TooLong,
    /// Fewer Unicode scalar values than documented.
    TooShort,
    /// Not among the documented values, or not of the documented format.
    NotAllowed,
    /// `null` where no page documents it.
    NullNotAllowed,
    /// A member that must be there is not.
    Required,
    /// Two parts of the update contradict each other.
    Conflict,
    /// This vendor has no such field.
    UnsupportedField,
    /// This vendor has the field but not this value.
    UnsupportedValue,
    /// No catalog entry for this name or id.
    UnresolvedName,
    /// The vendor's own word.
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

    /// The code as it stands in answers.
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
    /// Where in the canonical update, as a URI fragment.
    pub pointer: String,
    /// The top-level canonical field, or the unknown key as it was sent.
    pub field: Option<Cow<'static, str>>,
    /// What kind of problem it is.
    pub code: ItemCode,
    /// What is wrong and what would be right.
    pub detail: String,
    /// The vendor's own key, where it has no canonical name.
    pub vendor_field: Option<String>,
}

/// All reasons found, bounded so that a hostile body cannot make an answer grow without end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// The reasons, in the order of the body.
    pub list: Vec<Item>,
    /// At least how many more there were beyond [`Items::MAX`].
    pub more: usize,
}

impl Items {
    /// The most items that one answer lists.
    pub const MAX: usize = 1000;

    /// Notes one more.
    pub fn push(&mut self, item: Item) {
        if self.is_full() { self.skip() } else { self.list.push(item) }
    }

    /// Whether no further item would be listed; there is no need to describe one then.
    pub fn is_full(&self) -> bool {
        self.list.len() >= Self::MAX
    }

    /// Counts one that is not described.
    pub fn skip(&mut self) {
        self.more += 1;
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether nothing but the vendor's lack of a field or value stands against the update.
    pub fn only_unsupported(&self) -> bool {
        let lacking = |item: &Item| matches!(item.code, ItemCode::UnsupportedField | ItemCode::UnsupportedValue);
        !self.list.is_empty() && self.list.iter().all(lacking)
    }
}

/// What became of each field of an accepted update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Fields that are in the vendor's request.
    pub applied: Vec<Field>,
    /// Fields that are not, and why.
    pub dropped: Vec<Note>,
    /// Fields that are, with something the sender should know.
    pub warnings: Vec<Note>,
}

/// One entry of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The canonical field, or the unknown key as it was sent.
    pub field: Cow<'static, str>,
    /// Why, as a code.
    pub code: &'static str,
    /// Why, as a sentence.
    pub detail: Cow<'static, str>,
}

impl Item {
    /// A problem with a canonical field, at `pointer`.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn items(codes: &[ItemCode]) -> Items {
        let mut items = Items::default();
        codes.iter().for_each(|code| items.push(Item::new(&Pointer::Root.key("name"), Field::Name, *code, "why")));
        items
    }

    #[test]
    fn a_vendors_lack_is_told_from_every_other_reason() {
        let lacks = [ItemCode::UnsupportedField, ItemCode::UnsupportedValue];
        assert!(items(&lacks).only_unsupported());
        assert!(!items(&[]).only_unsupported(), "nothing stands against it");
        for code in ItemCode::ALL {
            assert_eq!(items(&[ItemCode::UnsupportedField, code]).only_unsupported(), lacks.contains(&code), "{code}");
        }
    }

    #[test]
    fn reasons_beyond_the_most_are_counted_and_not_kept() {
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
