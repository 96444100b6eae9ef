//! The vendor facts that a configuration is checked against; handed in, so that no vendor is named here.

/// What exists on the vendors' side of the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Every dialect a `[vendors.*]` table may speak.
    pub dialects: &'static [&'static str],
    /// The documented base URL of a dialect.
    pub default_base_url: fn(&str) -> Option<&'static str>,
    /// Every canonical field name, for `[vendors.*.fields]`.
    pub fields: &'static [&'static str],
}
