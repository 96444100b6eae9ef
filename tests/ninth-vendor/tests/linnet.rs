//! The dialect `linnet`, held to `vendors/contracts/linnet/`.

use std::path::Path;

use serde_json::{Value, json};
use vendors::{Field, SentFields, Settings, Step, normalize_error};

use super::{body, dialect, read, steps, translate};

fn contract(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/linnet").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The vendor with the agent of the contract.
fn vendor(step: &Step) -> String {
    match step.method {
        "GET" => contract("seeds.json")["agents"][0].to_string(),
        _ => String::from_utf8(step.body.clone()).unwrap(),
    }
}

#[test]
fn addresses_and_operations_are_the_documented_ones() {
    let (linnet, api) = (dialect("linnet"), contract("api.json"));
    assert_eq!((&api["base_url"], &api["page"]), (&json!(linnet.base_url), &json!(linnet.documentation)));
    let object = &linnet.plan.unwrap().objects[0];
    let create = object.create.unwrap().call;
    for (name, call) in
        [("read", object.read), ("update", object.write), ("create", create), ("delete", linnet.operations.delete.unwrap())]
    {
        let documented = &api["operations"][name];
        assert_eq!((&documented["method"], &documented["path"]), (&json!(call.method), &json!(call.path)), "{name}");
    }
    assert_eq!(api["update"]["merge"], "top", "what is below the top is spliced");
}

#[test]
fn every_row_leads_to_a_documented_member_and_every_object_is_spliced() {
    let (linnet, objects) = (dialect("linnet"), contract("objects.json"));
    let agent = &objects["objects"]["agent"];
    for field in Field::ALL {
        for path in linnet.row(field).paths() {
            let member = path.iter().fold(agent, |schema, name| &schema["properties"][*name]);
            assert!(member.is_object(), "{}: {path:?} is not documented", field.name());
            let spliced = linnet.splices.iter().any(|splice| splice.path[0] == path[0]);
            assert_eq!(spliced, path.len() > 1, "{}: {path:?}", field.name());
        }
    }
}

#[test]
fn a_sparse_body_holds_only_what_was_sent_in_the_vendors_units() {
    let update = r#"{"name":"Night desk","voice_id":"robin","speech_speed":1.10,"max_duration":90,"wait_for_customer":true,"keywords":null}"#;
    let expected = json!({
        "name": "Night desk", "opening": "caller", "limits": { "callMs": 90_000 },
        "speech": { "voice": "robin", "rate": 1.10, "keywords": [] },
    });
    assert_eq!(body(dialect("linnet"), update), expected);
}

#[test]
fn what_would_be_replaced_is_read_and_kept() {
    let update = r#"{"system_prompt":"Be brief."}"#;
    let sent = steps(dialect("linnet"), update, &Settings::default(), vendor);
    assert_eq!(sent[0], "GET /v2/agents/id_1 ");
    let written: Value = serde_json::from_str(sent[1].strip_prefix("PATCH /v2/agents/id_1 ").unwrap()).unwrap();
    let brain = json!({ "model": "chat-2", "instructions": "Be brief.", "temperature": 0.3, "seed": 7 });
    assert_eq!((sent.len(), written), (2, json!({ "brain": brain })));
}

#[test]
fn an_update_of_the_top_needs_no_read() {
    let sent = steps(dialect("linnet"), r#"{"name":"Night desk"}"#, &Settings::default(), vendor);
    assert_eq!(sent, [r#"PATCH /v2/agents/id_1 {"name":"Night desk"}"#]);
}

#[test]
fn what_the_vendor_cannot_hold_is_refused() {
    for (update, code) in [
        (r#"{"voice_id":41}"#, "wrong_type"),
        (r#"{"end_call_after_silence":null}"#, "unsupported_value"),
        (r#"{"timezone":"Europe/Rome"}"#, "unsupported_field"),
    ] {
        let refused = translate(dialect("linnet"), update).unwrap_err();
        assert_eq!(refused.items.list[0].code.as_str(), code, "{update}");
    }
    let approximated = translate(dialect("linnet"), r#"{"speech_speed":1.05}"#).unwrap().report.warnings;
    assert_eq!(approximated[0].code, "approximated");
}

#[test]
fn the_documented_errors_lead_back_to_fields() {
    let linnet = dialect("linnet");
    let sent = translate(linnet, r#"{"name":"x","speech_speed":1}"#).unwrap().sent;
    let answers = contract("answers.json");
    let fields = |slug: &str| {
        let answer = &answers["answers"][slug];
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let error = normalize_error(linnet, "linnet", &sent, status, answer["body"].to_string().as_bytes());
        error.items.list.into_iter().filter_map(|item| item.field).collect::<Vec<_>>()
    };
    assert_eq!(fields("400-sentence"), ["name"]);
    assert!(fields("400-sentences").iter().any(|field| field == "speech_speed"));
    let unknown = normalize_error(linnet, "linnet", &SentFields::default(), 404, answers["answers"]["404-not-found"]["body"].to_string().as_bytes());
    assert!(unknown.items.list.is_empty());
}

#[test]
fn the_documented_agent_is_read() {
    let agent = contract("seeds.json")["agents"][0].to_string();
    read(dialect("linnet"), &agent, |read| {
        for (field, text) in [
            (Field::Name, "\"Front desk\""),
            (Field::LlmModelId, "\"chat-2\""),
            (Field::MaxDuration, "600"),
            (Field::WaitForCustomer, "false"),
            (Field::Keywords, "[\"Linnet\"]"),
        ] {
            assert_eq!(read.told(field), Some(text), "{}", field.name());
        }
    });
}
