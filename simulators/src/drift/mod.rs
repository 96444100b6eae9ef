//! Drift on demand: changes of a vendor that its documentation does not mention.
//!
//! The README documents the text form `kind[=value[:value…]]`, which the command line uses.

mod active;

use std::{error::Error, fmt, str::FromStr};

pub(crate) use active::ActiveDrift;

/// One undocumented change.
#[derive(Debug, Clone, PartialEq)]
pub enum Drift {
    /// A field has another name in updates, lists and errors; the old name is ignored.
    Renamed {
        /// The documented name.
        field: String,
        /// The name now.
        to: String,
    },
    /// A field is accepted with any value and has no effect.
    Ignored(String),
    /// A number has another range.
    Narrowed {
        /// The field.
        field: String,
        /// The least value now.
        min: f64,
        /// The greatest value now.
        max: f64,
    },
    /// Every update needs one more field.
    Required(String),
    /// Responses have one more member.
    NewField(String),
    /// Responses show a field with another type.
    Retyped(String),
    /// Validation errors have another form.
    ErrorShape,
    /// A catalog is no longer a list.
    BrokenCatalog(String),
}

/// The text is not a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftError(String);

impl fmt::Display for DriftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a drift: the kinds are rename=FIELD:NAME, ignore=FIELD, narrow=FIELD:MIN:MAX, require=NAME, \
             new-field=NAME, retype=FIELD, error-shape and broken-catalog=NAME",
            self.0
        )
    }
}

impl Error for DriftError {}

impl FromStr for Drift {
    type Err = DriftError;

    fn from_str(text: &str) -> Result<Self, DriftError> {
        let (kind, value) = text.split_once('=').unwrap_or((text, ""));
        let parts: Vec<_> = value.split(':').map(str::to_owned).collect();
        let drift = match (kind, parts.as_slice()) {
            ("error-shape", _) if !text.contains('=') => Self::ErrorShape,
            _ if parts.iter().any(String::is_empty) => return Err(DriftError(text.to_owned())),
            ("rename", [field, to]) => Self::Renamed { field: field.clone(), to: to.clone() },
            ("ignore", [field]) => Self::Ignored(field.clone()),
            ("narrow", [field, min, max]) => {
                let number = |text: &str| text.parse().map_err(|_| DriftError(value.to_owned()));
                Self::Narrowed { field: field.clone(), min: number(min)?, max: number(max)? }
            }
            ("require", [name]) => Self::Required(name.clone()),
            ("new-field", [name]) => Self::NewField(name.clone()),
            ("retype", [field]) => Self::Retyped(field.clone()),
            ("broken-catalog", [name]) => Self::BrokenCatalog(name.clone()),
            _ => return Err(DriftError(text.to_owned())),
        };
        Ok(drift)
    }
}

impl Drift {
    /// The field that must be documented for this drift to be possible.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Renamed { field, .. } | Self::Ignored(field) | Self::Narrowed { field, .. } => Some(field),
            Self::Required(_) | Self::NewField(_) | Self::Retyped(_) | Self::ErrorShape | Self::BrokenCatalog(_) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read() {
        let narrowed = Drift::Narrowed { field: "a".to_owned(), min: 0.8, max: 1.0 };
        assert_eq!("narrow=a:0.8:1".parse(), Ok(narrowed));
        assert_eq!("rename=a:b".parse(), Ok(Drift::Renamed { field: "a".to_owned(), to: "b".to_owned() }));
        assert_eq!("error-shape".parse(), Ok(Drift::ErrorShape));
        for text in ["", "rename=a", "rename=a:", "narrow=a:x:1", "error-shape=1", "ignore", "ignore=a:b"] {
            assert!(text.parse::<Drift>().is_err(), "{text}");
        }
    }
}
