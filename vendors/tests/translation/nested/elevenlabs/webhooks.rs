//! A webhook is an object of the workspace, found by its URL.

use serde_json::{Value, json};
use vendors::{
    CatalogKind, CatalogSet, Field, Handling, ListedAssistant, Policies, Update, compare, lookups_to_compare,
    read_assistant,
};

use super::super::dialect;
use super::{AGENT, body, patch, refusals, translate, with_target};

/// The sparse document that sets the webhook of an agent.
fn webhook(id: Value) -> Value {
    json!({ "platform_settings": { "workspace_overrides": { "webhooks": { "post_call_webhook_id": id } } } })
}

#[test]
fn a_url_becomes_the_id_of_the_workspaces_webhook_and_null_takes_it_away() {
    assert_eq!(body(r#"{"webhook_url":"https://hooks.example.com/calls"}"#), webhook(json!("wh_1")));
    for none in [
        r#"{"webhook_url":null}"#,
        r#"{"is_webhook_active":false}"#,
        r#"{"webhook_url":null,"is_webhook_active":false}"#,
    ] {
        assert_eq!(body(none), webhook(Value::Null), "{none}");
        let request = translate(none).unwrap();
        assert!(request.report.warnings.iter().all(|note| note.code == "approximated"));
        assert_eq!(request.report.warnings.len(), request.report.applied.len(), "{none}");
    }
    let both = r#"{"webhook_url":"https://hooks.example.com/calls","is_webhook_active":true}"#;
    assert_eq!(body(both), webhook(json!("wh_1")));
    // The vendor merges, so that events and the format stay without a read.
    assert_eq!(patch(r#"{"webhook_url":"https://hooks.example.com/calls"}"#, AGENT), webhook(json!("wh_1")));
}

#[test]
fn a_url_without_a_webhook_is_refused_with_what_to_do_and_without_other_urls() {
    for url in ["https://hooks.example.com/Calls", "https://hooks.example.com/calls/", "https://other.example.com/"] {
        let refused = refusals(&json!({ "webhook_url": url }).to_string());
        let [(pointer, code, detail)] = &refused[..] else { panic!("{refused:?}") };
        assert_eq!((&**pointer, *code), ("#/webhook_url", "unresolved_name"));
        assert!(detail.contains("workspace") && detail.contains("make one"), "{detail}");
        assert!(!detail.contains("hooks.example.com"), "a URL may hold a secret: {detail}");
    }
    let twice = refusals(r#"{"webhook_url":"https://hooks.example.com/twice"}"#);
    assert_eq!(twice[0].1, "unresolved_name");
    assert!(twice[0].2.contains("wh_3") && twice[0].2.contains("wh_4"), "{twice:?}");
}

#[test]
fn a_webhook_that_is_turned_off_is_said_to_be() {
    let request = translate(r#"{"webhook_url":"https://hooks.example.com/off"}"#).unwrap();
    let off = request.report.warnings.iter().find(|note| note.detail.contains("turned off"));
    assert_eq!(off.unwrap().code, "approximated");
    let on = translate(r#"{"webhook_url":"https://hooks.example.com/calls"}"#).unwrap();
    assert!(on.report.warnings.iter().all(|note| !note.detail.contains("turned off")));
}

#[test]
fn the_switch_alone_and_against_the_url_is_refused() {
    let alone = refusals(r#"{"is_webhook_active":true}"#);
    assert_eq!((&*alone[0].0, alone[0].1), ("#/is_webhook_active", "unsupported_value"));
    assert!(alone[0].2.contains("webhook_url"));
    for against in [
        r#"{"is_webhook_active":true,"webhook_url":null}"#,
        r#"{"is_webhook_active":false,"webhook_url":"https://hooks.example.com/calls"}"#,
    ] {
        assert_eq!(refusals(against)[0].1, "conflict", "{against}");
    }
}

#[test]
fn what_needs_a_webhook_can_be_set_with_it() {
    let update = r#"{"webhook_url":"https://hooks.example.com/calls","include_recording_in_webhook":true}"#;
    let agent: Value = serde_json::from_str(AGENT).unwrap();
    let sent = patch(update, &agent.to_string());
    let webhooks = &sent["platform_settings"]["workspace_overrides"]["webhooks"];
    assert_eq!(webhooks["post_call_webhook_id"], "wh_1");
    assert!(webhooks["events"].as_array().unwrap().contains(&json!("audio")), "{sent}");
}

#[test]
fn the_stored_id_is_compared_and_no_url_is_told() {
    let elevenlabs = dialect("elevenlabs");
    let url = r#"{"webhook_url":"https://hooks.example.com/calls"}"#;
    assert_eq!(lookups_to_compare(elevenlabs, &[Field::WebhookUrl]), [CatalogKind::Webhooks]);
    let verdict = |sent: &str, stored: Value| {
        let mut document = webhook(stored);
        document["agent_id"] = json!("agent_1");
        let document = document.to_string();
        let listed = ListedAssistant::document(elevenlabs, document.as_bytes()).unwrap();
        let read = read_assistant(elevenlabs, &Policies::default(), &listed);
        assert_eq!((read.told(Field::WebhookUrl), read.told(Field::IsWebhookActive)), (None, None));
        let update = Update::read(sent.as_bytes()).unwrap();
        let stored = with_target(Handling::Strict, |target| compare(&update, &[Field::WebhookUrl], &read, target));
        match (stored.confirmed.len(), stored.differs.first()) {
            (1, None) => "confirmed".to_owned(),
            (0, Some(difference)) => difference.stored.clone(),
            _ => "unreadable".to_owned(),
        }
    };
    assert_eq!(verdict(url, json!("wh_1")), "confirmed");
    assert_eq!(verdict(url, json!("wh_9")), "\"wh_9\"");
    assert_eq!(verdict(url, Value::Null), "null");
    assert_eq!(verdict(r#"{"webhook_url":null}"#, Value::Null), "confirmed");
    assert_eq!(verdict(r#"{"webhook_url":null}"#, json!("wh_1")), "\"wh_1\"");
    let unreadable: Vec<_> = elevenlabs.unreadable().collect();
    assert!([Field::WebhookUrl, Field::IsWebhookActive].iter().all(|field| unreadable.contains(field)));
}

#[test]
fn the_catalog_is_asked_for_a_url_only_and_is_not_shown() {
    let elevenlabs = dialect("elevenlabs");
    let missing = |update: &str| {
        let (configured, live) = (CatalogSet::default(), CatalogSet::default());
        let known = vendors::Catalogs { configured: &configured, live: &live };
        vendors::missing_lookups(&Update::read(update.as_bytes()).unwrap(), elevenlabs, &Policies::default(), &known)
    };
    assert_eq!(missing(r#"{"webhook_url":"https://hooks.example.com/calls"}"#), [CatalogKind::Webhooks]);
    assert_eq!(missing(r#"{"webhook_url":null,"is_webhook_active":false}"#), []);
    assert!(!CatalogKind::Webhooks.is_shown() && elevenlabs.catalog(CatalogKind::Webhooks).is_some());
    assert!(elevenlabs.shown_catalogs().all(|kind| kind != CatalogKind::Webhooks));
    assert_eq!(elevenlabs.describe(Field::WebhookUrl).catalog, None);
}
