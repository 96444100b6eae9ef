//! Every vendor accepts what it documents and rejects values just outside.

use crate::client::{Call, is_legacy, start};
use serde_json::{Value, json};
use simulators::{NAMES, Simulator, contracts};

#[tokio::test]
async fn every_documented_example_is_accepted() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        assert!(!contracts::examples(vendor).is_empty(), "{vendor}");
        for (id, (slug, text)) in (1..).zip(contracts::examples(vendor)) {
            let answer = Call::update(&simulator, id, text).send().await;
            assert_eq!(answer.status, 200, "{vendor} {slug}: {:?}", answer.body);
            let body = answer.json();
            assert_eq!(body["message"], "Assistant updated successfully");
            let members: Vec<_> = body["data"].as_object().expect("data").keys().collect();
            assert_eq!(members, ["id", "name", "status", "type", "mode"]);
        }
        let unknown: Vec<_> = simulator.received().iter().flat_map(|one| one.unknown_keys.to_vec()).collect();
        assert_eq!(unknown, [""; 0]);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn the_response_is_the_documented_one() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let name = if is_legacy(vendor) { "assistant_name" } else { "name" };
        let answer = Call::update(&simulator, 789, json!({ name: "Updated Sales Assistant" })).send().await.json();
        let (_, documented) = contracts::find(vendor).and_then(|page| page.answer("200-updated")).expect("an answer");
        assert_eq!(answer, documented, "{vendor}");
        simulator.stop().await;
    }
}

#[tokio::test]
async fn every_field_is_accepted_at_its_limits_and_rejected_beyond() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let schema = contracts::schema(vendor).expect("a schema");
        let mut probe = Probe { simulator: &simulator, ids: 1..1000 };
        for (field, rule) in schema["properties"].as_object().expect("properties") {
            probe.nullability(field, rule).await;
            probe.kind(field, rule).await;
            probe.range(field, rule).await;
            probe.length(field, rule).await;
            probe.choice(field, rule).await;
        }
        simulator.stop().await;
    }
}

/// Single fields, each sent to an assistant of its own.
struct Probe<'s> {
    simulator: &'s Simulator,
    ids: std::ops::Range<u64>,
}

impl Probe<'_> {
    async fn accepts(&mut self, field: &str, value: Value) {
        let id = self.ids.next().expect("an id");
        let answer = Call::update(self.simulator, id, json!({ field: value })).send().await;
        assert_eq!(answer.status, 200, "{field}={value}: {:?}", answer.body);
        assert_eq!(self.simulator.state(id).expect("a state")[field], value);
    }

    async fn refuses(&mut self, field: &str, value: Value) -> String {
        let id = self.ids.next().expect("an id");
        let before = self.simulator.state(id);
        let answer = Call::update(self.simulator, id, json!({ field: value })).send().await;
        assert_eq!(answer.status, 422, "{field}={value}");
        assert_eq!(self.simulator.state(id), before);
        let body = answer.json();
        assert_eq!(body["message"], "Validation failed");
        let sentences = body["errors"][field].as_array().unwrap_or_else(|| panic!("{field}: {body}"));
        sentences[0].as_str().expect("a sentence").to_owned()
    }

    async fn nullability(&mut self, field: &str, rule: &Value) {
        if rule["type"].as_array().is_some_and(|types| types.contains(&json!("null"))) {
            self.accepts(field, Value::Null).await;
        } else {
            self.refuses(field, Value::Null).await;
        }
    }

    async fn kind(&mut self, field: &str, rule: &Value) {
        let expected = match rule["type"].as_array().map_or(&rule["type"], |types| &types[0]).as_str() {
            Some("boolean") => "must be true or false.",
            Some("integer") => "must be an integer.",
            Some("number") => "must be a number.",
            Some("array" | "object") => "must be an array.",
            _ => "",
        };
        if !expected.is_empty() {
            let sentence = self.refuses(field, json!("7")).await;
            assert!(sentence.ends_with(expected), "{sentence}");
        }
    }

    async fn range(&mut self, field: &str, rule: &Value) {
        let (Some(least), Some(most)) = (rule.get("minimum"), rule.get("maximum")) else { return };
        let integer = rule["type"].to_string().contains("integer");
        let beyond = |edge: &Value, sign: i32| {
            if integer {
                json!(edge.as_i64().expect("an integer") + i64::from(sign))
            } else {
                json!(edge.as_f64().expect("a number") + 0.001 * f64::from(sign))
            }
        };
        self.accepts(field, least.clone()).await;
        self.accepts(field, most.clone()).await;
        for value in [beyond(least, -1), beyond(most, 1)] {
            let sentence = self.refuses(field, value).await;
            assert!(sentence.ends_with(&format!(" must be between {least} and {most}.")), "{sentence}");
        }
    }

    async fn length(&mut self, field: &str, rule: &Value) {
        let Some(most) = rule["maxLength"].as_u64() else { return };
        // A legacy language must also exist in the catalog.
        if field != "language" {
            self.accepts(field, json!("ä".repeat(most as usize))).await;
        }
        let sentence = self.refuses(field, json!("ä".repeat(most as usize + 1))).await;
        assert!(sentence.ends_with(&format!(" must not be greater than {most} characters.")), "{sentence}");
    }

    async fn choice(&mut self, field: &str, rule: &Value) {
        let Some(choices) = rule["enum"].as_array() else { return };
        for choice in choices {
            self.accepts(field, choice.clone()).await;
        }
        let sentence = self.refuses(field, json!("nothing of the kind")).await;
        assert!(sentence.starts_with("The selected "), "{sentence}");
    }
}
