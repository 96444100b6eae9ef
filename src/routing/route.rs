//! The result of routing.

use std::sync::Arc;

use vendors::Handling;

use crate::account::Account;

/// The target of an update.
#[derive(Debug, Clone)]
pub struct Route {
    /// The vendor account.
    pub account: Arc<Account>,
    /// The vendor's id of the assistant.
    pub id: Arc<str>,
    /// The named assistant's setting for fields that the vendor does not support.
    pub handling: Option<Handling>,
    /// The rule that decided.
    pub rule: Rule,
}

/// The rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The assistant is named in the configuration.
    Name,
    /// The caller wrote `vendor:id`.
    Explicit,
    /// The routing rule with this index.
    Pattern(usize),
    /// No rule matched a bare id.
    Default,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name => f.write_str("assistants"),
            Self::Explicit => f.write_str("vendor:id"),
            Self::Pattern(index) => write!(f, "routing.rules[{index}]"),
            Self::Default => f.write_str("routing.default_vendor"),
        }
    }
}

/// Why there is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No assistant of that name, and no id where the text would go as one.
    #[error("no assistant is named `{0}`")]
    UnknownName(String),
    /// No vendor account of that name.
    #[error("no vendor is named `{0}`")]
    UnknownVendor(String),
    /// A bare id that no rule covers, without a default.
    #[error("no routing rule covers the id `{0}`, and there is no default vendor; write `vendor:{0}`")]
    NoDefault(String),
    /// The id in `vendor:id` is not valid at that vendor.
    #[error("`{id}` is no assistant id at `{vendor}`, where ids are {described}{}", did_you_mean(.vendor, .meant.as_deref()))]
    BadId {
        /// The id.
        id: String,
        /// The vendor account.
        vendor: String,
        /// What its ids look like.
        described: &'static str,
        /// The id that is most likely meant.
        meant: Option<String>,
    },
}

fn did_you_mean(vendor: &str, meant: Option<&str>) -> String {
    meant.map(|meant| format!("; did you mean `{vendor}:{meant}`?")).unwrap_or_default()
}
