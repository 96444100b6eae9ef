//! The model, which is known by its provider and its name there, and what follows from it.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

use super::pair::{json, parts, read_pair};

/// Where the provider stands.
pub(super) const PROVIDER_AT: Path = &["model", "provider"];

/// Where the name stands.
pub(super) const MODEL_AT: Path = &["model", "model"];

/// Where the models to fall back on stand.
pub(super) const FALLBACKS_AT: Path = &["model", "fallbackModels"];

/// `llm_model_id`.
pub(super) static LLM: NestedHook = NestedHook {
    paths: &[MODEL_AT, PROVIDER_AT],
    group: &[],
    write: |value, writer| write_model(value, false, writer),
    read: |document| read_pair(document, PROVIDER_AT, MODEL_AT).filter(|pair| !is_realtime(pair)),
    doc: "Written `provider:model`, such as `openai:gpt-4.1`; sets both members.",
};

/// `multimodal_model_id`.
pub(super) static MULTIMODAL: NestedHook = NestedHook {
    paths: &[MODEL_AT, PROVIDER_AT],
    group: &[],
    write: |value, writer| write_model(value, true, writer),
    read: |document| read_pair(document, PROVIDER_AT, MODEL_AT).filter(|pair| is_realtime(pair)),
    doc: "Written `provider:model`, such as `openai:gpt-realtime-2025-08-28`; sets both members.",
};

/// `mode`.
pub(super) static MODE: NestedHook = NestedHook {
    paths: &[MODEL_AT],
    group: &[Field::LlmModelId, Field::LlmModel, Field::MultimodalModelId, Field::MultimodalModel],
    write: write_mode,
    read: |document| {
        let pair = read_pair(document, PROVIDER_AT, MODEL_AT)?;
        Some(Cow::Borrowed(if is_realtime(&pair) { "\"multimodal\"" } else { "\"pipeline\"" }))
    },
    doc: "Taken along with a model of that mode; refused without one.",
};

/// `chat_llm_fallback_id`.
pub(super) static CHAT_FALLBACK: NestedHook = NestedHook {
    paths: &[FALLBACKS_AT],
    group: &[Field::LlmFallbackModels],
    write: write_fallback,
    read: read_fallback,
    doc: "Written `openai:model`; becomes the only element of the list.",
};

/// Whether a model hears and speaks by itself. Its name says so.
fn is_realtime(model: &str) -> bool {
    model.contains("realtime")
}

fn write_model(value: Value<'_>, is_multimodal: bool, writer: &mut FieldWriter<'_>) {
    let text = value.as_str().unwrap_or(Cow::Borrowed(""));
    let Some((provider, model)) = parts(&text) else {
        let example = if is_multimodal { "openai:gpt-realtime-2025-08-28" } else { "openai:gpt-4.1" };
        let detail = format!(
            "must be written `provider:model`, such as `{example}`: Vapi knows a model by its provider and its name there"
        );
        return writer.refuse(&[], ItemCode::NotAllowed, detail);
    };
    match (is_multimodal, is_realtime(model)) {
        (false, true) => writer.refuse(
            &[],
            ItemCode::UnsupportedValue,
            "is a realtime model, which makes the assistant multimodal; send it as `multimodal_model_id`",
        ),
        (true, false) => writer.refuse(
            &[],
            ItemCode::UnsupportedValue,
            "is no realtime model, so that the assistant is a pipeline; send it as `llm_model_id`",
        ),
        _ => {
            writer.put_text(PROVIDER_AT, provider);
            writer.put_text(MODEL_AT, model);
        }
    }
}

fn write_mode(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let mode = value.as_str().unwrap_or_default();
    let (id, name) = match &*mode {
        "pipeline" => (Field::LlmModelId, Field::LlmModel),
        "multimodal" => (Field::MultimodalModelId, Field::MultimodalModel),
        _ => {
            let detail = format!("Vapi has no mode like `{mode}`; send `pipeline` or `multimodal`");
            return writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
    };
    if writer.sibling(id).or(writer.sibling(name)).is_none() {
        let detail = format!("Vapi has no mode: it follows from the model; send `{}` with it", id.name());
        writer.refuse(&[], ItemCode::UnsupportedValue, detail);
    }
}

fn write_fallback(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    if value.is_null() {
        return put_fallbacks("[]".to_owned(), &[], writer);
    }
    let text = value.as_str().unwrap_or(Cow::Borrowed(""));
    match parts(&text) {
        Some(("openai", model)) => put_fallbacks(["[", &*json(model), "]"].concat(), &[model], writer),
        Some((provider, _)) => {
            let detail = format!("Vapi falls back on models of `openai` only, and this one is of `{provider}`");
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        None => writer.refuse(&[], ItemCode::NotAllowed, "must be written `openai:model`, such as `openai:gpt-4.1`"),
    }
}

/// Writes the list, unless `llm_fallback_models` writes the same.
fn put_fallbacks(json: String, models: &[&str], writer: &mut FieldWriter<'_>) {
    let is_same = writer.sibling(Field::LlmFallbackModels).is_some_and(|list| {
        let theirs: Vec<_> = list.elements().filter_map(Value::as_str).collect();
        theirs.len() == models.len() && theirs.iter().zip(models).all(|(theirs, ours)| theirs == ours)
    });
    if !is_same {
        writer.put(FALLBACKS_AT, json);
    }
}

fn read_fallback(document: Value<'_>) -> Option<Cow<'_, str>> {
    let list = document.at(FALLBACKS_AT).filter(|list| list.kind() == Kind::Array)?;
    let mut models = list.elements();
    match (models.next(), models.next()) {
        (None, _) => Some(Cow::Borrowed("null")),
        (Some(only), None) => Some(json(&["openai:", &*only.as_str()?].concat())),
        _ => None,
    }
}
