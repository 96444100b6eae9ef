//! Hooks: fallback models, further languages, documents, and the data that is collected after a call.

use std::borrow::Cow;

use crate::catalog::CatalogKind;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::{Kind, Limits, Value, read_value};

use super::paths::{DATA_COLLECTION, KNOWLEDGE_BASE, LANGUAGE_PRESETS, prompt};
use super::speech::quoted;

const PREFERENCE: Path = prompt!("backup_llm_config", "preference");
const ORDER: Path = prompt!("backup_llm_config", "order");
const LANGUAGE_DETECTION: Path = prompt!("built_in_tools", "language_detection");
const DETECTION_NAME: Path = prompt!("built_in_tools", "language_detection", "name");
const DETECTION_TYPE: Path = prompt!("built_in_tools", "language_detection", "params", "system_tool_type");

/// `llm_fallback_models`: an order of its own, none, or the vendor's.
pub(super) static LLM_FALLBACK_MODELS: NestedHook = NestedHook {
    paths: &[ORDER, PREFERENCE],
    group: &[],
    write: |value, writer| match value.elements().next() {
        Some(_) => put_order(writer, value.text()),
        None if value.is_null() => writer.put(PREFERENCE, "\"default\""),
        None => writer.put(PREFERENCE, "\"disabled\""),
    },
    read: |document| {
        let preference = document.at(PREFERENCE)?;
        match preference.as_str().as_deref() {
            Some("override") => document.at(ORDER).map(|order| Cow::Borrowed(order.text())),
            Some("disabled") => Some(Cow::Borrowed("[]")),
            Some("default") => Some(Cow::Borrowed("null")),
            _ => None,
        }
    },
    doc: "A list becomes an order of its own, an empty one turns fallbacks off, `null` goes back to the vendor's order.",
};

/// `chat_llm_fallback_id`: an order of one.
pub(super) static CHAT_LLM_FALLBACK: NestedHook = NestedHook {
    paths: &[ORDER, PREFERENCE],
    group: &[],
    write: |value, writer| match value.is_null() {
        true => writer.put(PREFERENCE, "\"default\""),
        false => put_order(writer, &format!("[{}]", value.text())),
    },
    read: |_| None,
    doc: "The only model of an order of its own; `null` goes back to the vendor's order. Told as `llm_fallback_models`.",
};

fn put_order(writer: &mut FieldWriter<'_>, order: &str) {
    writer.put(PREFERENCE, "\"override\"");
    writer.put(ORDER, order);
}

/// `secondary_language_ids`: a preset for each, and the tool that changes the language.
pub(super) static SECONDARY_LANGUAGES: NestedHook = NestedHook {
    paths: &[LANGUAGE_PRESETS, LANGUAGE_DETECTION],
    group: &[],
    write: |value, writer| {
        let codes: Vec<_> = value.elements().filter_map(Value::as_str).collect();
        if codes.is_empty() {
            writer.put(LANGUAGE_PRESETS, "{}");
            return writer.put(LANGUAGE_DETECTION, "null");
        }
        for code in codes {
            writer.put_at(inside(LANGUAGE_PRESETS, &code), "{\"overrides\":{}}".to_owned());
        }
        writer.put(DETECTION_NAME, "\"language_detection\"");
        writer.put(DETECTION_TYPE, "\"language_detection\"");
    },
    read: |document| {
        let presets = document.at(LANGUAGE_PRESETS).filter(|presets| presets.kind() == Kind::Object)?;
        let codes: Vec<_> = presets.members().map(|(code, _)| quoted(&code)).collect();
        Some(Cow::Owned(format!("[{}]", codes.join(","))))
    },
    doc: "A language preset for each, with the overrides that it has; the built-in tool `language_detection` is added, or taken \
          away with an empty list.",
};

