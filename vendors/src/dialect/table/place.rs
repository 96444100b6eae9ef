//! Places: where a field stands in the document of a nested dialect, and in which form.
//!
//! The *document* of an assistant is the JSON object that the vendor keeps of it. Where a vendor keeps several, the document
//! has one member for each. A path leads from the document's root to a value; a *leaf* is a value at a path.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::FieldWriter;
use crate::json::Value;

use super::row::Literal;

/// Names of members from the root of a document to a value.
pub type Path = &'static [&'static str];

/// Where a field stands, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The path of the value.
    pub path: Path,
    /// The form of the value.
    pub form: PlaceForm,
    /// Leaves that are written along with a value, as JSON.
    pub beside: &'static [(Path, &'static str)],
}

/// The form of a value in a document.
#[derive(Debug, Clone, Copy)]
pub enum PlaceForm {
    /// The canonical one.
    Same,
    /// Other values: pairs of canonical value and vendor value. A canonical value that is not listed is unsupported.
    Values(&'static [(Literal, Literal)]),
    /// A number in another unit. A value is refused if the vendor's number would need a fraction and cannot have one.
    Scaled(Factor),
    /// As `Values`, but several of the vendor's values may mean the same. The stored one stays if it means what is written; if
    /// not, the first that is listed is written. The path needs [`Splicing::Conditional`].
    Kinds(&'static [(Literal, Literal)]),
    /// A list with the value as its only element.
    Listed,
    /// The only element of a list; an empty list is written as `null`. A longer list is refused.
    Sole,
    /// An object with texts as values. Other values are refused.
    Texts,
    /// A language by its English name or its ISO 639-1 code becomes the code, or what stands for that code here. What is
    /// neither is sent unchanged.
    Language(&'static [(&'static str, &'static str)]),
    /// A name of the catalog: the id that it stands for is written as the row of the field's twin says.
    Named(CatalogKind),
    /// A text that is a name in a catalog: the id of its entry is written. The field has no twin for it.
    Found {
        /// The catalog.
        catalog: CatalogKind,
        /// What is wrong with a text that is not there and what can be done, to complete "the field …".
        or_else: &'static str,
        /// The members of an entry that turn it off if one of them is `true`.
        off: &'static [&'static str],
    },
}

/// A vendor's number as `canonical × by × 10^shift`, which is exact in decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// A whole number; its inverse must be exact, so that it has no other factors than 2 and 5.
    pub by: u32,
    /// How many digits the point moves to the right.
    pub shift: i8,
    /// Whether the vendor's number must be whole.
    pub is_whole: bool,
}

impl Factor {
    /// Seconds as whole milliseconds.
    pub const MILLISECONDS: Self = Self { by: 1, shift: 3, is_whole: true };
    /// A fifth: a scale from 0 to 5 as one from 0 to 1.
    pub const FIFTH: Self = Self { by: 2, shift: -1, is_whole: false };
}

/// What `null` becomes in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullForm {
    /// `null`, if the canonical field knows it.
    Null,
    /// This JSON, by which the vendor documents to clear the value.
    Json(&'static str),
    /// `null` at this path, which leads to the value: the vendor clears an object that holds it.
    At(Path),
    /// The vendor documents no value that clears it: `null` is refused.
    Refused,
}

/// A vendor's condition on other settings: the value at `path` must be one of these strings, or anything but `null` if there
/// are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Only {
    /// The path of the deciding value.
    pub path: Path,
    /// What it may be.
    pub is: &'static [&'static str],
    /// Whether it may also be unset, because the vendor's default is one of these strings.
    pub or_unset: bool,
}

impl Only {
    /// What the value must be, in words.
    pub(crate) fn wanted(self) -> String {
        let words: Vec<_> = self.is.iter().map(|word| format!("`{word}`")).collect();
        if words.is_empty() { "set".to_owned() } else { words.join(" or ") }
    }
}

/// A conversion that places cannot express: functions that see one field, and the fields of its group.
#[derive(Debug)]
pub struct NestedHook {
    /// The paths that it may write, the first of which names it in documents. Error keys are mapped back from all of them.
    pub paths: &'static [Path],
    /// Other fields of the update that it may look at, because the vendor has one value for all of them.
    pub group: &'static [Field],
    /// Writes leaves, or refuses the value.
    pub write: fn(Value<'_>, &mut FieldWriter<'_>),
    /// The canonical text of the value that a document holds; `None` if it does not tell.
    pub read: for<'a> fn(Value<'a>) -> Option<Cow<'a, str>>,
    /// What the functions do, in one sentence for the documentation.
    pub doc: &'static str,
}

/// What the vendor does with a part of the document that an update touches, so that the stored part has to be read first.
#[derive(Debug, Clone, Copy)]
pub struct Splice {
    /// The path of the part.
    pub path: Path,
    /// How what is written and what is stored become one.
    pub how: Splicing,
}

