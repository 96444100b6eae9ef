//! Built-in tools.

use serde_json::{Value, json};

use super::super::read;
use super::{agent, llm, refused, retell, written, written_to};

fn tools(tools: Value) -> Value {
    written(&json!({ "tools": tools }))["llm"]["general_tools"].clone()
}

#[test]
fn own_tools_stay_and_built_in_ones_are_replaced() {
    let custom = llm()["general_tools"][1].clone();
    assert_eq!(tools(json!([])), json!([custom]));
    assert_eq!(
        tools(json!([{ "type": "dtmf_input" }])),
        json!([{ "type": "press_digit", "name": "press_digit" }, custom])
    );
    let mut none = llm();
    none["general_tools"] = Value::Null;
    assert_eq!(written_to(&json!({ "tools": [] }), &agent(), &none)["llm"]["general_tools"], json!([]));
    let mut all = llm();
    let kinds = [
        "send_sms",
        "code",
        "extract_dynamic_variable",
        "bridge_transfer",
        "cancel_transfer",
        "mcp",
        "integration_app",
        "new",
    ];
    all["general_tools"] = kinds.iter().map(|kind| json!({ "type": kind, "name": kind })).collect();
    assert_eq!(written_to(&json!({ "tools": [] }), &agent(), &all)["llm"]["general_tools"], all["general_tools"]);
}

#[test]
fn each_tool_becomes_the_vendors() {
    for (tool, wire) in [
        (
            json!({ "type": "end_call", "description": "At the end." }),
            json!({ "type": "end_call", "name": "end_call", "description": "At the end." }),
        ),
        (
            json!({ "type": "call_transfer", "phone_number": "+4943112345", "description": "To sales.", "custom": false }),
            json!({
                "type": "transfer_call", "name": "transfer_call", "description": "To sales.",
                "transfer_destination": { "type": "predefined", "number": "+4943112345" }, "transfer_option": { "type": "cold_transfer" },
            }),
        ),
        (
            json!({ "type": "call_transfer", "phone_number": "+1", "warm_transfer": true, "warm_transfer_message": "Say who." }),
            json!({
                "type": "transfer_call", "name": "transfer_call", "transfer_destination": { "type": "predefined", "number": "+1" },
                "transfer_option": { "type": "cold_transfer" }, "speak_during_execution": true,
                "execution_message_type": "prompt", "execution_message_description": "Say who.",
            }),
        ),
        (
            json!({
                "type": "warm_call_transfer", "supervisor_phone": "+1", "outbound_phone_id": "+2", "description": "If angry.",
                "caller_id_mode": "customer_number", "hold_music": "none", "hold_message": "One moment.",
                "summary_instructions": "Sum it up.", "connected_message": "You are connected.",
            }),
            json!({
                "type": "transfer_call", "name": "transfer_call", "description": "If angry.",
                "transfer_destination": { "type": "predefined", "number": "+1" },
                "transfer_option": {
                    "type": "warm_transfer", "show_transferee_as_caller": true, "on_hold_music": "none",
                    "private_handoff_option": { "type": "prompt", "prompt": "Sum it up." },
                    "public_handoff_option": { "type": "static_message", "message": "You are connected." },
                },
                "speak_during_execution": true, "execution_message_type": "static_text", "execution_message_description": "One moment.",
            }),
        ),
        (
            json!({ "type": "assistant_transfer", "assistant_id": "agent_2", "message_before_transfer": "One moment." }),
            json!({
                "type": "agent_swap", "name": "agent_swap", "agent_id": "agent_2", "post_call_analysis_setting": "both_agents",
                "speak_during_execution": true, "execution_message_type": "static_text", "execution_message_description": "One moment.",
            }),
        ),
    ] {
        let mut bare = llm();
        bare["general_tools"] = Value::Null;
        let written = written_to(&json!({ "tools": [tool] }), &agent(), &bare);
        assert_eq!(written["llm"]["general_tools"], json!([wire]), "{tool}");
        // What was written is read as it was sent, but for what is not sent.
        let mut stored = llm();
        stored["general_tools"] = json!([wire]);
        let document = json!({ "agent": agent(), "llm": stored }).to_string();
        let told = read(retell(), &document, |read| read.told(vendors::Field::Tools).unwrap().to_owned());
        let mut sent = tool.clone();
        for unsent in ["outbound_phone_id", "custom"] {
            sent.as_object_mut().unwrap().remove(unsent);
        }
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), json!([sent]));
    }
}

#[test]
fn a_name_occurs_once() {
    let two = tools(json!([
        { "type": "call_transfer", "phone_number": "+1" },
        { "type": "end_call" },
        { "type": "warm_call_transfer", "supervisor_phone": "+2", "description": "x" },
    ]));
    let names: Vec<_> = two.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["transfer_call", "book", "hang_up", "transfer_call_2"], "that of a tool that stays stays");
}

