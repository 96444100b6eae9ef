//! Creations: what a new assistant needs, and what `null` means.

use serde_json::{Value, json};
use vendors::{
    CatalogSet, Catalogs, Handling, Item, Policies, Refused, Request, Target, Update, registry, translate_creation,
};

use super::contracts::{Contract, contract, contracts};

fn create(contract: &Contract, fields: &Value) -> Result<Request, Refused> {
    create_from(contract, &fields.to_string())
}

fn create_from(contract: &Contract, text: &str) -> Result<Request, Refused> {
    let update = Update::read(text.as_bytes()).unwrap();
    let (configured, policies) = (CatalogSet::default(), Policies::default());
    let target = Target {
        dialect: contract.dialect,
        vendor: contract.name(),
        id: "",
        handling: Handling::Strict,
        policies: &policies,
        catalogs: Catalogs { configured: &configured, live: &contract.live },
        accounts: &registry::Names,
    };
    translate_creation(&update, contract.dialect.operations.create.as_ref().unwrap(), &target)
}

fn required(result: Result<Request, Refused>) -> Vec<String> {
    let items = result
        .map(|request| panic!("{}", String::from_utf8_lossy(&request.body)))
        .unwrap_or_else(|refused: Refused| refused.items.list);
    items
        .iter()
        .filter(|item| item.code.as_str() == "required")
        .map(|item: &Item| item.field.as_deref().unwrap().to_owned())
        .collect()
}

/// The fields that every page requires for a new assistant, and a valid value of each.
fn complete(contract: &Contract) -> Value {
    let id = |catalog: &str| contract.catalogs[catalog][0]["id"].clone();
    json!({
        "name": "Front desk", "voice_id": id("voices"), "language_id": id("languages"), "type": "inbound",
        "mode": "pipeline", "timezone": "Europe/Brussels", "initial_message": "Hello", "system_prompt": "Be brief.",
        "llm_model_id": id("models"),
    })
}

#[test]
fn a_complete_assistant_is_created_by_one_request_that_is_never_repeated() {
    for contract in contracts() {
        let request = create(contract, &complete(contract)).unwrap_or_else(|refused| panic!("{refused:?}"));
        assert_eq!((request.method, &*request.path, request.repeatable), ("POST", "/user/assistant", false));
        assert_eq!(request.report.applied.len(), 9);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let name = if contract.is_legacy() { "assistant_name" } else { "name" };
        assert_eq!(body[name], "Front desk");
        assert_eq!(contract.complaints(&body.to_string()), Vec::<String>::new());
    }
}

#[test]
fn everything_that_lacks_is_said_at_once_under_canonical_names() {
    let always = ["name", "voice_id", "language_id", "type", "mode", "timezone", "initial_message", "system_prompt"];
    for contract in contracts() {
        let mut lacking = required(create(contract, &json!({})));
        lacking.retain(|name| contract.is_legacy() || name != "llm_model_id");
        let mut expected: Vec<_> = always.iter().map(|name| (*name).to_owned()).collect();
        if contract.is_legacy() {
            expected.insert(3, "llm_model_id".to_owned());
        }
        assert_eq!(lacking, expected, "{}", contract.name());
        let refused = create(contract, &json!({})).unwrap_err();
        let voice = refused.items.list.iter().find(|item| item.field.as_deref() == Some("voice_id")).unwrap();
        assert_eq!(voice.pointer, "#/voice_id");
        assert!(voice.detail.contains("`voice_id` or `voice`"), "{}", voice.detail);
    }
}

#[test]
fn the_model_that_is_required_depends_on_the_mode() {
    for contract in contracts() {
        for (mode, current) in
            [("pipeline", "llm_model_id"), ("multimodal", "multimodal_model_id"), ("dualplex", "multimodal_model_id")]
        {
            let mut fields = complete(contract);
            fields["mode"] = mode.into();
            fields.as_object_mut().unwrap().remove("llm_model_id");
            let lacking = required(create(contract, &fields));
            let expected = if contract.is_legacy() { "llm_model_id" } else { current };
            assert_eq!(lacking, [expected], "{} {mode}", contract.name());
        }
    }
}

#[test]
fn a_twin_satisfies_and_null_does_not() {
    for contract in contracts() {
        let mut fields = complete(contract);
        fields.as_object_mut().unwrap().remove("language_id");
        fields["language"] = "English".into();
        assert!(create(contract, &fields).is_ok(), "{}", contract.name());
        fields["voice_id"] = Value::Null;
        fields["name"] = Value::Null;
        fields["webhook_url"] = Value::Null;
        fields["min_interrupt_words"] = Value::Null;
        assert_eq!(required(create(contract, &fields)), ["name", "voice_id"], "{}", contract.name());
        fields["voice_id"] = contract.catalogs["voices"][0]["id"].clone();
        fields["name"] = "a".into();
        let body: Value = serde_json::from_slice(&create(contract, &fields).unwrap().body).unwrap();
        assert!(body.get("webhook_url").is_none() && body.get("min_interrupt_words").is_none());
        assert!(body.get("use_min_interrupt_words").is_none());
    }
}

#[test]
fn null_is_sent_where_a_page_documents_it() {
    let mut fields = complete(contract("autocalls"));
    fields["folder_id"] = Value::Null;
    let body: Value = serde_json::from_slice(&create(contract("autocalls"), &fields).unwrap().body).unwrap();
    assert_eq!(body.get("folder_id"), Some(&Value::Null));
    let body = create(contract("sondos"), &json!({ "folder_id": null })).unwrap_err();
    assert!(body.items.list.iter().all(|item| item.field.as_deref() != Some("folder_id")));
}

#[test]
fn a_null_that_is_not_sent_leaves_no_gap_between_its_neighbours() {
    let autocalls = contract("autocalls");
    let fields = complete(autocalls).to_string();
    for null in [r#","fillers":null,"#, r#", "fillers": null, "#] {
        let with_null = fields.replacen(',', null, 1);
        assert_ne!(with_null, fields);
        assert_eq!(String::from_utf8(create_from(autocalls, &with_null).unwrap().body).unwrap(), fields);
    }
}

#[test]
fn an_active_webhook_needs_its_url() {
    for contract in contracts() {
        let mut fields = complete(contract);
        fields["is_webhook_active"] = true.into();
        assert_eq!(required(create(contract, &fields)), ["webhook_url"], "{}", contract.name());
        fields["is_webhook_active"] = false.into();
        assert!(create(contract, &fields).is_ok());
    }
}

#[test]
fn what_only_creations_have_is_sent_by_them_only() {
    let famulor = contract("famulor");
    let mut fields = complete(famulor);
    fields["conversation_inactivity_timeout"] = 30.into();
    let body: Value = serde_json::from_slice(&create(famulor, &fields).unwrap().body).unwrap();
    assert_eq!(body["conversation_inactivity_timeout"], 30);
    let refused = famulor.refusals_of_strict(r#"{"conversation_inactivity_timeout":30}"#);
    assert_eq!(refused, ["unsupported_field"]);
    let intellixent = contract("intellixent");
    assert!(
        create(intellixent, &{
            let mut fields = complete(intellixent);
            fields["folder_id"] = 3.into();
            fields
        })
        .is_err()
    );
}
