//! What a vendor rejects, and with which messages.

use crate::client::{Call, start};
use serde_json::{Value, json};
use simulators::{NAMES, Options, Simulator, StartError};

async fn errors(simulator: &Simulator, id: u64, body: Value) -> Value {
    let answer = Call::update(simulator, id, body).send().await;
    assert_eq!(answer.status, 422, "{:?}", answer.body);
    answer.json()["errors"].clone()
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_refused_before_anything_else() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        assert_eq!(simulator.token(), format!("sim-{vendor}"));
        for token in ["", "Bearer wrong", &format!("Basic sim-{vendor}")] {
            for call in [Call::update(&simulator, 1000, "{}"), Call::new(&simulator, "GET", "/user/me")] {
                let answer = call.header("authorization", token).send().await;
                assert_eq!((answer.status, answer.json()), (401, json!({ "message": "Unauthenticated." })));
            }
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn callers_that_do_not_want_json_are_redirected() {
    let simulator = start("autocalls", &[]).await;
    let call = || Call::update(&simulator, 7, json!({ "speech_speed": 9 })).header("accept", "text/html");
    let login = call().header("authorization", "").send().await;
    assert_eq!((login.status, login.header("location")), (302, &*format!("http://{}/login", simulator.addr())));
    assert!(login.header("content-type").starts_with("text/html") && !login.body.is_empty());
    let back = call().header("referer", "http://elsewhere/form").send().await;
    assert_eq!((back.status, back.header("location")), (302, "http://elsewhere/form"));
    assert_eq!(call().header("accept", "").send().await.status, 302);
    let valid = call().body("{}").send().await;
    assert_eq!((valid.status, valid.header("content-type")), (200, "application/json"));
    simulator.stop().await;
}

#[tokio::test]
async fn only_assistants_1_to_999_exist() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        for (id, status) in
            [("0", 404), ("1", 200), ("999", 200), ("1000", 404), ("seven", 404), ("-1", 404), ("7.0", 404)]
        {
            let answer = Call::new(&simulator, "PUT", &format!("/user/assistant/{id}")).body("{}").send().await;
            assert_eq!(answer.status, status, "{id}");
            if status == 404 {
                assert_eq!(answer.json(), json!({ "message": "Assistant not found" }));
            }
        }
        assert!(simulator.state(1000).is_none());
        simulator.stop().await;
    }
}

