//! Assignments: other objects of the vendor that name the assistant, such as a phone number that names who answers.
//!
//! The field of the assistant is the id of such an object, and the caller sends it. It is written by a request to that object,
//! after the assistant itself, whose id it needs.

use super::operations::{Call, IdRule};
use super::place::Path;
use super::plan::Capture;

/// Another object that names the assistant.
#[derive(Debug)]
pub struct Assignment {
    /// What the object is called in sentences: "the phone number".
    pub title: &'static str,
    /// What its ids look like.
    pub ids: IdRule,
    /// Where the id that was sent stands in a sparse document. No object of the vendor has such a member.
    pub place: Path,
    /// Where the document of an assistant lists the objects that name it, and the member of each that is its id; `None` if it
    /// does not.
    pub listed: Option<(Path, &'static str)>,
    /// Reads the object. The parameter of the field's name in paths is its id.
    pub read: Call,
    /// Makes it name the assistant.
    pub write: Call,
    /// The members of that request's body, all of them texts, and the parameter that each is. One that only the configuration of
    /// an account sets is left out without it.
    pub members: &'static [(&'static str, &'static str)],
    /// The parameters that the object tells.
    pub captures: &'static [Capture],
    /// Where it tells its own id.
    pub id: Path,
    /// Where it tells the assistant that it names.
    pub names: Path,
    /// Where it tells what else it may name, of which the vendor does not say what counts beside an assistant.
    pub others: &'static [Path],
}

impl Assignment {
    /// The title without its article.
    pub fn noun(&self) -> &'static str {
        self.title.trim_start_matches("the ")
    }

    /// Whether the request needs what the object tells, so that it is always read before.
    pub const fn is_always_read(&self) -> bool {
        !self.captures.is_empty() || !self.others.is_empty()
    }

    /// The member of the body that is the assistant's id.
    pub fn member(&self) -> &'static str {
        self.members.iter().find(|(_, parameter)| *parameter == "id").map_or("", |(member, _)| member)
    }
}
