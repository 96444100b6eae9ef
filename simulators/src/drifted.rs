//! Where a vendor's drift takes effect: the vendor itself goes on under the page's names, and what comes in and goes
//! out is changed on its way.

use serde_json::{Map, Value, json};

use crate::drift::Drift;

/// The drift in force.
#[derive(Debug, Default)]
pub(crate) struct Drifted(Vec<Drift>);

impl Drifted {
    /// The drift in force; the error says which is not possible with this schema.
    pub(crate) fn new(drift: Vec<Drift>, schema: &Value) -> Result<Self, String> {
        let known = |field: &str| schema["properties"].get(field).is_some();
        match drift.iter().filter_map(Drift::field).find(|field| !known(field)) {
            Some(field) => Err(format!("its page has no field `{field}` that could drift")),
            None => Ok(Self(drift)),
        }
    }

    /// The page's schema as the vendor applies it now.
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

    /// The update under the page's names; returns the keys that nobody knows any more.
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

    /// An assistant, or what the answer to an update says of it, as the vendor shows it now.
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

    /// A refusal's body as the vendor writes it now.
    pub(crate) fn refusal(&self, mut body: Value) -> Value {
        for drift in &self.0 {
            match drift {
                Drift::Renamed { field, to } => rename_errors(&mut body, field, to),
                Drift::ErrorShape => {
                    let errors = body["errors"].as_object().cloned().unwrap_or_default();
                    let reasons = errors.into_iter().map(|(field, said)| json!({ "field": field, "reason": said[0] }));
                    let reasons: Vec<_> = reasons.collect();
                    body = json!({ "error": { "code": "VALIDATION_ERROR", "fields": reasons } });
                }
                _ => {}
            }
        }
        body
    }

    /// A catalog as the vendor lists it now.
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

    fn drifted(drift: &[&str]) -> Drifted {
        let drift = drift.iter().map(|text| text.parse().expect(text)).collect();
        Drifted::new(drift, &json!({ "properties": { "a": {}, "b": {} } })).expect("known fields")
    }

    fn incoming(drift: &[&str], update: Value) -> (Value, Vec<String>) {
        let Value::Object(mut update) = update else { unreachable!() };
        let unknown = drifted(drift).incoming(&mut update);
        (update.into(), unknown)
    }

    #[test]
    fn an_old_name_is_unknown_and_the_new_one_means_the_same() {
        let renamed = incoming(&["rename=a:z"], json!({ "a": 1, "z": 2, "b": 3 }));
        assert_eq!(renamed, (json!({ "b": 3, "a": 2 }), vec!["a".to_owned()]));
        assert_eq!(incoming(&["ignore=b"], json!({ "a": 1, "b": 3 })), (json!({ "a": 1 }), Vec::new()));
        let mut shown = json!({ "a": 1, "b": 2 });
        drifted(&["rename=a:z", "retype=b", "new-field=n"]).shown(&mut shown);
        assert_eq!(shown, json!({ "b": { "value": 2 }, "z": 1, "n": "new" }));
    }

    #[test]
    fn errors_follow_the_name_and_the_shape() {
        let body = json!({ "message": "m", "errors": { "a.0.x": ["No."], "ab": ["No."] } });
        let renamed = drifted(&["rename=a:z"]).refusal(body.clone());
        assert_eq!(renamed["errors"], json!({ "z.0.x": ["No."], "ab": ["No."] }));
        let shaped = drifted(&["error-shape"]).refusal(body);
        assert_eq!(shaped["error"]["fields"][1], json!({ "field": "ab", "reason": "No." }));
    }

    #[test]
    fn a_field_that_the_page_does_not_have_cannot_drift() {
        let drift = vec!["narrow=c:1:2".parse().expect("a drift")];
        assert!(Drifted::new(drift, &json!({ "properties": {} })).is_err());
    }
}