#[tokio::test]
async fn wrong_methods_and_paths_are_refused_as_the_framework_does() {
    let simulator = start("sondos", &[]).await;
    for (method, path, allow) in [
        ("POST", "/user/assistant/7", "PUT, DELETE"),
        ("PATCH", "/user/assistant/7", "PUT, DELETE"),
        ("GET", "/user/assistant/7", "PUT, DELETE"),
        ("PUT", "/user/assistants/get", "GET, HEAD"),
    ] {
        let answer = Call::new(&simulator, method, path).send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow));
        let message = format!("The {method} method is not supported for route api{path}. Supported methods: {allow}.");
        assert_eq!(answer.json(), json!({ "message": message }));
    }
    for path in ["/user/assistants/7", "//user/assistant/7", "/user/assistant/7/"] {
        let answer = Call::new(&simulator, "PUT", path).send().await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["message"].as_str().expect("a message").ends_with("could not be found."));
    }
    let page = Call::new(&simulator, "GET", "/nothing").header("accept", "*/*").send().await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=UTF-8"));
    simulator.stop().await;
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_changes_nothing_and_is_accepted() {
    let simulator = start("autocalls", &[]).await;
    let before = simulator.state(7);
    for body in ["", "{", "[{\"name\":\"x\"}]", "null", "\"x\""] {
        assert_eq!(Call::update(&simulator, 7, body).send().await.status, 200, "{body}");
    }
    let typed = Call::update(&simulator, 7, json!({ "name": "x" })).header("content-type", "text/plain").send().await;
    assert_eq!((typed.status, simulator.state(7)), (200, before));
    simulator.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_rejected_and_one_at_the_limit_is_not() {
    let simulator = start("autocalls", &[]).await;
    let padded = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    assert_eq!(Call::update(&simulator, 7, padded(1 << 20)).send().await.status, 200);
    let answer = Call::update(&simulator, 7, padded((1 << 20) + 1)).send().await;
    assert_eq!((answer.status, answer.json()), (413, json!({ "message": "The POST data is too large." })));
    assert_eq!(simulator.received().iter().map(|one| one.status).collect::<Vec<_>>(), [Some(200), Some(413)]);
    simulator.stop().await;
}

#[tokio::test]
async fn nested_problems_are_all_named_with_their_index() {
    let simulator = start("autocalls", &[]).await;
    let body = json!({
        "speech_speed": 2,
        "tools": [
            { "type": "end_call" },
            { "type": "warm_call_transfer", "description": "d", "hold_music_volume": 101 },
            { "type": "calendar_integration" },
            { "type": "calendar_integration", "calendar_type": "calendly" },
            { "type": "teleport" },
        ],
        "post_call_schema": [{ "name": "A name that is too long", "type": "boolean", "description": "d" }],
        "secondary_language_ids": [1, "2"],
    });
    let errors = errors(&simulator, 7, body).await;
    for (key, message) in [
        ("speech_speed", "The speech speed must be between 0.7 and 1.2."),
        ("tools.1.supervisor_phone", "The tools.1.supervisor phone field is required."),
        ("tools.1.outbound_phone_id", "The tools.1.outbound phone id field is required."),
        ("tools.1.hold_music_volume", "The tools.1.hold music volume must be between 0 and 100."),
        ("tools.2.calcom_api_key", "The tools.2.calcom api key field is required."),
        ("tools.2.calcom_event_slug", "The tools.2.calcom event slug field is required."),
        ("tools.3.calendly_api_key", "The tools.3.calendly api key field is required."),
        ("tools.3.calendly_event_type_uri", "The tools.3.calendly event type uri field is required."),
        ("tools.4.type", "The selected tools.4.type is invalid."),
        ("post_call_schema.0.name", "The post call schema.0.name must not be greater than 16 characters."),
        ("post_call_schema.0.type", "The selected post call schema.0.type is invalid."),
        ("post_call_schema.0.description", "The post call schema.0.description must be at least 3 characters."),
        ("secondary_language_ids.1", "The secondary language ids.1 must be an integer."),
    ] {
        let messages = errors[key].as_array().unwrap_or_else(|| panic!("{key} in {errors}"));
        assert!(messages.contains(&json!(message)), "{key}: {messages:?}");
    }
    assert_eq!(errors.as_object().expect("errors").len(), 13);
    simulator.stop().await;
}

#[tokio::test]
async fn the_mode_rules_apply_to_the_stored_assistant() {
    for vendor in ["autocalls", "famulor", "gloriagent", "intellixent"] {
        let simulator = start(vendor, &[]).await;
        let interruptions = json!(["Interruptions cannot be disabled in multimodal or dualplex mode."]);
        let knowledge = json!(["Only function_call mode is available for multimodal assistants."]);
        for mode in ["multimodal", "dualplex"] {
            let both = json!({ "mode": mode, "allow_interruptions": false, "knowledgebase_mode": "prompt" });
            let wanted = json!({ "allow_interruptions": interruptions, "knowledgebase_mode": knowledge });
            assert_eq!(errors(&simulator, 1, both).await, wanted);
        }
        let stored = json!({ "allow_interruptions": false, "knowledgebase_mode": "prompt" });
        assert_eq!(Call::update(&simulator, 2, &stored).send().await.status, 200);
        let wanted = json!({ "allow_interruptions": interruptions, "knowledgebase_mode": knowledge });
        assert_eq!(errors(&simulator, 2, json!({ "mode": "dualplex" })).await, wanted);
        let together =
            json!({ "mode": "dualplex", "allow_interruptions": true, "knowledgebase_mode": "function_call" });
        assert_eq!(Call::update(&simulator, 2, together).send().await.status, 200);
        assert_eq!(
            errors(&simulator, 2, json!({ "allow_interruptions": false })).await["allow_interruptions"],
            interruptions
        );
        simulator.stop().await;
    }
}

#[tokio::test]
async fn an_assistant_cannot_transfer_to_itself() {
    let simulator = start("autocalls", &[]).await;
    let tools = json!({ "tools": [{ "type": "end_call" }, { "type": "assistant_transfer", "assistant_id": 7 }] });
    let wanted = json!({ "tools.1.assistant_id": ["The assistant cannot transfer to itself."] });
    assert_eq!(errors(&simulator, 7, tools.clone()).await, wanted);
    assert_eq!(Call::update(&simulator, 8, tools).send().await.status, 200);
    simulator.stop().await;
}

#[tokio::test]
async fn the_legacy_vendor_requires_known_voices_and_languages_and_valid_urls() {
    let simulator = start("sondos", &[]).await;
    let body = json!({ "voice_id": 4711, "language": "Klingon", "webhook_url": "example.com", "end_call_tool": { "description": "d".repeat(501) } });
    let wanted = json!({
        "end_call_tool.description": ["The end call tool.description must not be greater than 500 characters."],
        "voice_id": ["The selected voice id is invalid."],
        "language": ["The selected language is invalid."],
        "webhook_url": ["The webhook url must be a valid URL."],
    });
    assert_eq!(errors(&simulator, 7, body).await, wanted);
    simulator.stop().await;
}

#[tokio::test]
async fn unknown_keys_are_ignored_and_recorded_unless_the_simulator_is_strict() {
    let body = json!({ "name": "x", "engine_type": "pipeline", "tools": [{ "type": "end_call", "data": {} }] });
    let simulator = start("famulor", &[]).await;
    assert_eq!(Call::update(&simulator, 7, &body).send().await.status, 200);
    let state = simulator.state(7).expect("a state");
    assert_eq!((&state["name"], state.get("engine_type")), (&json!("x"), None));
    let mut unknown = simulator.received()[0].unknown_keys.to_vec();
    unknown.sort();
    assert_eq!(unknown, ["engine_type", "tools.0.data"]);
    simulator.stop().await;

    let strict =
        Simulator::start("famulor", Options { strict: true, ..Options::default() }).await.expect("a simulator");
    let wanted = json!({
        "engine_type": ["The engine type field is prohibited."],
        "tools.0.data": ["The tools.0.data field is prohibited."],
    });
    assert_eq!(errors(&strict, 7, body).await, wanted);
    strict.stop().await;
}

#[tokio::test]
async fn a_start_that_cannot_succeed_says_why() {
    let unknown = Simulator::start("unknown", Options::default()).await.expect_err("no such vendor");
    assert!(unknown.to_string().contains("`unknown`; there are autocalls, famulor"), "{unknown}");
    let faults = vec!["shape=no-such".parse().expect("a fault")];
    let shape = Simulator::start("sondos", Options { faults, ..Options::default() }).await.expect_err("no such answer");
    assert!(shape.to_string().contains("200-updated"), "{shape}");
    let first = start("sondos", &[]).await;
    let options = Options { listen: first.addr(), ..Options::default() };
    let taken = Simulator::start("sondos", options).await.expect_err("the address is taken");
    assert!(matches!(taken, StartError::Listen(address, _) if address == first.addr()));
    first.stop().await;
}
