//! What is sent where the vendor would replace what others have stored.

use serde_json::json;
use vendors::{Run, Settings, Step};

use super::super::{dialect, drive, steps};
use super::{AGENT, patch, sent, translate, update};

/// The body of the PATCH that follows the read, as text.
fn patched(update: &str, stored: &str) -> String {
    let steps = sent(update, stored);
    let methods: Vec<_> = steps.iter().map(|step| step.method).collect();
    assert_eq!(methods, ["GET", "PATCH"], "{update}");
    String::from_utf8(steps[1].body.clone()).unwrap()
}

#[test]
fn an_event_joins_and_leaves_the_others_in_their_order() {
    let events = |events: &str| format!(r#"{{"conversation_config":{{"conversation":{{"client_events":{events}}}}}}}"#);
    let stored = events(r#"["ping","interruption","vad_score"]"#);
    assert_eq!(patched(r#"{"allow_interruptions":false}"#, &stored), events(r#"["ping","vad_score"]"#));
    assert_eq!(patched(r#"{"allow_interruptions":true}"#, &stored), stored);
    let without = events(r#"["ping"]"#);
    assert_eq!(patched(r#"{"allow_interruptions":true}"#, &without), events(r#"["ping","interruption"]"#));
    // Where nothing is told, the vendor's default is meant: the sound must not be lost.
    assert_eq!(patched(r#"{"allow_interruptions":false}"#, "{}"), events(r#"["audio"]"#));
}

#[test]
fn the_events_of_a_webhook_are_changed_one_by_one_and_only_where_there_is_a_webhook() {
    let webhooks =
        |inner: &str| format!(r#"{{"platform_settings":{{"workspace_overrides":{{"webhooks":{{{inner}}}}}}}}}"#);
    let stored = webhooks(r#""post_call_webhook_id":"wh_1","events":["transcript","call_initiation_failure"]"#);
    let both = r#"{"send_webhook_only_on_completed":true,"include_recording_in_webhook":true}"#;
    assert_eq!(patched(both, &stored), webhooks(r#""events":["transcript","audio"]"#));
    let other = r#"{"send_webhook_only_on_completed":false,"include_recording_in_webhook":false}"#;
    assert_eq!(patched(other, &stored), webhooks(r#""events":["transcript","call_initiation_failure"]"#));
    for without in ["{}", &webhooks(""), &webhooks(r#""post_call_webhook_id":null"#)] {
        let request = translate(both).unwrap();
        let settings = Settings::default();
        let mut run = Run::update(dialect("elevenlabs"), "agent_1", &request, &settings).unwrap();
        let refused = drive(&mut run, |_: &Step| without.to_owned()).unwrap_err();
        let found: Vec<_> = refused.items.list.iter().map(|item| (&*item.pointer, item.code.as_str())).collect();
        assert_eq!(
            found,
            [
                ("#/send_webhook_only_on_completed", "unsupported_value"),
                ("#/include_recording_in_webhook", "unsupported_value")
            ]
        );
        assert!(refused.items.list[0].detail.contains("post_call_webhook_id` is set"), "{:?}", refused.items);
    }
}

#[test]
fn a_document_keeps_what_else_is_stored_of_it() {
    let base = |documents: &str| {
        format!(r#"{{"conversation_config":{{"agent":{{"prompt":{{"knowledge_base":{documents}}}}}}}}}"#)
    };
    let stored = base(
        r#"[{"type":"file","name":"Old","id":"doc_1","usage_mode":"prompt","x":1.50},{"type":"url","name":"S","id":"doc_2"}]"#,
    );
    assert_eq!(
        patched(r#"{"knowledgebase_id":"doc_1"}"#, &stored),
        base(r#"[{"type":"file","name":"Prices \"2026\"","id":"doc_1","usage_mode":"prompt","x":1.50}]"#)
    );
    assert_eq!(
        patched(r#"{"knowledgebase_id":"doc_1"}"#, &base("[]")),
        base(r#"[{"id":"doc_1","name":"Prices \"2026\"","type":"file"}]"#)
    );
    assert_eq!(
        patched(r#"{"knowledgebase_mode":"function_call"}"#, &stored),
        base(
            r#"[{"type":"file","name":"Old","id":"doc_1","usage_mode":"auto","x":1.50},{"type":"url","name":"S","id":"doc_2","usage_mode":"auto"}]"#
        )
    );
    assert_eq!(
        patched(r#"{"knowledgebase_id":"doc_2","knowledgebase_mode":"prompt"}"#, &stored),
        base(r#"[{"type":"url","name":"Site","id":"doc_2","usage_mode":"prompt"}]"#)
    );
    assert_eq!(patched(r#"{"knowledgebase_id":null}"#, &stored), base("[]"));
}

#[test]
fn a_map_is_sent_with_all_that_it_is_to_hold_and_entries_keep_their_rest() {
    let schema = |inner: &str| format!(r#"{{"platform_settings":{{"data_collection":{inner}}}}}"#);
    let stored = schema(
        r#"{"budget":{"type":"string","description":"Old","enum":["a", "b"]},"gone":{"type":"string","description":"G"}}"#,
    );
    let wanted = r#"{"post_call_schema":[{"name":"budget","type":"number","description":"The budget"},
        {"name":"is_new","type":"bool","description":"Whether it is new"}]}"#;
    assert_eq!(
        patched(wanted, &stored),
        schema(
            r#"{"budget":{"type":"number","description":"The budget","enum":["a", "b"]},"is_new":{"type":"boolean","description":"Whether it is new"}}"#
        )
    );
    assert_eq!(patched(r#"{"post_call_schema":[]}"#, &stored), schema("{}"));

    let presets = r#"{"conversation_config":{"language_presets":{"es":{"overrides":{"agent":{"first_message":"Hola"}},"x":1},"fr":{"overrides":{}}}}}"#;
    let detection = json!({"name":"language_detection","params":{"system_tool_type":"language_detection"}});
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&patched(r#"{"secondary_language_ids":["es","it"]}"#, presets))
            .unwrap(),
        json!({"conversation_config":{
            "agent":{"prompt":{"built_in_tools":{"language_detection":detection}}},
            "language_presets":{"es":{"overrides":{"agent":{"first_message":"Hola"}},"x":1},"it":{"overrides":{}}}}})
    );
    assert_eq!(
        patched(r#"{"secondary_language_ids":[]}"#, presets),
        r#"{"conversation_config":{"agent":{"prompt":{"built_in_tools":{"language_detection":null}}},"language_presets":{}}}"#
    );
}

#[test]
fn nothing_is_read_and_nothing_else_is_sent_where_a_patch_merges() {
    for (field, value) in
        [("name", "\"A\""), ("speech_speed", "1.1"), ("variables", "{}"), ("tools", "[]"), ("record", "true")]
    {
        assert_eq!(sent(&update(field, value), AGENT).len(), 1, "{field}");
    }
    let written = steps(dialect("elevenlabs"), r#"{"name":"A"}"#, &Settings::default(), |_| AGENT.to_owned());
    assert_eq!(written, [r#"PATCH /v1/convai/agents/id_1 {"name":"A"}"#]);
    let body = patch(r#"{"name":"A","allow_interruptions":false}"#, AGENT);
    assert_eq!(
        body,
        json!({"name":"A","conversation_config":{"conversation":{"client_events":["audio","agent_response"]}}})
    );
}

#[test]
fn the_branch_of_the_account_stands_in_every_request_on_an_agent() {
    let settings = Settings { parameters: vec![("branch", "agtbrch_1&x".to_owned())], publishes: true };
    let request = translate(r#"{"allow_interruptions":false}"#).unwrap();
    let mut run = Run::update(dialect("elevenlabs"), "agent_1", &request, &settings).unwrap();
    let paths: Vec<_> = drive(&mut run, |_| AGENT.to_owned()).unwrap().into_iter().map(|step| step.path).collect();
    assert_eq!(paths, ["/v1/convai/agents/agent_1?branch_id=agtbrch_1%26x"; 2]);
    let mut run = Run::read(dialect("elevenlabs"), "agent_1", &settings).unwrap();
    assert_eq!(run.next().unwrap().unwrap().path, "/v1/convai/agents/agent_1?branch_id=agtbrch_1%26x");
    let delete = dialect("elevenlabs").operations.delete.unwrap();
    assert_eq!((delete.method, &*delete.path_of("agent_1")), ("DELETE", "/v1/convai/agents/agent_1"));
}

/// The vendor replaces the lists of transfers, and merges the tools around them.
#[test]
fn a_transfer_that_stays_keeps_what_the_dashboard_added_to_it() {
    let number = |number: &str, more: &str| {
        format!(
            r#"{{"transfer_destination":{{"type":"phone","phone_number":"{number}"}},"condition":"c","transfer_type":"blind"{more}}}"#
        )
    };
    let agent = |id: &str, more: &str| format!(r#"{{"agent_id":"{id}","condition":"c"{more}}}"#);
    let tools = |numbers: &[String], agents: &[String]| {
        let tool = |name: &str, all: &[String]| {
            let params = format!(r#"{{"system_tool_type":"{name}","transfers":[{}]}}"#, all.join(","));
            format!(r#""{name}":{{"name":"{name}","params":{params}}}"#)
        };
        let tools = [tool("transfer_to_agent", agents), tool("transfer_to_number", numbers)].join(",");
        format!(
            r#"{{"conversation_config":{{"agent":{{"prompt":{{"built_in_tools":{{"end_call":null,"play_keypad_touch_tone":null,{tools}}}}}}}}}}}"#
        )
    };
    let (sip, delay) = (r#","custom_sip_headers":[{"key":"X"}]"#, r#","delay_ms":1.50"#);
    let stored = tools(&[number("+1", ""), number("+2", sip)], &[agent("a", delay)]);
    let update = |number: &str, said: &str| {
        format!(
            r#"{{"tools":[{{"type":"call_transfer","phone_number":"{number}","description":"c"}},
                {{"type":"assistant_transfer","assistant_id":"a","description":"{said}"}}]}}"#
        )
    };
    assert_eq!(patched(&update("+2", "c"), &stored), tools(&[number("+2", sip)], &[agent("a", delay)]));
    let changed = agent("a", delay).replace(r#""c""#, r#""d""#);
    assert_eq!(patched(&update("+3", "d"), &stored), tools(&[number("+3", "")], &[changed]));
}
