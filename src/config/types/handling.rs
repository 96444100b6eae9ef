//! The words for [`Handling`] and [`FieldPolicy`]: what happens to fields that a vendor does not support.

use std::collections::BTreeMap;

use serde::Serializer;
use vendors::{FieldPolicy, Handling};

/// The words for [`Handling`].
pub(crate) const HANDLINGS: &[&str] = &[Handling::Strict.as_str(), Handling::Lenient.as_str()];

/// Parses a word as a handling.
pub(crate) fn handling(word: &str) -> Option<Handling> {
    [Handling::Strict, Handling::Lenient].into_iter().find(|handling| handling.as_str() == word)
}

/// The words for [`FieldPolicy`].
pub(crate) const FIELD_POLICIES: &[&str] =
    &[policy_word(FieldPolicy::Drop), policy_word(FieldPolicy::Refuse), policy_word(FieldPolicy::Send)];

const fn policy_word(policy: FieldPolicy) -> &'static str {
    match policy {
        FieldPolicy::Drop => "drop",
        FieldPolicy::Refuse => "refuse",
        FieldPolicy::Send => "send",
    }
}

/// Parses a word as a policy.
pub(crate) fn field_policy(word: &str) -> Option<FieldPolicy> {
    [FieldPolicy::Drop, FieldPolicy::Refuse, FieldPolicy::Send].into_iter().find(|&policy| policy_word(policy) == word)
}

/// The default where nothing is chosen.
pub(crate) fn serialize_effective<S: Serializer>(choice: &Option<Handling>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(choice.unwrap_or_default().as_str())
}

pub(crate) fn serialize_choice<S: Serializer>(choice: &Option<Handling>, serializer: S) -> Result<S::Ok, S::Error> {
    match choice {
        Some(handling) => serializer.serialize_some(handling.as_str()),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn serialize_policies<S: Serializer>(
    policies: &BTreeMap<String, FieldPolicy>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(policies.iter().map(|(field, &policy)| (field, policy_word(policy))))
}
