//! What came of a verification.

use serde::Serialize;
use vendors::Field;

use crate::upstream::Account;

use super::{Finding, Wishes};

/// What is known of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The list shows it; nothing was written.
    Shown,
    /// The list does not show it, so that there was nothing to set it to.
    NotShown,
    /// It has no value that an update could set.
    NoValue,
    /// It holds a credential and was left alone.
    LeftAlone,
    /// The vendor took the value that it has.
    Confirmed,
    /// A finding says more.
    Found,
}

/// One field and what is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    /// The canonical field.
    pub field: &'static str,
    /// What is known of it.
    pub outcome: Outcome,
}

/// Everything about one verification.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The account.
    pub vendor: String,
    /// Its dialect.
    pub dialect: &'static str,
    /// The assistant's id.
    pub assistant: String,
    /// Whether updates were asked for.
    pub write: bool,
    /// Reading requests made.
    pub reads: usize,
    /// Updates sent.
    pub writes: usize,
    /// Whether the list was read once more afterwards, so that a change would have been found.
    pub read_again: bool,
    /// What differs from the documentation.
    pub findings: Vec<Finding>,
    /// What is known of each field that the vendor has.
    pub fields: Vec<Known>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
}

impl Report {
    pub(super) fn new(account: &Account, wishes: &Wishes) -> Self {
        Self {
            vendor: account.name.to_string(),
            dialect: account.dialect.name,
            assistant: wishes.assistant.clone(),
            write: wishes.write,
            reads: 0,
            writes: 0,
            read_again: false,
            findings: Vec::new(),
            fields: Vec::new(),
            notes: Vec::new(),
            stopped: None,
        }
    }

    pub(super) fn outcome(&mut self, field: Field, outcome: Outcome) {
        match self.fields.iter_mut().find(|known| known.field == field.name()) {
            Some(known) => known.outcome = outcome,
            None => self.fields.push(Known { field: field.name(), outcome }),
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The fields of which that is known.
    pub fn fields_with(&self, outcome: Outcome) -> Vec<&'static str> {
        self.fields.iter().filter(|known| known.outcome == outcome).map(|known| known.field).collect()
    }
}
