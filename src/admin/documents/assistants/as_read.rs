//! Documents of the API that administration shows as they are, and looks into.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A document as the API has it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct AsRead<T> {
    json: Box<RawValue>,
    /// The same, read.
    #[serde(skip)]
    pub(crate) read: T,
}

impl<T: DeserializeOwned> AsRead<T> {
    /// The document of this JSON.
    pub(crate) fn of(json: Box<RawValue>) -> serde_json::Result<Self> {
        Ok(Self { read: serde_json::from_str(json.get())?, json })
    }
}
