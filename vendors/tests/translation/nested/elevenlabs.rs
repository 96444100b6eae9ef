//! The dialect `elevenlabs`. Expectations are written from the vendor's documentation, and not from its table.

mod conditions;
mod contract;
mod errors;
mod reading;
mod splicing;
mod webhooks;
mod writing;

use std::sync::Arc;

use serde_json::Value;
use vendors::registry::Names;
use vendors::{
    Catalog, CatalogKind, CatalogSet, Catalogs, Handling, Policies, Refused, Request, Run, Settings, Step, Target,
    Update, translate_request,
};

use super::{dialect, drive};

/// An agent as `GET /v1/convai/agents/{id}` tells it.
const AGENT: &str = include_str!("elevenlabs/agent.json");

/// The catalogs of an account, as the vendor lists them.
fn catalogs() -> CatalogSet {
    let mut live = CatalogSet::default();
    for (kind, body) in [
        (
            CatalogKind::Voices,
            r#"{"voices":[{"voice_id":"cjVigY5qzO86Huf0OWal","name":"Eric","category":"premade"}],"has_more":false,
                "total_count":1,"next_page_token":null}"#,
        ),
        (
            CatalogKind::Models,
            r#"{"llms":[{"llm":"gpt-4o-mini","is_checkpoint":false}],"default_deprecation_config":{}}"#,
        ),
        (CatalogKind::PhoneNumbers, r#"[{"phone_number":"+4930123","label":"Main","phone_number_id":"phnum_1"}]"#),
        (
            CatalogKind::Tools,
            r#"{"tools":[{"id":"tool_1","tool_config":{"name":"lookup","api_schema":{"request_headers":{"X-Api-Key":"s3cr3t"}}}}]}"#,
        ),
        (
            CatalogKind::KnowledgeBases,
            r#"{"documents":[{"id":"doc_1","name":"Prices \"2026\"","type":"file"},{"id":"doc_2","name":"Site","type":"url"}],
                "next_cursor":null,"has_more":false}"#,
        ),
        (
            CatalogKind::Webhooks,
            r#"{"webhooks":[
                {"name":"Calls","webhook_id":"wh_1","webhook_url":"https://hooks.example.com/calls","is_disabled":false,"is_auto_disabled":false},
                {"name":"Off","webhook_id":"wh_2","webhook_url":"https://hooks.example.com/off","is_disabled":false,"is_auto_disabled":true},
                {"name":"One","webhook_id":"wh_3","webhook_url":"https://hooks.example.com/twice","is_disabled":false},
                {"name":"Two","webhook_id":"wh_4","webhook_url":"https://hooks.example.com/twice","is_disabled":false}]}"#,
        ),
    ] {
        let spec = dialect("elevenlabs").catalog(kind).unwrap();
        live.set(kind, Arc::new(Catalog::parse(body.as_bytes(), spec).unwrap()));
    }
    live
}

fn with_target<R>(handling: Handling, then: impl FnOnce(&Target<'_>) -> R) -> R {
    let (configured, live, policies) = (CatalogSet::default(), catalogs(), Policies::default());
    then(&Target {
        dialect: dialect("elevenlabs"),
        vendor: "elevenlabs",
        id: "agent_1",
        handling,
        policies: &policies,
        catalogs: Catalogs { configured: &configured, live: &live },
        accounts: &Names,
    })
}

fn translate(update: &str) -> Result<Request, Refused> {
    with_target(Handling::Strict, |target| translate_request(&Update::read(update.as_bytes()).unwrap(), target))
}

/// The sparse document of an update.
fn body(update: &str) -> Value {
    let request = translate(update).unwrap_or_else(|refused| panic!("{update}: {refused:?}"));
    serde_json::from_slice(&request.body).unwrap()
}

/// Pointer, code and sentence of each reason why an update is refused.
fn refusals(update: &str) -> Vec<(String, &'static str, String)> {
    let Err(refused) = translate(update) else { panic!("{update} is not refused") };
    refused.items.list.into_iter().map(|item| (item.pointer, item.code.as_str(), item.detail)).collect()
}

/// The requests of an update to an agent that the vendor tells as `stored`.
fn sent(update: &str, stored: &str) -> Vec<Step> {
    let request = translate(update).unwrap_or_else(|refused| panic!("{update}: {refused:?}"));
    let settings = Settings::default();
    let mut run = Run::update(dialect("elevenlabs"), "agent_1", &request, &settings).unwrap();
    drive(&mut run, |_| stored.to_owned()).unwrap_or_else(|refused| panic!("{update}: {refused:?}"))
}

/// The body of the only request that changes something.
fn patch(update: &str, stored: &str) -> Value {
    let steps = sent(update, stored);
    let patches: Vec<_> = steps.iter().filter(|step| step.method != "GET").collect();
    assert_eq!((patches.len(), patches[0].method, &*patches[0].path), (1, "PATCH", "/v1/convai/agents/agent_1"));
    serde_json::from_slice(&patches[0].body).unwrap()
}

/// A canonical value as an update.
fn update(field: &str, value: &str) -> String {
    format!(r#"{{"{field}":{value}}}"#)
}
