//! The documented rules that a schema cannot express, because they need the stored assistant or the account's catalogs.

use serde_json::{Map, Value};

use crate::validation::ValidationErrors;

use super::{catalogs::Catalogs, field_names::FieldNames};

/// Checks an update of the assistant `id`; `merged` is the assistant after the update.
pub(crate) fn check(
    names: FieldNames,
    catalogs: &Catalogs,
    id: u64,
    update: &Map<String, Value>,
    merged: &Map<String, Value>,
    errors: &mut ValidationErrors,
) {
    match names {
        FieldNames::Current => {
            check_mode(merged, errors);
            check_transfers(id, update, errors);
        }
        FieldNames::Legacy => check_account(catalogs, update, errors),
    }
}

/// "For multimodal/dualplex modes, `knowledgebase_mode` must be `function_call`" and "`allow_interruptions` cannot be
/// disabled".
fn check_mode(merged: &Map<String, Value>, errors: &mut ValidationErrors) {
    let is = |field: &str, value: &str| merged.get(field).and_then(Value::as_str) == Some(value);
    if !is("mode", "multimodal") && !is("mode", "dualplex") {
        return;
    }
    if merged.get("allow_interruptions") == Some(&Value::Bool(false)) {
        errors.add("allow_interruptions", "Interruptions cannot be disabled in multimodal or dualplex mode.");
    }
    if is("knowledgebase_mode", "prompt") {
        errors.add("knowledgebase_mode", "Only function_call mode is available for multimodal assistants.");
    }
}

/// "`fillers` must be off in multimodal and dualplex", stated for a creation.
pub(crate) fn check_creation(names: FieldNames, state: &Map<String, Value>, errors: &mut ValidationErrors) {
    let pipeline = state.get("mode").is_none_or(|mode| mode == "pipeline");
    if names == FieldNames::Current && !pipeline && state.get("fillers") == Some(&Value::Bool(true)) {
        errors.add("fillers", "Fillers are not available for multimodal assistants.");
    }
}

/// The target of a transfer "cannot be the assistant being updated (no self-transfer)".
fn check_transfers(id: u64, update: &Map<String, Value>, errors: &mut ValidationErrors) {
    let tools = update.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, tool) in tools.iter().enumerate() {
        let transfer = tool.get("type").and_then(Value::as_str) == Some("assistant_transfer");
        if transfer && tool.get("assistant_id").and_then(Value::as_u64) == Some(id) {
            errors.add(format!("tools.{index}.assistant_id"), "The assistant cannot transfer to itself.");
        }
    }
}

/// A voice "must exist in available voices", a language must be in the account's catalog, and a webhook "must be a
/// valid URL".
fn check_account(catalogs: &Catalogs, update: &Map<String, Value>, errors: &mut ValidationErrors) {
    if let Some(voice) = update.get("voice_id").filter(|voice| voice.is_u64())
        && !catalogs.has("voices", "id", voice)
    {
        errors.add("voice_id", "The selected voice id is invalid.");
    }
    if let Some(language) = update.get("language").filter(|language| language.is_string())
        && !catalogs.has("languages", "name", language)
    {
        errors.add("language", "The selected language is invalid.");
    }
    let url = update.get("webhook_url").and_then(Value::as_str);
    if url.is_some_and(|url| !is_url(url)) {
        errors.add("webhook_url", "The webhook url must be a valid URL.");
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace))
}
