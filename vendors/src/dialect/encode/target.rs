//! The target of an update: a vendor account, an assistant, and how to treat fields that the vendor does not support.

use std::fmt;

use crate::canonical::{Field, FieldSet};
use crate::catalog::Catalogs;
use crate::dialect::{Dialect, Row};

/// How to treat fields that the vendor does not support.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Handling {
    /// Refuse the update.
    #[default]
    Strict,
    /// Drop the fields and report them.
    Lenient,
}

impl Handling {
    /// The value of `Prefer: handling=…`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lenient => "lenient",
        }
    }
}

/// An operator's setting for one field of one vendor. It overrides the handling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldPolicy {
    /// Drop the field and report it.
    Drop,
    /// Refuse an update that contains the field.
    Refuse,
    /// Send the field, under its canonical name if the vendor documents none.
    Send,
}

/// An operator's field policies for one vendor.
#[derive(Debug, Clone, Default)]
pub struct Policies(Vec<(Field, FieldPolicy)>);

impl Policies {
    /// The policy for a field, if there is one.
    pub fn get(&self, field: Field) -> Option<FieldPolicy> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, policy)| *policy)
    }
}

impl Policies {
    /// The fields with the policy [`Send`](FieldPolicy::Send): the vendor takes them, whatever its documentation says.
    pub(super) fn sent(&self) -> FieldSet {
        self.0.iter().filter(|(_, policy)| *policy == FieldPolicy::Send).map(|(field, _)| *field).collect()
    }
}

impl FromIterator<(Field, FieldPolicy)> for Policies {
    fn from_iter<I: IntoIterator<Item = (Field, FieldPolicy)>>(policies: I) -> Self {
        Self(policies.into_iter().collect())
    }
}

/// The vendor accounts that `vendor_options` may name.
pub trait AccountNames: fmt::Debug + Sync {
    /// Whether there is an account of this name.
    fn has(&self, name: &str) -> bool;

    /// The account with the nearest name of those that the caller may know of.
    fn nearest(&self, name: &str) -> Option<&str>;
}

impl AccountNames for &[&str] {
    fn has(&self, name: &str) -> bool {
        self.contains(&name)
    }

    fn nearest(&self, name: &str) -> Option<&str> {
        crate::nearest(name, self.iter().copied())
    }
}

/// Which assistant an update goes to and how it is translated.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The vendor's dialect.
    pub dialect: &'static Dialect,
    /// The name of the vendor account in the configuration.
    pub vendor: &'a str,
    /// The vendor's id of the assistant.
    pub id: &'a str,
    /// How to treat fields that the vendor does not support.
    pub handling: Handling,
    /// The operator's field policies.
    pub policies: &'a Policies,
    /// The account's catalogs.
    pub catalogs: Catalogs<'a>,
    /// All accounts.
    pub accounts: &'a dyn AccountNames,
}

impl Target<'_> {
    /// The row of a field, with the policy [`Send`](FieldPolicy::Send) applied.
    pub(crate) fn row(&self, field: Field) -> &'static Row {
        let row = self.dialect.row(field);
        let sent =
            self.dialect.plan.is_none() && !row.is_supported() && self.policies.get(field) == Some(FieldPolicy::Send);
        if sent { &Row::SAME } else { row }
    }

    /// Whether `field` is sent under the vendor's key `key`, or under one that `key` is a path into, as vendors with
    /// dotted keys understand it.
    pub(super) fn writes(&self, field: Field, key: &str) -> bool {
        let leads_into =
            |path: &str, outer: &str| path.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']));
        self.row(field).wire_names(field).any(|wire| wire == key || leads_into(key, wire) || leads_into(wire, key))
    }
}
