//! What a vendor's answers are documented to hold: the small language in which a dialect writes it down.

use crate::catalog::CatalogKind;

/// The documented answers of one vendor.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// To an update that was applied.
    pub updated: Holds,
    /// To anything that was refused; in groups, so that a revision can add to those of its base.
    pub errors: &'static [&'static [ErrorShape]],
    /// A page of the account's assistants.
    pub assistants: Holds,
    /// The catalogs, in the order of [`CatalogKind::ALL`].
    pub catalogs: [Holds; 4],
}

/// An error as documented for some statuses.
#[derive(Debug, Clone, Copy)]
pub struct ErrorShape {
    /// The statuses that it comes with.
    pub statuses: &'static [u16],
    /// Its body.
    pub body: Holds,
}

/// What stands in one place of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// Any value, or nothing at all: no page says.
    Anything,
    /// `true` or `false`.
    Boolean,
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// A string.
    Text,
    /// An array of such values.
    List(&'static Holds),
    /// An object with these members.
    Object(&'static [Part]),
    /// An object with such values under any keys; empty ones are lists in the vendors' framework.
    Map(&'static Holds),
}

/// A member of a documented object.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The key.
    pub name: &'static str,
    /// What stands there.
    pub holds: Holds,
    /// Whether it may be missing.
    pub optional: bool,
    /// Whether it may be `null`.
    pub nullable: bool,
}

impl Part {
    /// A member that is always there.
    pub const fn new(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, optional: false, nullable: false }
    }

    /// The same member, which may be missing.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same member, which may be `null`.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
}

/// What was asked of the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To update an assistant.
    Update,
    /// To list the assistants.
    Assistants,
    /// To list the entries of a catalog.
    Catalog(CatalogKind),
}

impl Asked {
    /// The name in logs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Assistants => "assistants",
            Self::Catalog(kind) => kind.as_str(),
        }
    }
}

impl Answers {
    /// What a success holds.
    pub(super) const fn success(&self, asked: Asked) -> Holds {
        match asked {
            Asked::Update => self.updated,
            Asked::Assistants => self.assistants,
            Asked::Catalog(kind) => self.catalogs[kind as usize],
        }
    }

    /// What an error of that status may hold.
    pub(super) fn error(&self, status: u16) -> impl Iterator<Item = Holds> {
        let documented = move |shape: &&ErrorShape| shape.statuses.contains(&status);
        self.errors.iter().copied().flatten().filter(documented).map(|shape| shape.body)
    }
}

impl Holds {
    /// The type with its article, for messages.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Anything => "anything",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::List(_) => "an array",
            Self::Object(_) | Self::Map(_) => "an object",
        }
    }
}
