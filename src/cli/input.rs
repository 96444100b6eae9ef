//! Arguments that several commands read: update files and names of vendors.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use vendors::{Dialect, registry};

use super::Failure;

/// The text of a file, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut text)?;
    } else {
        text = std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    }
    Ok(text)
}

/// Reads any name, as a configuration may have further ones, and offers those of the dialects to shells and in the help.
#[derive(Debug, Clone)]
pub(super) struct VendorName;

impl TypedValueParser for VendorName {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(registry::DIALECTS.iter().map(|dialect| PossibleValue::new(dialect.name))))
    }
}

/// The dialect called `name`, or an error that lists them all.
pub(super) fn dialect(name: &str) -> Result<&'static Dialect, Failure> {
    registry::dialect(name).ok_or_else(|| {
        let known: Vec<_> = registry::DIALECTS.iter().map(|dialect| dialect.name).collect();
        format!("no vendor is called `{name}`; there are {}", known.join(", ")).into()
    })
}
