//! The list of all vendors. No other shared module names a vendor.

use crate::dialect::{AccountNames, Dialect};
use crate::{autocalls, elevenlabs, famulor, gloriagent, intellixent, retell, sondos, vapi};

/// Every dialect, by name.
pub static DIALECTS: [&Dialect; 8] = [
    &autocalls::DIALECT,
    &elevenlabs::DIALECT,
    &famulor::DIALECT,
    &gloriagent::DIALECT,
    &intellixent::DIALECT,
    &retell::DIALECT,
    &sondos::DIALECT,
    &vapi::DIALECT,
];

/// The flat dialects, whose update is one request with the translated fields.
pub fn flat() -> impl Iterator<Item = &'static Dialect> {
    DIALECTS.into_iter().filter(|dialect| dialect.plan.is_none())
}

/// The dialect called `name`.
pub fn dialect(name: &str) -> Option<&'static Dialect> {
    DIALECTS.into_iter().find(|dialect| dialect.name == name)
}

/// The dialects' names, for where there is no configuration: each is an account of its own.
#[derive(Debug)]
pub struct Names;

impl AccountNames for Names {
    fn has(&self, name: &str) -> bool {
        dialect(name).is_some()
    }

    fn nearest(&self, name: &str) -> Option<&str> {
        crate::nearest(name, DIALECTS.iter().map(|dialect| dialect.name))
    }
}
