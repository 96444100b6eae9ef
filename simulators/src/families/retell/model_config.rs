//! The model of an LLM: `model_config`, which merges by its first level, and the members that it replaces.

use serde_json::{Map, Value, json};

use super::super::{
    Refusal,
    members::{Finding, Problem},
};

/// The members that are ignored beside `model_config`, and shown as it says.
const TWINS: [&str; 4] = ["model", "s2s_model", "model_temperature", "model_high_priority"];

/// The body with the whole `model_config` that the stored one and the sent one make, and with its twins.
///
/// Another type needs `primary`, and loses `backup`. A model that is retired becomes the one that replaces it.
pub(super) fn settled(
    api: &Value,
    stored: &Map<String, Value>,
    mut body: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let mut config = stored.get("model_config").and_then(Value::as_object).cloned().unwrap_or_default();
    match body.shift_remove("model_config") {
        Some(Value::Object(sent)) => {
            let is_other = sent.get("type").is_some_and(|kind| Some(kind) != config.get("type"));
            if is_other && !sent.contains_key("primary") {
                let path = vec![json!("model_config"), json!("primary")];
                return Err(Refusal::Body(vec![Finding { path, problem: Problem::Missing }]));
            }
            if is_other {
                config.insert("backup".to_owned(), Value::Null);
            }
            config.extend(sent);
            TWINS.iter().for_each(|twin| drop(body.shift_remove(*twin)));
        }
        _ if TWINS.iter().any(|twin| body.contains_key(*twin)) => from_twins(&mut config, &body),
        _ => return Ok(body),
    }
    replace_retired(api, &mut config);
    let is_cascading = config.get("type").is_none_or(|kind| kind == "cascading");
    let model = config.get("primary").map(|primary| primary["model"].clone()).unwrap_or_default();
    let [cascading, s2s] = if is_cascading { [model, Value::Null] } else { [Value::Null, model] };
    body.insert("model".to_owned(), cascading);
    body.insert("s2s_model".to_owned(), s2s);
    body.insert("model_temperature".to_owned(), config.get("temperature").cloned().unwrap_or_default());
    body.insert("model_config".to_owned(), config.into());
    Ok(body)
}

/// What the withdrawn members mean without `model_config`.
fn from_twins(config: &mut Map<String, Value>, body: &Map<String, Value>) {
    for (twin, kind) in [("model", "cascading"), ("s2s_model", "s2s")] {
        if let Some(model) = body.get(twin).filter(|model| model.is_string()) {
            if config.get("type").is_some_and(|stored| stored != kind) {
                config.insert("backup".to_owned(), Value::Null);
            }
            config.insert("type".to_owned(), json!(kind));
            config.insert("primary".to_owned(), json!({ "model": model }));
        }
    }
    if let Some(temperature) = body.get("model_temperature") {
        config.insert("temperature".to_owned(), temperature.clone());
    }
}

fn replace_retired(api: &Value, config: &mut Map<String, Value>) {
    for part in ["primary", "backup"] {
        let Some(model) = config.get_mut(part).and_then(|part| part.get_mut("model")) else { continue };
        if let Some(successor) = model.as_str().and_then(|model| api["retired_models"].get(model)) {
            *model = successor.clone();
        }
    }
}
