//! Rules across fields. They hold only when the update itself carries both sides: what the assistant has now is the
//! vendor's knowledge, not ours.
//!
//! Source of the mode rules: <https://docs.autocalls.ai/api-reference/assistants/update-assistant>, warnings and
//! notes.

use crate::item::{Item, ItemCode, Items, Note};
use crate::json::{Pointer, Value};

use super::field::Field;
use super::fieldset::FieldSet;
use super::update::Update;

/// The engine modes in which a field has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modes {
    /// In every mode.
    Any,
    /// In `pipeline` only.
    Pipeline,
    /// In `multimodal` and `dualplex`.
    Multimodal,
}

/// The fields that have a twin, and those that do not have an effect in every mode: most updates hold none of them.
const CONCERNED: (FieldSet, FieldSet) = {
    let (mut twins, mut modal) = (FieldSet::EMPTY, FieldSet::EMPTY);
    let mut index = 0;
    while index < Field::COUNT {
        let field = Field::ALL[index];
        if field.twin().is_some() {
            twins.insert(field);
        }
        if !matches!(field.spec().modes, Modes::Any) {
            modal.insert(field);
        }
        index += 1;
    }
    (twins, modal)
};

/// Finds twins that were sent together and fields that contradict the mode they were sent with.
pub fn check_modes(update: &Update<'_>, items: &mut Items, warnings: &mut Vec<Note>) {
    let (twins, modal) = CONCERNED;
    for entry in update.entries.iter().filter(|_| update.fields.intersects(twins)) {
        let Some(field) = entry.field else { continue };
        if let Some(twin) = field.twin().filter(|&twin| update.fields.contains(twin)) {
            refuse(items, field, format!("`{}` says the same in another way; send only one of the two", twin.name()));
        }
    }
    let Some(mode) = update.get(Field::Mode).and_then(Value::as_str) else { return };
    let multimodal = match &*mode {
        "pipeline" => false,
        "multimodal" | "dualplex" => true,
        _ => return,
    };
    if multimodal && update.get(Field::AllowInterruptions).and_then(Value::as_bool) == Some(false) {
        refuse(items, Field::AllowInterruptions, format!("interruptions cannot be disabled in mode `{mode}`"));
    }
    let knowledge = update.get(Field::KnowledgebaseMode).and_then(Value::as_str);
    if multimodal && knowledge.as_deref() == Some("prompt") {
        refuse(items, Field::KnowledgebaseMode, format!("must be `function_call` in mode `{mode}`"));
    }
    for entry in update.entries.iter().filter(|_| update.fields.intersects(modal)) {
        let Some(field) = entry.field else { continue };
        let only = match (field.spec().modes, multimodal) {
            (Modes::Pipeline, true) => "`pipeline`",
            (Modes::Multimodal, false) => "`multimodal` and `dualplex`",
            _ => continue,
        };
        warnings.push(Note {
            field: field.name().into(),
            code: "ignored_in_mode",
            detail: format!("has an effect in mode {only} only, and this update sets mode `{mode}`").into(),
        });
    }
}

fn refuse(items: &mut Items, field: Field, detail: String) {
    items.push(Item::new(&Pointer::Root.key(field.name()), field, ItemCode::Conflict, detail));
}
