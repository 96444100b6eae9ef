//! What becomes of fields that a vendor cannot express.

use std::str::FromStr;

use serde::Serialize;

/// The answer to an update that holds fields the vendor cannot express.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// The update is refused.
    #[default]
    Strict,
    /// The fields are dropped and reported.
    Lenient,
}

/// The words for [`Handling`].
pub(super) const HANDLINGS: &[&str] = &["strict", "lenient"];

impl FromStr for Handling {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "strict" => Ok(Self::Strict),
            "lenient" => Ok(Self::Lenient),
            _ => Err(()),
        }
    }
}

/// What an operator decided for a single field of a vendor, whatever the handling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldPolicy {
    /// The field is dropped and reported.
    Drop,
    /// An update that holds the field is refused.
    Refuse,
    /// The field is sent, documented for that vendor or not.
    Send,
}

/// The words for [`FieldPolicy`].
pub(super) const FIELD_POLICIES: &[&str] = &["drop", "refuse", "send"];

impl FromStr for FieldPolicy {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "drop" => Ok(Self::Drop),
            "refuse" => Ok(Self::Refuse),
            "send" => Ok(Self::Send),
            _ => Err(()),
        }
    }
}