/// How a written and a stored part become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Splicing {
    /// The vendor replaces the object whole: members that an update does not name are sent as they are stored.
    Whole,
    /// The vendor replaces the object whole, and the member `key` decides which others it can have. As long as that stays the
    /// same, this is `Whole`. Where it changes, only the stored members stay that mean the same everywhere.
    Variant {
        /// The member that decides.
        key: &'static str,
        /// The members that stay.
        shared: &'static [&'static str],
        /// A value of the member, and one of the shared ones that does not exist there.
        lacking: &'static [(&'static str, &'static str)],
    },
    /// The vendor has no switch: the value itself is on or off. What is written is a boolean. For `true` a stored object, or an
    /// array that is not empty, stays as it is.
    Switch {
        /// What is sent for `true` where nothing is on yet, as JSON.
        on: &'static str,
        /// What is sent for `false`, as JSON.
        off: &'static str,
    },
    /// The vendor replaces the object whole, and the value at the path `kind` of the document decides what it can hold. Where
    /// that changes, only what is written is sent; elsewhere this is `Whole`.
    WholeOf {
        /// The path of the value that decides.
        kind: Path,
    },
    /// The vendor replaces an array of objects whole. What is written is an object: each of its keys is the value of the
    /// elements' member `key`, each of its values an object of members to set in the first such element, or `null` to remove
    /// all of them. An element that is not there is added at the end.
    Entries {
        /// The member that names an element.
        key: &'static str,
    },
    /// The vendor replaces an array of strings whole. What is written is an object of booleans: whether a string is in it.
    Words,
    /// The same, where an array that is not there stands for these strings.
    WordsOr(&'static [&'static str]),
    /// A map from names to objects, of which the vendor does not say whether it replaces or merges it. What is written is all
    /// of it; an object that is stored under a name that stays keeps its other members.
    Only,
    /// The vendor replaces an array of objects whole. What is written is an object with `only`, the elements that it is to have,
    /// by the value of their member `key`, and with `each`, members that all elements get. An element that is there and stays
    /// keeps its other members. Without `only` all of them stay.
    Elements {
        /// The member that names an element.
        key: &'static str,
    },
    /// The vendor replaces an array of objects whole. What is written is an object: `own` is an array that takes the place of
    /// the stored elements whose member `key` has one of these values; `named` is an object of other elements as in `Entries`.
    /// All other stored elements stay. Of an element that is replaced by the same one stays what the field does not say. An
    /// array is sent as it is.
    Replacing {
        /// The member that decides.
        key: &'static str,
        /// Its values in elements that are replaced; all are if there is none.
        is: &'static [&'static str],
        /// The member that names an element.
        name: &'static str,
        /// What the field says of an element, besides `key`.
        says: &'static [Said],
    },
    /// The vendor has one value, or an array whose first element leads. What is written is an object with `first`, the leading
    /// one, or `rest`, an array of the others, or both.
    Headed {
        /// What leads where nothing is stored, as JSON: the vendor's default.
        unset: &'static str,
    },
    /// What is written depends on what is stored. It is an object: `to` is written if the stored value is none of the array
    /// `keep`, or one of the array `from`, in which `null` stands for none; without both, always. If `to` and the stored value are
    /// objects, the stored members that `to` lacks stay. An object without `to` is written as in `Whole`.
    Conditional {
        /// Where the deciding value stands in the stored one; empty if it is that itself.
        key: Path,
    },
}

/// A part of an array's element that a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The path of the value from the element, also through arrays of objects.
    pub path: Path,
    /// The values, as JSON, that mean for the field what no value means.
    pub unset: &'static [&'static str],
    /// The member at this path of the element must be one of these strings, or the field does not say this part.
    pub only: Option<(Path, &'static [&'static str])>,
}

impl Said {
    /// A value that means something wherever it stands.
    pub const fn at(path: Path) -> Self {
        Self { path, unset: &[], only: None }
    }

    /// The same, but for values that mean what none means.
    pub const fn unless(self, unset: &'static [&'static str]) -> Self {
        Self { unset, ..self }
    }

    /// The same, in some elements only.
    pub const fn only_where(self, path: Path, is: &'static [&'static str]) -> Self {
        Self { only: Some((path, is)), ..self }
    }

    /// Whether the field says this part of an element.
    pub(crate) fn is_in(self, element: Value<'_>) -> bool {
        self.only.is_none_or(|(path, is)| element.at(path).is_some_and(|value| value.is_one_of(is)))
    }
}

/// Whether an element is one of those that a splice replaces.
pub(crate) fn is_own(key: &str, is: &[&str], element: Value<'_>) -> bool {
    is.is_empty() || element.get(key).is_some_and(|value| value.is_one_of(is))
}

/// What is left of paths behind their first name, of those that begin with this one.
pub(crate) fn behind<'p, T: Copy>(paths: &[(&'p [&'p str], T)], name: &str) -> Vec<(&'p [&'p str], T)> {
    let rest = |(path, more): &(&'p [&'p str], T)| {
        path.split_first().filter(|(first, _)| **first == name).map(|(_, rest)| (rest, *more))
    };
    paths.iter().filter_map(rest).collect()
}

/// Whether one path leads to the other, or through it.
pub(crate) const fn leads_through(outer: &[&str], inner: &[&str]) -> bool {
    if outer.len() > inner.len() {
        return false;
    }
    let mut index = 0;
    while index < outer.len() {
        if !is_same(outer[index].as_bytes(), inner[index].as_bytes()) {
            return false;
        }
        index += 1;
    }
    true
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_its_beginnings_only() {
        assert!(leads_through(&[], &["a"]) && leads_through(&["a"], &["a", "b"]) && leads_through(&["a"], &["a"]));
        assert!(
            !leads_through(&["a", "b"], &["a"]) && !leads_through(&["a"], &["ab"]) && !leads_through(&["b"], &["a"])
        );
    }
}
