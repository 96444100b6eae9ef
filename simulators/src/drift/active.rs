//! Applies drift to requests and responses. The backend itself always works with the documented names.

use serde_json::{Map, Value, json};

use super::Drift;

/// The drift of a running simulator.
#[derive(Debug, Default)]
pub(crate) struct ActiveDrift(Vec<Drift>);

impl ActiveDrift {
    /// Checks the drift against the schema; the error names a field that is not documented.
    pub(crate) fn new(drift: Vec<Drift>, schema: &Value) -> Result<Self, String> {
        let known = |field: &str| schema["properties"].get(field).is_some();
        match drift.iter().filter_map(Drift::field).find(|field| !known(field)) {
            Some(field) => Err(format!("its documentation has no field `{field}`, so it cannot drift")),
            None => Ok(Self(drift)),
        }
    }

    /// The documented schema with the drift applied.
    pub(crate) fn schema(&self, mut schema: Value) -> Value {
        for drift in &self.0 {
            match drift {
                Drift::Narrowed { field, min, max } => {
                    schema["properties"][field]["minimum"] = json!(min);
                    schema["properties"][field]["maximum"] = json!(max);
                }
                Drift::Required(name) => {
                    schema["properties"][name] = json!({});
                    match schema["required"].as_array_mut() {
                        Some(required) => required.push(json!(name)),
                        None => schema["required"] = json!([name]),
                    }
                }
                _ => {}
            }
        }
        schema
    }

    /// Changes an update to the documented names; returns the keys that are no longer known.
    pub(crate) fn incoming(&self, update: &mut Map<String, Value>) -> Vec<String> {
        let mut unknown = Vec::new();
        for drift in &self.0 {
            match drift {
                Drift::Renamed { field, to } => {
                    if update.shift_remove(field).is_some() {
                        unknown.push(field.clone());
                    }
                    if let Some(value) = update.shift_remove(to) {
                        update.insert(field.clone(), value);
                    }
                }
                Drift::Ignored(field) => drop(update.shift_remove(field)),
                _ => {}
            }
        }
        unknown
    }

    /// Applies drift to an assistant in a list or in the response to an update.
    pub(crate) fn shown(&self, assistant: &mut Value) {
        let Some(members) = assistant.as_object_mut() else { return };
        for drift in &self.0 {
            match drift {
                Drift::Renamed { field, to } => {
                    if let Some(value) = members.shift_remove(field) {
                        members.insert(to.clone(), value);
                    }
                }
                Drift::NewField(name) => drop(members.insert(name.clone(), json!("new"))),
                Drift::Retyped(field) => {
                    if let Some(value) = members.get_mut(field) {
                        *value = json!({ "value": value.take() });
                    }
                }
                _ => {}
            }
        }
    }

    /// Applies drift to the body of a 422.
    pub(crate) fn error_body(&self, mut body: Value) -> Value {
        for drift in &self.0 {
            match drift {
                Drift::Renamed { field, to } => rename_errors(&mut body, field, to),
                Drift::ErrorShape => {
                    let errors = body["errors"].as_object().cloned().unwrap_or_default();
                    let reasons =
                        errors.into_iter().map(|(field, messages)| json!({ "field": field, "reason": messages[0] }));
                    let reasons: Vec<_> = reasons.collect();
                    body = json!({ "error": { "code": "VALIDATION_ERROR", "fields": reasons } });
                }
                _ => {}
            }
        }
        body
    }

    /// Applies drift to a catalog.
    pub(crate) fn catalog(&self, name: &str, entries: Value) -> Value {
        let broken = self.0.iter().any(|drift| matches!(drift, Drift::BrokenCatalog(catalog) if catalog == name));
        if broken { json!({ "items": entries, "count": 1 }) } else { entries }
    }
}

fn rename_errors(body: &mut Value, field: &str, to: &str) {
    let Some(errors) = body.get_mut("errors").and_then(Value::as_object_mut) else { return };
    *errors = std::mem::take(errors)
        .into_iter()
        .map(|(key, said)| match key.strip_prefix(field).filter(|rest| rest.is_empty() || rest.starts_with('.')) {
            Some(rest) => (format!("{to}{rest}"), said),
            None => (key, said),
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(drift: &[&str]) -> ActiveDrift {
        let drift = drift.iter().map(|text| text.parse().expect(text)).collect();
        ActiveDrift::new(drift, &json!({ "properties": { "a": {}, "b": {} } })).expect("known fields")
    }

    fn incoming(drift: &[&str], update: Value) -> (Value, Vec<String>) {
        let Value::Object(mut update) = update else { unreachable!() };
        let unknown = active(drift).incoming(&mut update);
        (update.into(), unknown)
    }

    #[test]
    fn an_old_name_is_unknown_and_the_new_one_has_its_meaning() {
        let renamed = incoming(&["rename=a:z"], json!({ "a": 1, "z": 2, "b": 3 }));
        assert_eq!(renamed, (json!({ "b": 3, "a": 2 }), vec!["a".to_owned()]));
        assert_eq!(incoming(&["ignore=b"], json!({ "a": 1, "b": 3 })), (json!({ "a": 1 }), Vec::new()));
        let mut shown = json!({ "a": 1, "b": 2 });
        active(&["rename=a:z", "retype=b", "new-field=n"]).shown(&mut shown);
        assert_eq!(shown, json!({ "b": { "value": 2 }, "z": 1, "n": "new" }));
    }

    #[test]
    fn errors_follow_the_name_and_the_shape() {
        let body = json!({ "message": "m", "errors": { "a.0.x": ["No."], "ab": ["No."] } });
        let renamed = active(&["rename=a:z"]).error_body(body.clone());
        assert_eq!(renamed["errors"], json!({ "z.0.x": ["No."], "ab": ["No."] }));
        let shaped = active(&["error-shape"]).error_body(body);
        assert_eq!(shaped["error"]["fields"][1], json!({ "field": "ab", "reason": "No." }));
    }

    #[test]
    fn a_field_that_is_not_documented_cannot_drift() {
        let drift = vec!["narrow=c:1:2".parse().expect("a drift")];
        assert!(ActiveDrift::new(drift, &json!({ "properties": {} })).is_err());
    }
}
