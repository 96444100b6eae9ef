//! What a client may do with assistants.

use std::fmt;

use serde::{Serialize, Serializer};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// One thing that a client may do, as `operations` in the configuration lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Right {
    /// Reads and lists assistants.
    Read,
    /// Changes fields of an assistant.
    Update,
    /// Makes an assistant.
    Create,
    /// Removes an assistant.
    Delete,
}

impl Right {
    /// All of them, in the order in which the configuration documents them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Update, Self::Create, Self::Delete];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// None.
    pub const NONE: Self = Self(0);

    /// Those of the list.
    #[must_use]
    pub const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut rest) = (0, rights);
        while let [right, others @ ..] = rest {
            bits |= right.bit();
            rest = others;
        }
        Self(bits)
    }

    /// Whether the right is one of them.
    #[must_use]
    pub const fn contains(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Those that are not among `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The rights in their order.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.contains(*right))
    }
}

/// What a client may do that the configuration says nothing of: creations and deletions are given explicitly.
impl Default for Rights {
    fn default() -> Self {
        Self::of(&[Right::Read, Right::Update])
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | right.bit()))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Right::as_str))
    }
}

#[cfg(test)]
mod tests {
    use crate::value::right::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        for bits in 0..1u8 << Right::ALL.len() {
            let rights: Vec<_> = Right::ALL.into_iter().filter(|right| bits & right.bit() != 0).collect();
            let set = Rights::of(&rights);
            assert_eq!(set, rights.iter().copied().collect());
            assert_eq!(set.iter().collect::<Vec<_>>(), rights);
            assert!(Right::ALL.iter().all(|right| set.contains(*right) == rights.contains(right)));
        }
        assert_eq!(Rights::of(&[]), Rights::NONE);
        assert_eq!(Rights::default(), Rights::of(&[Right::Update, Right::Read, Right::Read]));
        assert_eq!(serde_json::json!(Rights::default()), serde_json::json!(["read", "update"]));
    }
}
