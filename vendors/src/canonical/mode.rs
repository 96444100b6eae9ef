//! Rules across fields. A rule applies only if the update contains both sides, because the gateway does not know the
//! assistant's current state.
//!
//! Source of the mode rules: <https://docs.autocalls.ai/api-reference/assistants/update-assistant>, warnings and
//! notes.

use crate::item::{Item, ItemCode, Items, Note};
use crate::json::{Pointer, Value};

use super::field::Field;
use super::field_set::FieldSet;
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

/// The fields that the rules are about. Most updates contain none of them.
struct RuleFields {
    /// Fields with a twin.
    twins: FieldSet,
    /// Fields with an effect in `pipeline` only.
    pipeline: FieldSet,
    /// Fields with an effect in `multimodal` and `dualplex` only.
    multimodal: FieldSet,
}

const RULE_FIELDS: RuleFields = {
    let mut rules = RuleFields { twins: FieldSet::EMPTY, pipeline: FieldSet::EMPTY, multimodal: FieldSet::EMPTY };
    let mut index = 0;
    while index < Field::COUNT {
        let field = Field::ALL[index];
        if field.twin().is_some() {
            rules.twins.insert(field);
        }
        match field.spec().modes {
            Modes::Any => {}
            Modes::Pipeline => rules.pipeline.insert(field),
            Modes::Multimodal => rules.multimodal.insert(field),
        }
        index += 1;
    }
    rules
};

/// Reports twins that are sent together, and fields that conflict with the mode in the same update, but for the fields
/// `lifted`, which the vendor takes nevertheless.
pub fn check_modes(update: &Update<'_>, lifted: FieldSet, items: &mut Items, warnings: &mut Vec<Note>) {
    check_twins(update, items);
    let Some(mode) = update.get(Field::Mode).and_then(Value::as_str) else { return };
    let (multimodal, without_effect, detail) = match &*mode {
        "pipeline" => (
            false,
            RULE_FIELDS.multimodal,
            "has an effect only in mode `multimodal` and `dualplex`, but this update sets mode `pipeline`",
        ),
        "multimodal" => (
            true,
            RULE_FIELDS.pipeline,
            "has an effect only in mode `pipeline`, but this update sets mode `multimodal`",
        ),
        "dualplex" => {
            (true, RULE_FIELDS.pipeline, "has an effect only in mode `pipeline`, but this update sets mode `dualplex`")
        }
        _ => return,
    };
    let is_rule = |field: Field| multimodal && !lifted.contains(field);
    if is_rule(Field::AllowInterruptions)
        && update.get(Field::AllowInterruptions).and_then(Value::as_bool) == Some(false)
    {
        refuse(items, Field::AllowInterruptions, format!("must be true in mode `{mode}`"));
    }
    let knowledge = update.get(Field::KnowledgebaseMode).and_then(Value::as_str);
    if is_rule(Field::KnowledgebaseMode) && knowledge.as_deref() == Some("prompt") {
        refuse(items, Field::KnowledgebaseMode, format!("must be `function_call` in mode `{mode}`"));
    }
    for field in update.fields_in(without_effect) {
        warnings.push(Note::new(field.name(), "ignored_in_mode", detail));
    }
}

/// Reports twins that are sent together.
pub fn check_twins(update: &Update<'_>, items: &mut Items) {
    for field in update.fields_in(RULE_FIELDS.twins) {
        if let Some(twin) = field.twin().filter(|&twin| update.fields.contains(twin)) {
            refuse(items, field, format!("sets the same property as `{}`; send only one of the two", twin.name()));
        }
    }
}

fn refuse(items: &mut Items, field: Field, detail: String) {
    items.push(Item::new(&Pointer::Root.key(field.name()), field, ItemCode::Conflict, detail));
}
