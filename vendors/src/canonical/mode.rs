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

/// The fields that the rules are about. Most updates hold none of them.
struct Concerned {
    /// Have a twin.
    twins: FieldSet,
    /// Have an effect in `pipeline` only.
    pipeline: FieldSet,
    /// Have an effect in `multimodal` and `dualplex` only.
    multimodal: FieldSet,
}

const CONCERNED: Concerned = {
    let mut concerned = Concerned { twins: FieldSet::EMPTY, pipeline: FieldSet::EMPTY, multimodal: FieldSet::EMPTY };
    let mut index = 0;
    while index < Field::COUNT {
        let field = Field::ALL[index];
        if field.twin().is_some() {
            concerned.twins.insert(field);
        }
        match field.spec().modes {
            Modes::Any => {}
            Modes::Pipeline => concerned.pipeline.insert(field),
            Modes::Multimodal => concerned.multimodal.insert(field),
        }
        index += 1;
    }
    concerned
};

/// Finds twins that were sent together and fields that contradict the mode they were sent with.
pub fn check_modes(update: &Update<'_>, items: &mut Items, warnings: &mut Vec<Note>) {
    for field in update.fields_in(CONCERNED.twins) {
        if let Some(twin) = field.twin().filter(|&twin| update.fields.contains(twin)) {
            refuse(items, field, format!("`{}` says the same in another way; send only one of the two", twin.name()));
        }
    }
    let Some(mode) = update.get(Field::Mode).and_then(Value::as_str) else { return };
    let (multimodal, without_effect, only) = match &*mode {
        "pipeline" => (false, CONCERNED.multimodal, "`multimodal` and `dualplex`"),
        "multimodal" | "dualplex" => (true, CONCERNED.pipeline, "`pipeline`"),
        _ => return,
    };
    if multimodal && update.get(Field::AllowInterruptions).and_then(Value::as_bool) == Some(false) {
        refuse(items, Field::AllowInterruptions, format!("interruptions cannot be disabled in mode `{mode}`"));
    }
    let knowledge = update.get(Field::KnowledgebaseMode).and_then(Value::as_str);
    if multimodal && knowledge.as_deref() == Some("prompt") {
        refuse(items, Field::KnowledgebaseMode, format!("must be `function_call` in mode `{mode}`"));
    }
    for field in update.fields_in(without_effect) {
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
