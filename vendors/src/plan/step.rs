//! One request of a run, and what the configuration says about it.

use crate::canonical::Field;

/// What the configuration of an account says about its plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Values of parameters in paths, by their names.
    pub parameters: Vec<(&'static str, String)>,
    /// Whether an update is published at the end.
    pub publishes: bool,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It reads an object.
    Read,
    /// It makes a version that can be changed.
    Draft,
    /// It changes an object.
    Write,
    /// It makes a new object.
    Create,
    /// It makes the changes live.
    Publish,
    /// It makes another object name the assistant.
    Assign,
}

impl Purpose {
    /// The word in dry runs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Draft => "draft",
            Self::Write => "write",
            Self::Create => "create",
            Self::Publish => "publish",
            Self::Assign => "assign",
        }
    }
}

/// One request of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is for.
    pub purpose: Purpose,
    /// What the object is called in sentences.
    pub title: &'static str,
    /// The field whose value is the object's id, if the object is another one than those of the assistant.
    pub field: Option<Field>,
    /// The HTTP method.
    pub method: &'static str,
    /// The path and the query below the base URL.
    pub path: String,
    /// The JSON body; empty if there is none.
    pub body: Vec<u8>,
    /// Whether it may be sent again after it may have arrived.
    pub repeatable: bool,
}
