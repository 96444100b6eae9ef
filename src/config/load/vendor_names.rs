//! The vendor facts that a configuration is checked against; handed in, so that no vendor is named here.

use std::sync::LazyLock;

use vendors::{Field, registry};

static DIALECTS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| registry::DIALECTS.iter().map(|dialect| dialect.name).collect());

static FIELDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| Field::ALL.iter().map(|field| field.name()).collect());

/// What exists on the vendors' side of the gateway.
#[derive(Clone, Copy, Debug)]
pub struct VendorNames {
    /// Every dialect a `[vendors.*]` table may speak.
    pub dialects: &'static [&'static str],
    /// The documented base URL of a dialect.
    pub default_base_url: fn(&str) -> Option<&'static str>,
    /// Every canonical field name, for `[vendors.*.fields]`.
    pub fields: &'static [&'static str],
}

impl VendorNames {
    /// Every dialect and every field that the gateway is built with.
    #[must_use]
    pub fn of_registry() -> Self {
        Self {
            dialects: &DIALECTS,
            default_base_url: |name| registry::dialect(name).map(|dialect| dialect.base_url),
            fields: &FIELDS,
        }
    }
}