#[test]
fn what_the_vendor_lacks_is_refused_where_it_stands() {
    for (tool, pointer) in [
        (json!({ "type": "collect_keypad" }), "type"),
        (json!({ "type": "calendar_integration", "calcom_api_key": "k", "calcom_event_slug": "s" }), "type"),
        (json!({ "type": "call_transfer", "phone_number": "+1", "custom": true }), "custom"),
        (json!({ "type": "call_transfer", "phone_number": "+1", "timezone": "UTC" }), "timezone"),
        (
            json!({ "type": "warm_call_transfer", "supervisor_phone": "x", "description": "x", "custom_sip": true }),
            "custom_sip",
        ),
        (
            json!({ "type": "warm_call_transfer", "supervisor_phone": "x", "description": "x", "caller_id_mode": "custom" }),
            "caller_id_mode",
        ),
        (
            json!({ "type": "warm_call_transfer", "supervisor_phone": "x", "description": "x", "hold_music_volume": 5 }),
            "hold_music_volume",
        ),
        (
            json!({
                "type": "warm_call_transfer", "supervisor_phone": "x", "description": "x", "summary_instructions": "a",
                "briefing_initial_message": "b",
            }),
            "briefing_initial_message",
        ),
        (
            json!({ "type": "assistant_transfer", "assistant_id": "a", "speak_transfer_greeting": true }),
            "speak_transfer_greeting",
        ),
    ] {
        let items = refused(&json!({ "tools": [{ "type": "end_call" }, tool] }));
        let found: Vec<_> = items.iter().map(|item| (&*item.pointer, item.code.as_str())).collect();
        assert_eq!(found, [(&*format!("#/tools/1/{pointer}"), "unsupported_value")], "{tool}");
        assert!(items[0].detail.starts_with("Retell AI "), "{}", items[0].detail);
    }
    let items = refused(&json!({ "tools": [{ "type": "assistant_transfer", "assistant_id": 7 }] }));
    assert_eq!((&*items[0].pointer, items[0].code.as_str()), ("#/tools/0/assistant_id", "wrong_type"));
}

#[test]
fn what_no_field_says_of_tools_is_told_and_stays_when_they_are_written_back() {
    let stored_tools = json!([
        { "type": "end_call", "name": "hang_up", "description": "At the end.", "custom_sip_headers": { "X": "1" }, "speak_during_execution": true },
        { "type": "invented", "name": "new" },
        { "type": "transfer_call", "name": "to_sales", "transfer_destination": { "type": "predefined", "number": "+1", "extension": "7" },
          "transfer_option": { "type": "cold_transfer", "cold_transfer_mode": "sip_refer", "show_transferee_as_caller": true } },
        { "type": "transfer_call", "name": "to_boss", "transfer_destination": { "type": "predefined", "number": "+2" }, "description": "x",
          "transfer_option": { "type": "warm_transfer", "on_hold_music": "relaxing_sound" }, "speak_during_execution": false },
        { "type": "press_digit", "name": "press_digit", "description": "d" },
    ]);
    let mut stored = llm();
    stored["general_tools"] = stored_tools.clone();
    let document = json!({ "agent": agent(), "llm": stored }).to_string();
    let (told, rest, beside) = read(retell(), &document, |read| {
        assert_eq!(read.unwritable, []);
        let told: Value = serde_json::from_str(read.told(vendors::Field::Tools).unwrap()).unwrap();
        let (_, rest) = read.vendor_fields.iter().find(|(name, _)| name == "llm").unwrap();
        let of_tools = read.beside.iter().filter(|one| one.field == vendors::Field::Tools);
        let beside: Vec<_> =
            of_tools.map(|one| format!("{} {}: {}", one.place, one.kind, one.members.join(" "))).collect();
        (told, serde_json::from_str::<Value>(rest).unwrap(), beside)
    });
    let mut expected = stored_tools.as_array().unwrap().clone();
    expected.pop();
    assert_eq!(rest["general_tools"], json!(expected), "all but the tool that a field says whole");
    assert_eq!(
        beside,
        [
            "llm.general_tools[0] end_call: custom_sip_headers speak_during_execution",
            "llm.general_tools[1] invented: ",
            "llm.general_tools[2] transfer_call: transfer_destination.extension transfer_option.cold_transfer_mode \
             transfer_option.show_transferee_as_caller",
            "llm.general_tools[3] transfer_call: transfer_option.on_hold_music",
        ]
    );
    let sent =
        |tools: &Value| written_to(&json!({ "tools": tools }), &agent(), &stored)["llm"]["general_tools"].clone();
    assert_eq!(sent(&told), stored_tools);
    let mut other = told.clone();
    other[0]["description"] = json!("Later.");
    let mut changed = stored_tools.clone();
    changed[0]["description"] = json!("Later.");
    assert_eq!(sent(&other), changed);
}