/// `knowledgebase_id`: the agent's only document.
pub(super) static KNOWLEDGEBASE_ID: NestedHook = NestedHook {
    paths: &[KNOWLEDGE_BASE],
    group: &[],
    write: |value, writer| {
        if value.is_null() {
            return writer.put(KNOWLEDGE_BASE, "[]");
        }
        let Some(entry) = writer.entry(value, CatalogKind::KnowledgeBases) else { return };
        let members = format!("{{{}}}", entry.members);
        let members = read_value(members.as_bytes(), Limits::VENDOR).ok();
        let Some(kind) = members.and_then(|members| members.get("type")).filter(|kind| kind.kind() == Kind::String)
        else {
            let detail = "the catalog does not say the type of this document, which ElevenLabs needs beside its id";
            return writer.refuse(&[], ItemCode::UnresolvedName, detail);
        };
        let id = entry.text_id();
        let document = format!("{{\"id\":{},\"name\":{},\"type\":{}}}", quoted(&id), quoted(&entry.name), kind.text());
        writer.put_at(inside(&[KNOWLEDGE_BASE, &["only"]].concat(), &id), document);
    },
    read: |document| {
        let documents = document.at(KNOWLEDGE_BASE).filter(|documents| documents.kind() == Kind::Array)?;
        let ids: Vec<_> = documents.elements().filter_map(|document| document.get("id")).map(Value::text).collect();
        Some(match ids.as_slice() {
            [] => Cow::Borrowed("null"),
            [only] => Cow::Borrowed(only),
            // Which of them it should be is not known; an update refuses a list.
            many => Cow::Owned(format!("[{}]", many.join(","))),
        })
    },
    doc: "The only document of the agent afterwards, with name and type from the catalog `knowledge_bases`; how it is used stays.",
};

/// `knowledgebase_mode`: how every document of the agent is used.
pub(super) static KNOWLEDGEBASE_MODE: NestedHook = NestedHook {
    paths: &[KNOWLEDGE_BASE],
    group: &[],
    write: |value, writer| {
        let usage = if value.is_str("prompt") { "\"prompt\"" } else { "\"auto\"" };
        writer.put_at(inside(&[KNOWLEDGE_BASE, &["each"]].concat(), "usage_mode"), usage.to_owned());
    },
    read: |document| {
        let mut usages = document.at(KNOWLEDGE_BASE)?.elements().map(|document| document.get("usage_mode"));
        let first = usages.next()?;
        let is_prompt = |usage: Option<Value<'_>>| usage.is_some_and(|usage| usage.is_str("prompt"));
        let all = usages.all(|usage| is_prompt(usage) == is_prompt(first));
        all.then_some(Cow::Borrowed(if is_prompt(first) { "\"prompt\"" } else { "\"function_call\"" }))
    },
    doc: "`prompt` becomes `prompt`, `function_call` becomes `auto`, in each of the agent's documents.",
};

/// `post_call_schema`: a map from names to what is collected.
pub(super) static POST_CALL_SCHEMA: NestedHook = NestedHook {
    paths: &[DATA_COLLECTION],
    group: &[],
    write: write_schema,
    read: |document| {
        let collected = document.at(DATA_COLLECTION).filter(|collected| collected.kind() == Kind::Object)?;
        let values: Vec<_> = collected.members().map(|(name, value)| collected_value(&name, value)).collect();
        Some(Cow::Owned(format!("[{}]", values.join(","))))
    },
    doc: "A map by name; `bool` becomes `boolean`. An entry that stays keeps its other members.",
};

fn write_schema(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    if value.elements().next().is_none() {
        return writer.put(DATA_COLLECTION, "{}");
    }
    let mut seen: Vec<Cow<'_, str>> = Vec::new();
    for (index, element) in value.elements().enumerate() {
        let (Some(name), Some(kind), Some(description)) =
            (element.get("name").and_then(Value::as_str), element.get("type"), element.get("description"))
        else {
            continue; // is refused for what it lacks
        };
        if seen.contains(&name) {
            let detail = "stands twice, and ElevenLabs has one value of each name";
            writer.refuse(&[&index.to_string(), "name"], ItemCode::UnsupportedValue, detail);
            continue;
        }
        let kind = if kind.is_str("bool") { "\"boolean\"" } else { kind.text() };
        let collected = format!("{{\"type\":{kind},\"description\":{}}}", description.text());
        writer.put_at(inside(DATA_COLLECTION, &name), collected);
        seen.push(name);
    }
}

fn collected_value(name: &str, value: Value<'_>) -> String {
    let mut out = format!("{{\"name\":{}", quoted(name));
    for (key, inner) in [("type", value.get("type")), ("description", value.get("description"))] {
        let Some(inner) = inner else { continue };
        let inner = if key == "type" && inner.is_str("boolean") { "\"bool\"" } else { inner.text() };
        out.push_str(&format!(",\"{key}\":{inner}"));
    }
    out + "}"
}

/// A path with one more name.
fn inside(path: &[&'static str], name: &str) -> Vec<Cow<'static, str>> {
    path.iter().map(|step| Cow::Borrowed(*step)).chain([Cow::Owned(name.to_owned())]).collect()
}
