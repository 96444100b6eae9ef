//! The list of all vendors. No other shared module names a vendor.

use crate::dialect::{AccountNames, Dialect};
use crate::{autocalls, famulor, gloriagent, intellixent, sondos};

/// Every dialect, by name.
pub static DIALECTS: [&Dialect; 5] =
    [&autocalls::DIALECT, &famulor::DIALECT, &gloriagent::DIALECT, &intellixent::DIALECT, &sondos::DIALECT];

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
