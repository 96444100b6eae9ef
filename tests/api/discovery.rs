//! What the gateway says about itself: vendors, fields, schemas, pages.

use http::Method;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::case::Case;

const DIGEST: &str = include_str!("../support/key.sha256");

async fn get(stage: &Stage, path: &str) -> Value {
    let reply = stage.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

#[tokio::test]
async fn vendors_are_listed_with_dialect_and_handling() {
    let lenient = |text: String| text.replace("[vendors.famulor]\n", "[vendors.famulor]\nhandling = \"lenient\"\n");
    let stage = Stage::edited("", lenient).await;
    let expected: Vec<_> = ["autocalls", "famulor", "gloriagent", "intellixent", "sondos"]
        .into_iter()
        .map(|name| {
            let handling = if name == "famulor" { "lenient" } else { "strict" };
            json!({ "vendor": name, "dialect": name, "handling": handling, "experimental": true, "live": null })
        })
        .collect();
    assert_eq!(get(&stage, "/v1/vendors").await, json!({ "vendors": expected }));
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_says_for_every_canonical_field_how_it_is_supported() {
    let stage = Stage::new().await;
    let names: Vec<_> = vendors::Field::ALL.iter().map(|field| field.name()).collect();
    for vendor in simulators::NAMES {
        let body = get(&stage, &format!("/v1/vendors/{vendor}")).await;
        assert_eq!((&body["vendor"], &body["dialect"]), (&json!(vendor), &json!(vendor)));
        let fields = body["fields"].as_array().unwrap();
        let told: Vec<_> = fields.iter().map(|field| field["field"].as_str().unwrap()).collect();
        assert_eq!(told, names, "{vendor}");
        assert!(fields.iter().all(|field| field["support"].is_string()), "{vendor}: {body:#}");
    }
    let sondos = get(&stage, "/v1/vendors/sondos").await;
    let field =
        |name: &str| sondos["fields"].as_array().unwrap().iter().find(|field| field["field"] == name).unwrap().clone();
    assert!(field("name").to_string().contains("assistant_name"), "{}", field("name"));
    assert!(field("type").to_string().contains("receive"), "{}", field("type"));
    assert!(field("max_silence_duration").to_string().contains("120"), "{}", field("max_silence_duration"));
    assert!(field("folder_id")["support"].as_str().unwrap().contains("unsupported"), "{}", field("folder_id"));
    stage.stop().await;
}

#[tokio::test]
async fn what_a_vendor_says_it_lacks_is_what_it_refuses() {
    let stage = Stage::new().await;
    let full = Case::read("every_field_at_once").exchanges("sondos")[0].update.clone();
    let full: Value = serde_json::from_str(&full).unwrap();
    for vendor in simulators::NAMES {
        let body = get(&stage, &format!("/v1/vendors/{vendor}")).await;
        for field in body["fields"].as_array().unwrap() {
            let name = field["field"].as_str().unwrap();
            let Some(value) = full.get(name) else { continue };
            let update = json!({ name: value }).to_string();
            let reply = stage
                .call(
                    Method::PUT,
                    &format!("/v1/assistants/{vendor}:1?dry_run=true"),
                    &[("content-type", "application/json")],
                    update,
                )
                .await;
            let lacking = field["support"] == "unsupported";
            assert_eq!(reply.status == 422, lacking, "{vendor} {name}: {field:#} {:#}", reply.json());
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_coverage_matrix_has_a_row_for_each_field_and_a_column_for_each_vendor() {
    let stage = Stage::new().await;
    let body = get(&stage, "/v1/fields").await;
    let text = body.to_string();
    for vendor in simulators::NAMES {
        assert!(text.contains(vendor));
    }
    let fields = body["fields"].as_array().unwrap();
    assert_eq!(fields.len(), vendors::Field::ALL.len());
    stage.stop().await;
}

#[tokio::test]
async fn the_schema_is_json_schema_and_agrees_with_the_gateway_on_every_golden_update() {
    let stage = Stage::new().await;
    let reply = stage.get("/v1/schema").await;
    assert_eq!(reply.header("content-type"), Some("application/schema+json"));
    let schema = reply.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{error}"));
    let (mut valid, mut invalid) = (0, 0);
    for case in [
        "every_page_example",
        "every_field_at_once",
        "every_nullable_field_null",
        "tools_with_every_parameter",
        "tools_with_required_parameters_only",
        "every_legacy_conversion",
        "fields_dropped_on_request",
        "refusals_before_the_vendor",
    ] {
        // Autocalls has every field, so what it refuses is wrong for all.
        for exchange in Case::read(case).exchanges("autocalls") {
            let update: Value = serde_json::from_str(&exchange.update).unwrap();
            let says_schema = validator.is_valid(&update);
            let path = "/v1/assistants/autocalls:1?dry_run=true";
            let headers = [("content-type", "application/json"), ("prefer", "handling=strict")];
            let reply = stage.call(Method::PUT, path, &headers, exchange.update.clone()).await;
            let says_gateway = reply.status == 200;
            assert_eq!(says_schema, says_gateway, "{case}, {}: {:#}", exchange.name, reply.json());
            *(if says_schema { &mut valid } else { &mut invalid }) += 1;
        }
    }
    assert!(valid > 30 && invalid > 10, "{valid} valid, {invalid} invalid");
    stage.stop().await;
}

#[tokio::test]
async fn openapi_describes_every_path_there_is() {
    let stage = Stage::new().await;
    let api = get(&stage, "/openapi.json").await;
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = api["paths"].as_object().unwrap();
    for (path, methods) in [
        ("/v1/assistants/{assistant}", vec!["put", "patch"]),
        ("/v1/assistants/{assistant}/route", vec!["get"]),
        ("/v1/vendors", vec!["get"]),
        ("/v1/vendors/{vendor}", vec!["get"]),
        ("/v1/fields", vec!["get"]),
        ("/v1/schema", vec!["get"]),
        ("/openapi.json", vec!["get"]),
        ("/docs", vec!["get"]),
        ("/problems", vec!["get"]),
        ("/problems/{code}", vec!["get"]),
    ] {
        for method in methods {
            assert!(paths[path][method]["responses"].is_object(), "{method} {path}");
        }
    }
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leaves the document"));
        assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let operations = paths.values().flat_map(|methods| methods.as_object().unwrap().values());
    let names: Vec<_> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
    for link in text.split("\"operationId\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(names.contains(&link), "{link} is no operation");
    }
    for code in switchboard::problem::Code::ALL {
        assert!(text.contains(code.as_str()), "{}", code.as_str());
    }
    for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn answers_and_problems_are_as_openapi_says() {
    let stage = Stage::new().await;
    let api = get(&stage, "/openapi.json").await;
    let validator = |operation: &str, status: &str, media: &str| {
        let said = api.pointer(&format!("/paths/{operation}/responses/{status}"));
        let said = said.unwrap_or_else(|| panic!("{operation} {status}"));
        let shared = said.get("$ref").and_then(|reference| api.pointer(reference.as_str()?.strip_prefix('#')?));
        let schema = shared.unwrap_or(said).pointer(&format!("/content/{media}/schema"));
        let schema = schema.unwrap_or_else(|| panic!("{operation} {status} {media}"));
        let mut whole = schema.clone();
        whole["components"] = api["components"].clone();
        jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{error}"))
    };
    let update = "~1v1~1assistants~1{assistant}/put";
    let check = |validator: &jsonschema::Validator, body: &Value| {
        let complaints: Vec<_> = validator.iter_errors(body).map(|error| error.to_string()).collect();
        assert!(complaints.is_empty(), "{complaints:#?} {body:#}");
    };
    let done = validator(update, "200", "application~1json");
    let lenient = [("prefer", "handling=lenient")];
    let applied =
        stage.put_with("sondos:1", &lenient, r#"{"name":"x","ringing_time":3,"min_interrupt_words":null}"#).await;
    check(&done, &applied.json());
    let path = "/v1/assistants/sondos:1?dry_run=true";
    check(&done, &stage.call(Method::PUT, path, &[("content-type", "application/json")], "{}").await.json());
    for (reply, status) in [
        (stage.put("sondos:1", "{").await, "400"),
        (stage.put("sondos:1", r#"{"nmae":1}"#).await, "422"),
        (stage.put("sondos:1", r#"{"voice_id":4711}"#).await, "422"),
        (stage.put("sondos:1000", r#"{"name":"x"}"#).await, "404"),
    ] {
        assert_eq!(reply.status.as_str(), status);
        check(&validator(update, status, "application~1problem+json"), &reply.json());
    }
    for (path, operation) in [
        ("/v1/vendors", "~1v1~1vendors/get"),
        ("/v1/vendors/sondos", "~1v1~1vendors~1{vendor}/get"),
        ("/v1/fields", "~1v1~1fields/get"),
        ("/v1/assistants/7/route", "~1v1~1assistants~1{assistant}~1route/get"),
    ] {
        check(&validator(operation, "200", "application~1json"), &get(&stage, path).await);
    }
    let fields = json!({
        "name": "New", "voice_id": 1, "language": "English", "llm_model": "GPT-4o-mini", "type": "inbound", "mode": "pipeline",
        "timezone": "Europe/Brussels", "initial_message": "Hello", "system_prompt": "Be kind.",
    });
    let (assistants, assistant) = ("~1v1~1assistants", "~1v1~1assistants~1{assistant}");
    let copies = format!("{assistant}~1copies");
    for (method, path, template, body, status) in [
        (Method::POST, "/v1/assistants?vendor=sondos&dry_run=true", assistants, fields.clone(), "200"),
        (Method::POST, "/v1/assistants?vendor=sondos", assistants, fields, "201"),
        (Method::POST, "/v1/assistants/sondos:1/copies?dry_run=true", &copies, json!({ "vendor": "sondos" }), "200"),
        (Method::GET, "/v1/assistants?include=vendor", assistants, Value::Null, "200"),
        (Method::GET, "/v1/assistants/sondos:1", assistant, Value::Null, "200"),
        (Method::DELETE, "/v1/assistants/sondos:1?dry_run=true", assistant, Value::Null, "200"),
        (Method::DELETE, "/v1/assistants/sondos:1", assistant, Value::Null, "200"),
    ] {
        let operation = format!("{template}/{}", method.as_str().to_lowercase());
        let sent = if body.is_null() { String::new() } else { body.to_string() };
        let reply = stage.call(method, path, &[("content-type", "application/json")], sent).await;
        assert_eq!(reply.status.as_str(), status, "{path} {reply:?}");
        check(&validator(&operation, status, "application~1json"), &reply.json());
    }
    stage.stop().await;
}

#[tokio::test]
async fn html_pages_load_nothing_from_other_hosts() {
    let stage = Stage::new().await;
    for path in ["/docs", "/problems", "/problems/vendor_timeout"] {
        let reply = stage.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        for outside in
            ["src=\"http", "<script", "@import", "url(http", "href=\"http", "<style", "style=", "{{", "href=\"//"]
        {
            assert!(!text.contains(outside), "{path}: {outside}");
        }
        assert!(text.starts_with("<!doctype html>"));
    }
    let docs = String::from_utf8(stage.get("/docs").await.body.to_vec()).unwrap();
    for field in vendors::Field::ALL {
        assert!(docs.contains(&format!("<code>{}</code>", field.name())), "{}", field.name());
    }
    stage.stop().await;
}

#[tokio::test]
async fn openapi_asks_for_the_credentials_that_this_gateway_asks_for() {
    let open = Stage::new().await;
    let api = get(&open, "/openapi.json").await;
    assert_eq!((api.get("security"), api["components"].get("securitySchemes")), (None, None));
    open.stop().await;
    let keys = format!("[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\n", DIGEST.trim());
    let keys = Stage::with(&keys).await;
    let api = get(&keys, "/openapi.json").await;
    assert_eq!(api["security"], json!([{ "key": [] }]));
    assert_eq!(api["components"]["securitySchemes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["key"]);
    keys.stop().await;
}

#[tokio::test]
async fn generated_clients_can_tell_tools_apart_and_keep_what_they_do_not_know() {
    let stage = Stage::new().await;
    let api = get(&stage, "/openapi.json").await;
    let schemas = &api["components"]["schemas"];
    for (tag, reference) in schemas["Tool"]["discriminator"]["mapping"].as_object().unwrap() {
        let tool = api.pointer(reference.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
        assert_eq!(tool["properties"]["type"], json!({ "type": "string", "enum": [tag] }));
    }
    for map in [
        "/Update/properties/variables",
        "/Update/properties/vendor_options/additionalProperties",
        "/VendorRequest/properties/body",
    ] {
        assert_eq!(schemas.pointer(map).unwrap()["additionalProperties"], true, "{map}");
    }
    for class in schemas.as_object().unwrap().values() {
        let text = class.to_string();
        assert!(!text.contains("\"allOf\"") && !text.contains("\"title\":\""), "{text}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_client_sees_its_own_vendors_only() {
    let extra = format!(
        "[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\nvendors = [\"sondos\", \"famulor\"]\n",
        DIGEST.trim()
    );
    let stage = Stage::with(&extra).await;
    let key = [("authorization", "Bearer sb_test")];
    let read = async |path: &str| stage.call(Method::GET, path, &key, "").await;
    let vendors = read("/v1/vendors").await.json();
    let names: Vec<_> = vendors["vendors"].as_array().unwrap().iter().map(|vendor| &vendor["vendor"]).collect();
    assert_eq!(names, [&json!("famulor"), &json!("sondos")]);
    assert!(!read("/v1/fields").await.json().to_string().contains("gloriagent"));
    assert_eq!(read("/v1/vendors/sondos").await.status, 200);
    let (other, none) = (read("/v1/vendors/autocalls").await, read("/v1/vendors/nowhere").await);
    // What may not be used looks like what is not there.
    assert_eq!(other.problem("forbidden")["detail"], "this client may not use the vendor `autocalls`");
    assert_eq!(none.problem("forbidden")["detail"], "this client may not use the vendor `nowhere`");
    stage.stop().await;
}

#[tokio::test]
async fn the_route_is_shown_without_a_call_to_a_vendor() {
    let extra = "[assistants.sales-bot]\nvendor = \"sondos\"\nid = \"12\"\nhandling = \"lenient\"\n";
    let stage = Stage::with(extra).await;
    let route = get(&stage, "/v1/assistants/sales-bot/route").await;
    assert_eq!(
        route,
        json!({ "assistant": "sales-bot", "vendor": "sondos", "id": "12", "handling": "lenient", "rule": "assistants" })
    );
    stage.get("/v1/assistants/sondos:abc/route").await.problem("invalid_request");
    stage.get("/v1/assistants/%zz/route").await.problem("invalid_request");
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_request_id() {
    let stage = Stage::new().await;
    for path in ["/v1/vendors", "/docs", "/problems", "/openapi.json", "/nowhere"] {
        let sent = stage.call(Method::GET, path, &[("x-request-id", "my-id.7")], "").await;
        assert_eq!(sent.header("x-request-id"), Some("my-id.7"), "{path}");
        let long = "x".repeat(200);
        for bad in ["", "with space", "semi;colon", long.as_str()] {
            let made = stage.call(Method::GET, path, &[("x-request-id", bad)], "").await;
            assert_eq!(made.header("x-request-id").map(str::len), Some(36), "{path} {bad}");
        }
    }
    stage.stop().await;
}
