//! The schema of the configuration as data: which keys exist, what each accepts, and what it is for.
//!
//! Each section's file holds its own [`Section`]; from these come the checks, the environment's names and the JSON
//! Schema.

use std::time::Duration;

use strum::VariantNames;

use super::name::NameRule;
use crate::config::sections::store::StoreKind;

/// The keys of one table.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) keys: &'static [Key],
    /// Keys of which at most one may be set; a layer that sets one unsets the others below it.
    pub(crate) either: &'static [&'static str],
}

impl Section {
    pub(crate) const fn of(keys: &'static [Key]) -> Self {
        Self { keys, either: &[] }
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

/// One key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) doc: &'static str,
}

impl Key {
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: false, doc }
    }

    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// What a key accepts.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Count { min: u64, max: u64 },
    /// A number above 0, or 0 too where `zero`, and at most 1.
    Ratio { zero: bool },
    /// A duration as text; `zero` where a duration of zero makes sense.
    Duration { zero: bool },
    /// How long something is kept: at least a second.
    Lifetime { max: Duration },
    /// An IP address and a port.
    Address,
    /// An absolute URL that request paths are joined to.
    Url,
    /// An absolute URL that requests are sent to as it is, with its query.
    Endpoint,
    /// A DNS name or address that a certificate can be for.
    ServerName,
    /// A file, relative to the file that names it.
    Path,
    /// Any text but the empty one.
    Text,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// The kind of a store.
    Store,
    /// One of the vendors' dialects.
    Dialect,
    /// The name of a configured vendor.
    Vendor,
    /// A pattern over client names; one without wildcards has to be a client's.
    ClientGlob,
    /// A vendor's id of an assistant, as text or as an integer.
    Id,
    /// A SHA-256 digest in hex.
    Digest,
    /// `{ env = … }` or `{ file = … }`.
    Secret,
    /// A list; an empty one is refused unless `empty`.
    List { of: &'static Self, empty: bool },
    /// One, or a list of at least one.
    OneOrMore(&'static Self),
    /// A table with fixed keys.
    Table(&'static Section),
    /// A table of tables under names of the operator's choice.
    Named(NameRule, &'static Section),
    /// An array of tables.
    Rows(&'static Section),
    /// A table from keys of the operator's choice to plain values.
    Pairs(NameRule, &'static Self),
}

impl Kind {
    /// What the key accepts, as the end of a sentence that begins with "must be".
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Flag => "`true` or `false`".into(),
            Self::Count { min, max } if *max >= u64::from(u32::MAX) => {
                format!("an integer of at least {min}")
            }
            Self::Count { min, max } => format!("an integer from {min} to {max}"),
            Self::Ratio { zero: false } => "a number above 0 and at most 1".into(),
            Self::Ratio { zero: true } => "a number from 0 to 1".into(),
            Self::Duration { .. } => "a duration such as \"500ms\", \"30s\" or \"1m30s\"".into(),
            Self::Lifetime { max } => {
                format!("a duration from 1 second to {} days such as \"24h\"", max.as_secs() / (24 * 60 * 60))
            }
            Self::Address => "an IP address and port such as \"127.0.0.1:8080\"".into(),
            Self::Url => "a URL such as \"https://vendor.example/api\"".into(),
            Self::Endpoint => "a URL such as \"https://crm.example/hooks\"".into(),
            Self::ServerName => "a name such as \"vendor.example\"".into(),
            Self::Path => "the path of a file".into(),
            Self::Text => "a string".into(),
            Self::Word(words) => one_of(words.iter().copied()),
            Self::Store => one_of(StoreKind::VARIANTS.iter().copied()),
            Self::Dialect => "a dialect's name".into(),
            Self::Vendor => "the name of a `[vendors.*]` table".into(),
            Self::ClientGlob => "a pattern over client names".into(),
            Self::Id => "the vendor's id, such as \"789\"".into(),
            Self::Digest => "64 hexadecimal digits".into(),
            Self::Secret => "`{ env = \"NAME\" }` or `{ file = \"PATH\" }`".into(),
            Self::List { of, .. } => format!("an array, each element {}", of.expected()),
            Self::OneOrMore(of) => format!("{}, or an array of such", of.expected()),
            Self::Table(_) | Self::Named(..) | Self::Pairs(..) => "a table".into(),
            Self::Rows(_) => "an array of tables".into(),
        }
    }
}

impl Kind {
    /// Whether the value is written as a string.
    pub(crate) fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Duration { .. }
                | Self::Lifetime { .. }
                | Self::Address
                | Self::Url
                | Self::Endpoint
                | Self::ServerName
                | Self::Path
                | Self::Text
                | Self::Word(_)
                | Self::Store
                | Self::Dialect
                | Self::Vendor
                | Self::ClientGlob
                | Self::Id
                | Self::Digest
        )
    }
}

/// `"a", "b" or "c"`.
pub(crate) fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => "nothing".into(),
    }
}
