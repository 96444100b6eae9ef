//! A vendor's 422 comes home: its own field names become canonical pointers, its sentences stay as they are.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::stub::Stub;

/// What a vendor of that dialect complains about, and what the caller is told: `(pointer, field, vendor_field)`.
async fn told(dialect: &str, update: &str, errors: Value) -> Vec<(String, Option<String>, Option<String>, String)> {
    let body = json!({ "message": "Validation failed", "errors": errors }).to_string();
    let stub = Stub::answering("422 Unprocessable Content", "content-type: application/json\r\n", &body).await;
    let stage = Stage::with(&stub.vendor("odd", dialect)).await;
    let reply = stage.put("odd:789", update.to_owned()).await;
    let problem = reply.problem("validation_failed");
    assert_eq!(problem["vendor_response"], json!({ "status": 422, "message": "Validation failed" }));
    assert_eq!((&problem["outcome"], &problem["fault"]), (&json!("not_applied"), &json!("caller")));
    stage.stop().await;
    let text = |error: &Value, key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|error| {
            assert_eq!(error["code"], "rejected_by_vendor");
            let (pointer, detail) = (text(error, "pointer").unwrap(), text(error, "detail").unwrap());
            (pointer, text(error, "field"), text(error, "vendor_field"), detail)
        })
        .collect()
}

fn home(pointer: &str, field: &str, detail: &str) -> (String, Option<String>, Option<String>, String) {
    (pointer.into(), Some(field.into()), None, detail.into())
}

#[tokio::test]
async fn every_legacy_name_comes_back_as_the_canonical_one() {
    let update = r#"{"name":"x","language":"English","llm_model":"GPT-4.1-mini","type":"inbound","mode":"pipeline",
        "wait_for_customer":true,"fillers":true,"record":true,"enable_noise_cancellation":true,"max_duration":60,
        "reengagement_interval":9,"min_interrupt_words":2,"voice_id":1,
        "tools":[{"type":"end_call","description":"bye"}]}"#;
    for (wire, pointer, field) in [
        ("assistant_name", "#/name", "name"),
        ("language", "#/language", "language"),
        ("llm_model", "#/llm_model", "llm_model"),
        ("calls_direction", "#/type", "type"),
        ("engine_type", "#/mode", "mode"),
        ("who_speaks_first", "#/wait_for_customer", "wait_for_customer"),
        ("filler_audios", "#/fillers", "fillers"),
        ("record_call", "#/record", "record"),
        ("noise_cancellation", "#/enable_noise_cancellation", "enable_noise_cancellation"),
        ("max_call_duration", "#/max_duration", "max_duration"),
        ("re_engagement_interval", "#/reengagement_interval", "reengagement_interval"),
        ("use_min_interrupt_words", "#/min_interrupt_words", "min_interrupt_words"),
        ("min_interrupt_words", "#/min_interrupt_words", "min_interrupt_words"),
        ("voice_id", "#/voice_id", "voice_id"),
        ("end_call_tool", "#/tools/0", "tools"),
        ("end_call_tool.description", "#/tools/0/description", "tools"),
    ] {
        let sentence = format!("Das Feld {wire} ist ungültig.");
        let errors = told("sondos", update, json!({ wire: [sentence] })).await;
        assert_eq!(errors, [home(pointer, field, &sentence)], "{wire}");
    }
}

