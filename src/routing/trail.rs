//! What routing tries on its way to a target, for those who want to see it.

use super::route::Rule;

/// Is told what routing tries. `()` takes no notice, which costs nothing.
pub trait Trail {
    /// A rule was tried, and this came of it.
    fn tried(&mut self, rule: Rule, result: Result<(), Mismatch>);
}

impl Trail for () {
    fn tried(&mut self, _: Rule, _: Result<(), Mismatch>) {}
}

/// All that was tried, in order. A rule that is not in it was not reached.
impl Trail for Vec<(Rule, Result<(), Mismatch>)> {
    fn tried(&mut self, rule: Rule, result: Result<(), Mismatch>) {
        self.push((rule, result));
    }
}

/// Why a rule does not lead to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The text is no `vendor:id`.
    #[error("it is written without a vendor")]
    NoVendor,
    /// No vendor account of that name.
    #[error("no vendor has that name")]
    UnknownVendor,
    /// No assistant of that name.
    #[error("no assistant has that name")]
    UnknownName,
    /// The rule is for other clients.
    #[error("it is for other clients")]
    OtherClient,
    /// The rule is for some clients, and the caller is none.
    #[error("it is for certain clients, and there is no client")]
    NoClient,
    /// The rule is for other ids.
    #[error("its pattern does not cover this id")]
    OtherId,
    /// There is no default vendor.
    #[error("there is no default vendor")]
    NoDefault,
    /// The rule decides, but its vendor has no such ids.
    #[error("its vendor has no such ids: they are {0}")]
    NotAnId(&'static str),
}

impl Mismatch {
    /// Whether no further rule is tried.
    #[must_use]
    pub const fn decides(self) -> bool {
        matches!(self, Self::UnknownVendor | Self::NotAnId(_))
    }
}
