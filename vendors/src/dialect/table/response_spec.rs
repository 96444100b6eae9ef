//! The documented responses of a vendor: a schema for each operation and each error.

use crate::dialect::VendorErrorKind;

/// The documented responses of one vendor.
#[derive(Debug, Clone, Copy)]
pub struct ResponseSpec {
    /// The response to an update that was applied.
    pub updated: Schema,
    /// The response to a creation.
    pub created: Schema,
    /// The response to a deletion.
    pub deleted: Schema,
    /// Errors, in groups, so that a revision can add its own to those of its base.
    pub errors: &'static [&'static [ErrorSpec]],
    /// Words that change what a status means.
    pub meanings: &'static [Meaning],
    /// One page of the account's assistants.
    pub assistants: Schema,
    /// Where a sentence about the request names the field that it is about.
    pub naming: Naming,
}

/// Where a sentence of an error names a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Nowhere that can be relied on.
    Nowhere,
    /// As a dotted path at its start, or as the member after this word there: `voice.speed must not be greater than 1.2`,
    /// `voice.property pitch should not exist`.
    AtStart {
        /// The word.
        before: &'static str,
    },
    /// Anywhere, as a whole word, and without being what the sentence is about: a member of one of the vendor's objects. It is
    /// told as the vendor's field, and leads to none of the update.
    Anywhere,
}

/// A documented error.
#[derive(Debug, Clone, Copy)]
pub struct ErrorSpec {
    /// The statuses that it is documented for.
    pub statuses: &'static [u16],
    /// The body.
    pub body: Schema,
}

/// What an error means whose status alone would mean something else.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// The statuses.
    pub statuses: &'static [u16],
    /// What the message contains, or what a text of the body is, in any case of its ASCII letters.
    pub word: &'static str,
    /// What the error means then.
    pub kind: VendorErrorKind,
}

/// The documented type of a value in a response.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// Not documented: any value, or no body at all.
    Anything,
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction or an exponent.
    Integer,
    /// Any number.
    Number,
    /// A string.
    Text,
    /// An array of values with this schema.
    List(&'static Schema),
    /// An object with these members and no others.
    Object(&'static [Member]),
    /// An object with any keys and values with this schema. The vendors' framework writes an empty one as `[]`.
    Map(&'static Schema),
}

/// A member of a documented object.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The key.
    pub name: &'static str,
    /// The schema of the value.
    pub schema: Schema,
    /// Whether the member may be missing.
    pub optional: bool,
    /// Whether the value may be `null`.
    pub nullable: bool,
}

impl Member {
    /// A member that is always present.
    pub const fn new(name: &'static str, schema: Schema) -> Self {
        Self { name, schema, optional: false, nullable: false }
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

impl ResponseSpec {
    /// The schemas of the errors that are documented for `status`.
    pub(in crate::dialect) fn error(&self, status: u16) -> impl Iterator<Item = Schema> {
        let documented = move |error: &&ErrorSpec| error.statuses.contains(&status);
        self.errors.iter().copied().flatten().filter(documented).map(|error| error.body)
    }
}

impl Schema {
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