#[tokio::test]
async fn a_name_that_an_id_became_comes_back_as_the_id() {
    let extra = "[vendors.odd.catalog.languages]\n\"1\" = \"English\"\n[vendors.odd.catalog.models]\n\"2\" = \"M\"\n";
    let body = r#"{"message":"m","errors":{"language":["a"],"llm_model":["b"]}}"#;
    let stub = Stub::answering("422 Unprocessable Content", "", body).await;
    let stage = Stage::with(&(stub.vendor("odd", "sondos") + extra)).await;
    let reply = stage.put("odd:1", r#"{"language_id":1,"llm_model_id":2}"#).await;
    let pointers: Vec<_> = reply.json()["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    assert_eq!(pointers, [json!("#/language_id"), json!("#/llm_model_id")]);
    stage.stop().await;
}

#[tokio::test]
async fn the_way_inside_a_field_is_kept_at_every_vendor() {
    for dialect in simulators::NAMES {
        let update = r#"{"post_call_schema":[{"name":"abc","type":"bool","description":"abc"}],"variables":{"a":1}}"#;
        let errors = json!({
            "post_call_schema.0.name": ["too long", "too odd"],
            "post_call_schema.12": ["what?"],
            "variables.a": "one sentence",
            "speech_speed": ["not sent, yet named"],
        });
        let expected = [
            home("#/post_call_schema/0/name", "post_call_schema", "too long"),
            home("#/post_call_schema/0/name", "post_call_schema", "too odd"),
            home("#/post_call_schema/12", "post_call_schema", "what?"),
            home("#/variables/a", "variables", "one sentence"),
            home("#/speech_speed", "speech_speed", "not sent, yet named"),
        ];
        assert_eq!(told(dialect, update, errors).await, expected, "{dialect}");
    }
}

#[tokio::test]
async fn tools_keep_their_place_where_they_are_sent_as_they_are() {
    let update =
        r#"{"tools":[{"type":"warm_call_transfer","supervisor_phone":"1","outbound_phone_id":1,"description":"d"}]}"#;
    for dialect in ["autocalls", "famulor", "intellixent"] {
        let errors = told(dialect, update, json!({ "tools.0.supervisor_phone": ["bad"], "tools": ["worse"] })).await;
        assert_eq!(errors, [home("#/tools/0/supervisor_phone", "tools", "bad"), home("#/tools", "tools", "worse")]);
    }
}

#[tokio::test]
async fn a_key_without_a_canonical_name_is_kept_as_the_vendors() {
    for dialect in simulators::NAMES {
        let errors = told(dialect, r#"{"name":"x"}"#, json!({ "quota.calls": ["full"], "": ["?"] })).await;
        assert_eq!(errors[0], ("#".into(), None, Some("quota.calls".into()), "full".into()), "{dialect}");
        assert_eq!(errors[1].0, "#");
    }
}

#[tokio::test]
async fn vendor_options_come_back_under_their_own_key() {
    let update = r#"{"name":"x","vendor_options":{"odd":{"engine_type":"pipeline","a.b":1}}}"#;
    let errors =
        told("sondos", update, json!({ "engine_type": ["no"], "a.b": ["no"], "assistant_name": ["no"] })).await;
    let expected = [
        home("#/vendor_options/odd/engine_type", "vendor_options.odd", "no"),
        home("#/vendor_options/odd/a.b", "vendor_options.odd", "no"),
        home("#/name", "name", "no"),
    ];
    assert_eq!(errors, expected);
}

#[tokio::test]
async fn errors_in_other_shapes_are_read_too() {
    for (body, details) in [
        (r#"{"message":"m","errors":"a sentence"}"#, vec!["a sentence"]),
        (r#"{"message":"m","errors":["one","two"]}"#, vec!["one", "two"]),
        (r#"{"message":"m","errors":{"name":{"0":"deep"}}}"#, vec!["deep"]),
        (r#"{"message":"m","errors":{"name":[]}}"#, vec![]),
        (r#"{"message":"m","errors":{"name":[null,7,true]}}"#, vec!["7", "true"]),
        (r#"{"message":"m"}"#, vec![]),
        ("<html>422</html>", vec![]),
        ("", vec![]),
    ] {
        let stub = Stub::answering("422 Unprocessable Content", "", body).await;
        let stage = Stage::with(&stub.vendor("odd", "sondos")).await;
        let problem = stage.put("odd:1", r#"{"name":"x"}"#).await.problem("validation_failed");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<_> = errors.iter().map(|error| error["detail"].as_str().unwrap().to_owned()).collect();
        assert_eq!(found, details, "{body}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn refusals_of_the_simulators_name_canonical_fields() {
    let stage = Stage::new().await;
    let cases = [
        ("sondos", r#"{"voice_id":4711}"#, "#/voice_id"),
        ("sondos", r#"{"language":"Klingon"}"#, "#/language"),
        (
            "sondos",
            r#"{"vendor_options":{"sondos":{"engine_type":"dualplex"}}}"#,
            "#/vendor_options/sondos/engine_type",
        ),
        ("autocalls", r#"{"vendor_options":{"autocalls":{"beta":1}}}"#, "#/vendor_options/autocalls/beta"),
    ];
    for (vendor, update, pointer) in cases {
        let reply = stage.put(&format!("{vendor}:789"), update).await;
        let problem = reply.problem("validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem:#}");
        assert_eq!(problem["errors"][0]["code"], "rejected_by_vendor");
    }
    // Rules over what the assistant has already are the vendor's to tell.
    assert_eq!(stage.put("autocalls:5", r#"{"mode":"multimodal"}"#).await.status, 200);
    let problem = stage.put("autocalls:5", r#"{"allow_interruptions":false}"#).await.problem("validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "#/allow_interruptions");
    stage.stop().await;
}
