//! Plans: the requests that an update of a nested dialect takes, as data.

use super::operations::Call;
use super::place::Path;

/// How an assistant of a nested dialect is read and changed.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The vendor's objects that make an assistant, in the order in which they are read. They are written in the opposite
    /// order, so that the first, which the assistant's id names, comes last.
    pub objects: &'static [Object],
    /// What makes published objects changeable before they are written.
    pub draft: Option<Draft>,
    /// What publishes the changes, if the account is configured so.
    pub publish: Option<Publish>,
    /// Parameters of paths that the configuration of an account may set.
    pub parameters: &'static [&'static str],
}

impl Plan {
    /// Whether an update may take several requests besides those that read.
    pub const fn takes_several(&self) -> bool {
        self.objects.len() > 1 || self.draft.is_some() || self.publish.is_some()
    }
}

/// When callers of an assistant notice an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesLive {
    /// At once.
    AtOnce,
    /// When it is published.
    AfterPublication,
}

impl GoesLive {
    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at_once",
            Self::AfterPublication => "after_publication",
        }
    }
}

impl Plan {
    /// When callers of an assistant notice what was written.
    pub const fn goes_live(&self) -> GoesLive {
        if self.publish.is_some() { GoesLive::AfterPublication } else { GoesLive::AtOnce }
    }
}

/// One of the objects that make an assistant.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// Its member in the document; empty if it is the document itself.
    pub name: &'static str,
    /// What it is called in sentences: "the agent".
    pub title: &'static str,
    /// Reads it.
    pub read: Call,
    /// Changes it.
    pub write: Call,
    /// Makes it, for a new assistant.
    pub create: Option<CreateObject>,
    /// Parameters of later paths, taken from what the vendor tells of it.
    pub captures: &'static [Capture],
    /// Whether it is read before every write, because the captures are needed.
    pub is_always_read: bool,
}

/// How an object of a new assistant is made.
#[derive(Debug, Clone, Copy)]
pub struct CreateObject {
    /// The request.
    pub call: Call,
    /// Members that every new object has besides the translated ones, as a JSON object. `{name}` in it is a parameter.
    pub members: &'static str,
    /// The parameters that its response gives; one of the first object's is `id`, the assistant's own.
    pub captures: &'static [Capture],
    /// Whether its response is the whole object, so that what was sent is compared with it; else it is the id.
    pub is_told: bool,
}

/// A parameter of later paths: `{name}`.
#[derive(Debug, Clone, Copy)]
pub struct Capture {
    /// The name of the parameter.
    pub name: &'static str,
    /// Where its value stands in the object.
    pub path: Path,
    /// Why there may be none, as the rest of a sentence about the assistant: "has a response engine of another kind".
    /// Fields of objects whose paths need it are unsupported then.
    pub or_else: &'static str,
}

/// A request that makes a changeable version of a published assistant.
#[derive(Debug, Clone, Copy)]
pub struct Draft {
    /// Where the first object tells whether it is published.
    pub is_published: Path,
    /// The request.
    pub call: Call,
    /// Its body. `{name}` is a parameter.
    pub body: &'static str,
    /// The parameters that its response replaces.
    pub captures: &'static [Capture],
}

/// A request that makes what was written live.
#[derive(Debug, Clone, Copy)]
pub struct Publish {
    /// The request.
    pub call: Call,
    /// Its body. `{name}` is a parameter.
    pub body: &'static str,
    /// The parameter that the warning `not_published` names.
    pub version: &'static str,
}
