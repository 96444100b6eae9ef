//! The result of a check.

use serde::Serialize;
use vendors::Field;

use crate::{Finding, Options, SingleAccount};

/// What is known of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The list shows it, or the document of a nested dialect tells it; nothing was written.
    Shown,
    /// Neither shows it, so there was no value to set it to.
    NotShown,
    /// It has no value that an update could set.
    NoValue,
    /// It holds a credential and was left alone.
    LeftAlone,
    /// The vendor accepted the value that the field already has.
    Confirmed,
    /// There is a finding about it.
    Found,
}

/// One field and what is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct FieldOutcome {
    /// The canonical field.
    pub field: &'static str,
    /// What is known of it.
    pub outcome: Outcome,
}

/// The assistant that a check made for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnAssistant {
    /// Its name, by which a person recognises it.
    pub name: String,
    /// The vendor's id.
    pub id: String,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// Everything about one check.
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
    /// Writing requests sent.
    pub writes: usize,
    /// The assistants that the check made, read, changed and deleted.
    pub own_assistants: Vec<OwnAssistant>,
    /// Whether the list was read again afterwards, so that a change would have been found.
    pub read_again: bool,
    /// What differs from the documentation.
    pub findings: Vec<Finding>,
    /// What is known of each field that the vendor has.
    pub fields: Vec<FieldOutcome>,
    /// Remarks on what could not be checked.
    pub notes: Vec<String>,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
}

impl Report {
    pub(crate) fn new(account: &SingleAccount, options: &Options) -> Self {
        Self {
            vendor: account.name().to_owned(),
            dialect: account.dialect().name,
            assistant: options.assistant.clone(),
            write: options.write,
            reads: 0,
            writes: 0,
            own_assistants: Vec::new(),
            read_again: false,
            findings: Vec::new(),
            fields: Vec::new(),
            notes: Vec::new(),
            stopped: None,
        }
    }

    pub(crate) fn outcome(&mut self, field: Field, outcome: Outcome) {
        match self.fields.iter_mut().find(|known| known.field == field.name()) {
            Some(known) => known.outcome = outcome,
            None => self.fields.push(FieldOutcome { field: field.name(), outcome }),
        }
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The fields with this outcome.
    pub fn fields_with(&self, outcome: Outcome) -> Vec<&'static str> {
        self.fields.iter().filter(|known| known.outcome == outcome).map(|known| known.field).collect()
    }
}
