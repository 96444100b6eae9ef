//! The list of all vendors. No other shared module names a vendor.

use crate::dialect::Dialect;
use crate::{autocalls, famulor, gloriagent, intellixent, sondos};

/// Every dialect, by name.
pub static DIALECTS: [&Dialect; 5] =
    [&autocalls::DIALECT, &famulor::DIALECT, &gloriagent::DIALECT, &intellixent::DIALECT, &sondos::DIALECT];

/// The dialect called `name`.
pub fn dialect(name: &str) -> Option<&'static Dialect> {
    DIALECTS.into_iter().find(|dialect| dialect.name == name)
}
