//! Creating and deleting assistants.

use crate::client::{Answer, Call, is_legacy, smallest_creation, start};
use serde_json::{Value, json};
use simulators::{NAMES, Simulator, contracts};

async fn listed(simulator: &Simulator, id: u64) -> Option<Value> {
    let answer = Call::new(simulator, "GET", "/user/assistants/get?per_page=100").send().await.json();
    answer["data"].as_array().expect("data").iter().find(|item| item["id"] == id).cloned()
}

async fn refused(simulator: &Simulator, body: &Value) -> Value {
    let before = simulator.assistants();
    let answer = Call::create(simulator, body).send().await;
    assert_eq!(answer.status, 422, "{body}: {:?}", answer.body);
    assert_eq!(simulator.assistants(), before);
    answer.json()["errors"].clone()
}

#[tokio::test]
async fn a_new_assistant_has_an_id_above_all_others_and_is_listed_from_then_on() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let status = if is_legacy(vendor) { "active" } else { "inactive" };
        for id in [1000, 1001] {
            let answer = Call::create(&simulator, smallest_creation(vendor)).send().await;
            assert_eq!(answer.status, 201, "{vendor}: {:?}", answer.body);
            let data =
                json!({ "id": id, "name": "Front desk", "status": status, "type": "inbound", "mode": "pipeline" });
            assert_eq!(answer.json(), json!({ "message": "Assistant created successfully", "data": data }));
        }
        assert_eq!(simulator.assistants(), [789, 1000, 1001]);
        let item = listed(&simulator, 1001).await.expect("a listed assistant");
        let read =
            ["name", "type", "mode", "status", "voice_id", "initial_message", "inbound_webhook_url", "deleted_at"];
        let wanted = json!(["Front desk", "inbound", "pipeline", status, 41, "Front desk", null, null]);
        assert_eq!(json!(read.map(|member| &item[member])), wanted, "{vendor}");
        assert_eq!(item["created_at"], item["updated_at"]);
        assert_ne!(item["uuid"], listed(&simulator, 1000).await.expect("a listed assistant")["uuid"]);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_new_assistant_has_the_documented_defaults() {
    for vendor in NAMES.into_iter().filter(|vendor| !is_legacy(vendor)) {
        let simulator = start(vendor, &[]).await;
        Call::create(&simulator, smallest_creation(vendor)).send().await;
        let state = simulator.state(1000).expect("a state");
        let create = contracts::create(vendor).expect("a contract");
        let defaults = create["defaults"].as_object().expect("defaults");
        assert!(defaults.len() >= 23, "{vendor}");
        for (field, value) in defaults {
            assert_eq!(state[field], *value, "{vendor} {field}");
        }
        for field in ["ambient_sound", "knowledgebase_mode", "knowledgebase_id", "phone_number_id", "webhook_url"] {
            assert_eq!(state[field], Value::Null, "{vendor} {field}");
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn every_required_field_is_missed_by_name_and_all_at_once() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let required = contracts::create(vendor).expect("a contract")["required"].clone();
        let errors = refused(&simulator, &json!({})).await;
        let mut missed: Vec<_> = errors.as_object().expect("errors").keys().cloned().collect();
        let mut wanted: Vec<_> = required.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        missed.sort();
        wanted.sort_unstable();
        assert_eq!(missed, wanted, "{vendor}");
        for field in wanted {
            let mut body = smallest_creation(vendor);
            body.as_object_mut().expect("an object").remove(field);
            let sentence = format!("The {} field is required.", field.replace('_', " "));
            assert_eq!(refused(&simulator, &body).await, json!({ field: [sentence] }), "{vendor}");
        }
        for body in ["", "[]", "null", "{"] {
            assert_eq!(Call::create(&simulator, body).send().await.status, 422, "{vendor} {body}");
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_model_is_required_by_mode_and_a_url_by_its_switch() {
    for vendor in NAMES.into_iter().filter(|vendor| !is_legacy(vendor)) {
        let simulator = start(vendor, &[]).await;
        let with = |mode: &str, model: &str| {
            let mut body = smallest_creation(vendor);
            let fields = body.as_object_mut().expect("an object");
            fields.remove("llm_model_id");
            fields.insert("mode".to_owned(), json!(mode));
            fields.insert(model.to_owned(), json!(1));
            body
        };
        for (mode, model, missed) in [
            ("pipeline", "llm_model_id", ""),
            ("pipeline", "multimodal_model_id", "llm_model_id"),
            ("multimodal", "multimodal_model_id", ""),
            ("dualplex", "multimodal_model_id", ""),
            ("multimodal", "llm_model_id", "multimodal_model_id"),
            ("dualplex", "llm_model_id", "multimodal_model_id"),
        ] {
            if missed.is_empty() {
                assert_eq!(Call::create(&simulator, with(mode, model)).send().await.status, 201, "{mode}");
            } else {
                let sentence = format!("The {} field is required.", missed.replace('_', " "));
                assert_eq!(refused(&simulator, &with(mode, model)).await, json!({ missed: [sentence] }));
            }
        }
        simulator.stop().await;
    }
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let mut body = smallest_creation(vendor);
        body["is_webhook_active"] = json!(true);
        assert_eq!(
            refused(&simulator, &body).await,
            json!({ "webhook_url": ["The webhook url field is required."] }),
            "{vendor}"
        );
        body["webhook_url"] = json!("https://example.com/hook");
        assert_eq!(Call::create(&simulator, &body).send().await.status, 201, "{vendor}");
        simulator.stop().await;
    }
}

#[tokio::test]
async fn null_is_no_value_of_a_creation_but_for_no_folder() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let update = contracts::schema(vendor).expect("a schema");
        for (field, rule) in update["properties"].as_object().expect("properties") {
            let nullable = rule["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
            let mut body = smallest_creation(vendor);
            body[field] = Value::Null;
            let status = Call::create(&simulator, &body).send().await.status;
            assert_eq!(status, if field == "folder_id" { 201 } else { 422 }, "{vendor} {field}");
            if nullable {
                assert_eq!(Call::update(&simulator, 7, json!({ field: null })).send().await.status, 200, "{field}");
            }
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_creation_has_the_fields_of_its_own_page() {
    let count = |vendor| {
        let schema = contracts::create_schema(vendor).expect("a schema");
        schema["properties"].as_object().expect("properties").len()
    };
    for (vendor, fields) in
        [("autocalls", 57), ("famulor", 57), ("gloriagent", 51), ("intellixent", 55), ("sondos", 37)]
    {
        assert_eq!(count(vendor), fields, "{vendor}");
    }
    let simulator = start("famulor", &[]).await;
    let mut body = smallest_creation("famulor");
    body["conversation_inactivity_timeout"] = json!(5);
    assert_eq!(Call::create(&simulator, &body).send().await.status, 201);
    assert_eq!(simulator.state(1000).expect("a state")["conversation_inactivity_timeout"], 5);
    assert!(simulator.received()[0].unknown_keys.is_empty());
    // On its page of updates this field does not exist.
    let update = Call::update(&simulator, 1000, json!({ "conversation_inactivity_timeout": 9 })).send().await;
    assert_eq!(update.status, 200);
    assert_eq!(simulator.state(1000).expect("a state")["conversation_inactivity_timeout"], 5);
    assert_eq!(&*simulator.received()[1].unknown_keys, ["conversation_inactivity_timeout"]);
    simulator.stop().await;
}

#[tokio::test]
async fn other_modes_have_no_fillers_and_their_own_rule_for_knowledge() {
    let simulator = start("intellixent", &[]).await;
    let mut body = smallest_creation("intellixent");
    body["mode"] = json!("multimodal");
    body["multimodal_model_id"] = json!(1);
    body["fillers"] = json!(true);
    body["knowledgebase_mode"] = json!("prompt");
    let wanted = json!({
        "knowledgebase_mode": ["Only function_call mode is available for multimodal assistants."],
        "fillers": ["Fillers are not available for multimodal assistants."],
    });
    assert_eq!(refused(&simulator, &body).await, wanted);
    simulator.stop().await;
}

#[tokio::test]
async fn a_deleted_assistant_is_gone_and_cannot_be_deleted_twice() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        Call::create(&simulator, smallest_creation(vendor)).send().await;
        let delete = async |id: &str| Call::new(&simulator, "DELETE", &format!("/user/assistant/{id}")).send().await;
        for id in ["7", "789", "1000"] {
            let answer: Answer = delete(id).await;
            assert_eq!((answer.status, answer.json()), (200, json!({ "message": "Assistant deleted successfully" })));
            for answer in
                [delete(id).await, Call::new(&simulator, "PUT", &format!("/user/assistant/{id}")).send().await]
            {
                assert_eq!(answer.status, 404, "{vendor} {id}");
                let message = answer.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.starts_with("Assistant not found"), "{message}");
            }
        }
        assert_eq!(simulator.assistants(), [0; 0]);
        for id in ["0", "1002", "seven"] {
            assert_eq!(delete(id).await.status, 404, "{vendor} {id}");
        }
        // The id of a deleted assistant is not given again.
        assert_eq!(Call::create(&simulator, smallest_creation(vendor)).send().await.json()["data"]["id"], 1001);
        simulator.reset();
        assert_eq!(simulator.assistants(), [789]);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_creation_can_take_effect_although_its_answer_is_lost() {
    let simulator =
        start("autocalls", &["lost@create*1", "reset@create*1", "status=500@create*1", "truncated@create"]).await;
    let create = async || Call::create(&simulator, smallest_creation("autocalls")).attempt().await;
    assert!(create().await.is_err());
    assert_eq!(simulator.assistants(), [789, 1000]);
    assert!(create().await.is_err());
    assert_eq!(create().await.expect("an answer").status, 500);
    assert_eq!(simulator.assistants(), [789, 1000]);
    let truncated = create().await.expect("an answer");
    assert_eq!((truncated.status, simulator.assistants()), (201, vec![789, 1000, 1001]));
    let statuses: Vec<_> = simulator.received().iter().map(|one| one.status).collect();
    assert_eq!((statuses, simulator.arrivals()), (vec![None, None, Some(500), Some(201)], 4));
    simulator.stop().await;
}

#[tokio::test]
async fn a_status_on_demand_has_the_documented_body_of_its_operation() {
    let simulator = start("sondos", &["status=500@create*1", "status=500@delete*1"]).await;
    let create = Call::create(&simulator, smallest_creation("sondos")).send().await;
    assert_eq!((create.status, create.json()), (500, json!({ "message": "Assistant creation failed" })));
    let delete = Call::new(&simulator, "DELETE", "/user/assistant/7").send().await;
    assert_eq!((delete.status, delete.json()), (500, json!({ "message": "Assistant deletion failed" })));
    simulator.stop().await;
}
