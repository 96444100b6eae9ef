//! What a request does with assistants.

use strum::{EnumString, IntoStaticStr};

use super::right::{Right, Rights};

/// An operation on assistants; discovery and documentation are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AssistantOperation {
    /// Changes fields of one.
    Update,
    /// Reads one.
    Read,
    /// Reads all, in pages.
    List,
    /// Makes one.
    Create,
    /// Removes one.
    Delete,
    /// Reads one and makes another like it.
    Copy,
}

impl AssistantOperation {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 6] = [Self::Update, Self::Read, Self::List, Self::Create, Self::Delete, Self::Copy];

    /// The word in logs, metrics, traces and responses.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The rights that it takes.
    pub const fn rights(self) -> Rights {
        match self {
            Self::Update => Rights::of(&[Right::Update]),
            Self::Read | Self::List => Rights::of(&[Right::Read]),
            Self::Create => Rights::of(&[Right::Create]),
            Self::Delete => Rights::of(&[Right::Delete]),
            Self::Copy => Rights::of(&[Right::Read, Right::Create]),
        }
    }

    /// Whether it changes anything at the vendor.
    pub const fn is_change(self) -> bool {
        !matches!(self, Self::Read | Self::List)
    }
}
