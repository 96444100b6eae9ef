//! Vendors' answers as they come: other bytes in front, other codings, other shapes, and answers of something else.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::stub::Stub;

const UPDATE: &str = r#"{"name":"Night desk"}"#;

/// The gateway's answer to an update of `sondos:789` under a fault.
async fn under(fault: &str) -> (u16, Value) {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    stage.fail("sondos", &[fault]);
    let reply = stage.put("sondos:789", UPDATE).await;
    stage.stop().await;
    (reply.status.as_u16(), reply.json())
}

#[tokio::test]
async fn a_success_is_read_however_it_is_wrapped() {
    for fault in ["bom", "gzip", "old-headers", "duplicate-keys", "drip=1ms"] {
        let (status, body) = under(fault).await;
        assert_eq!((status, &body["data"]["name"]), (200, &json!("Night desk")), "{fault}: {body:#}");
        assert_eq!((&body["data"]["id"], &body["report"]["warnings"]), (&json!(789), &json!([])), "{fault}");
    }
}

#[tokio::test]
async fn vendors_are_asked_for_gzip_and_nothing_else() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    stage.put("sondos:789", UPDATE).await;
    assert_eq!(stage.only_update("sondos").header("accept-encoding"), Some("gzip"));
    stage.stop().await;
}

#[tokio::test]
async fn a_coding_that_nobody_asked_for_is_named() {
    let (status, body) = under("coding=br").await;
    assert_eq!((status, &body["code"], &body["outcome"]), (502, &json!("vendor_bad_response"), &json!("unknown")));
    assert!(body["detail"].as_str().unwrap().contains("`br`"), "{body:#}");
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    stage.fail("sondos", &["coding=br@get"]);
    let problem = stage.put("sondos:789", r#"{"language_id":1}"#).await.problem("vendor_bad_response");
    assert!(problem["detail"].as_str().unwrap().contains("`br`"), "{problem:#}");
    stage.stop().await;
    for (status, outcome) in [("422 Unprocessable Content", "not_applied"), ("404 Not Found", "not_applied")] {
        let stub = Stub::answering(status, "content-encoding: zstd\r\n", "?").await;
        let stage = Stage::of(&["sondos"], &stub.vendor("odd", "sondos"), |text| text).await;
        let problem = stage.put("odd:1", UPDATE).await.problem("vendor_bad_response");
        assert_eq!(problem["outcome"], outcome, "{problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("`zstd`"), "{problem:#}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn every_framework_s_refusal_is_one_item_with_field_and_sentence() {
    let sentence = "This value is not valid.";
    for shape in
        ["map", "objects", "json-api", "code-and-message", "problem", "fastapi", "spring", "top-level", "error-object"]
    {
        let (status, body) = under(&format!("refusal={shape}")).await;
        assert_eq!((status, &body["code"]), (422, &json!("validation_failed")), "{shape}: {body:#}");
        let item = json!({ "pointer": "#/name", "field": "name", "code": "rejected_by_vendor", "detail": sentence });
        assert_eq!(body["errors"], json!([item]), "{shape}: {body:#}");
    }
    for (shape, message) in [
        ("message-list", json!("This value is not valid. So is another.")),
        ("nest", json!("Unprocessable Entity: assistant_name is not valid")),
        ("text", json!(sentence)),
        ("html", json!("422 Unprocessable Entity")),
        ("empty", Value::Null),
    ] {
        let (status, body) = under(&format!("refusal={shape}")).await;
        assert_eq!((status, body.get("errors")), (422, None), "{shape}: {body:#}");
        assert_eq!(body["vendor_response"], json!({ "status": 422, "message": message }), "{shape}");
    }
}

#[tokio::test]
async fn a_refusal_is_read_however_it_is_wrapped() {
    let body = r#"{"message":"Invalid.","errors":{"assistant_name":["Too long."]}}"#;
    for answer in [format!("\u{feff}{body}"), body.to_owned()] {
        let stub =
            Stub::answering("422 Unprocessable Content", "x-policy : a;\r\n b\r\ncontent-type: text/html\r\n", &answer)
                .await;
        let stage = Stage::of(&["sondos"], &stub.vendor("odd", "sondos"), |text| text).await;
        let problem = stage.put("odd:1", UPDATE).await.problem("validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["detail"]),
            (&json!("#/name"), &json!("Too long."))
        );
        assert_eq!(problem["vendor_response"]["message"], "Invalid.");
        stage.stop().await;
    }
}

#[tokio::test]
async fn bot_protection_says_nothing_about_the_token() {
    let (status, body) = under("challenge").await;
    assert_eq!((status, &body["code"], &body["fault"]), (502, &json!("vendor_bad_response"), &json!("vendor")));
    assert_eq!((&body["outcome"], &body["retryable"]), (&json!("not_applied"), &json!(true)), "{body:#}");
    assert_eq!(body["vendor_response"], json!({ "status": 403, "message": "Just a moment..." }));
    let stub = Stub::answering("403 Forbidden", "cf-mitigated: challenge\r\n", r#"{"error":"challenge"}"#).await;
    let stage = Stage::of(&["sondos"], &stub.vendor("odd", "sondos"), |text| text).await;
    assert_eq!(stage.put("odd:1", UPDATE).await.problem("vendor_bad_response")["retryable"], true);
    let catalog = stage.put("odd:1", r#"{"language_id":1}"#).await.problem("vendor_bad_response");
    assert_eq!(catalog["outcome"], "not_applied", "{catalog:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_404_that_is_not_about_an_assistant_points_at_the_base_url() {
    for fault in ["no-route", "html=404", "empty=404"] {
        let (status, body) = under(fault).await;
        assert_eq!(
            (status, &body["code"], &body["outcome"]),
            (502, &json!("vendor_bad_response"), &json!("not_applied")),
            "{fault}"
        );
        assert!(body["detail"].as_str().unwrap().contains("base_url"), "{fault}: {body:#}");
    }
}

#[tokio::test]
async fn a_2xx_that_denies_its_success_keeps_the_vendor_s_words() {
    for word in ["success-zero", "success-text", "status-error", "status-code", "message-only"] {
        let (status, body) = under(&format!("denied={word}")).await;
        assert_eq!(
            (status, &body["code"], &body["outcome"]),
            (502, &json!("vendor_bad_response"), &json!("unknown")),
            "{word}"
        );
        assert_eq!(
            body["vendor_response"],
            json!({ "status": 200, "message": "Not changed: the plan has expired." }),
            "{word}"
        );
    }
}

#[tokio::test]
async fn an_answer_about_another_assistant_is_a_warning_and_drift() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    stage.fail("sondos", &["other-id"]);
    let body = stage.put("sondos:789", UPDATE).await.json();
    assert_eq!(
        (&body["data"]["id"], &body["report"]["warnings"][0]["code"]),
        (&json!(790), &json!("other_id")),
        "{body:#}"
    );
    let metrics = stage.admin(http::Method::GET, "/metrics").await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("other_id"));
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_survives_its_bad_rows_and_loose_types() {
    for fault in ["bad-rows@get", "string-ids@get", "pages=1@get", "pages=3@get", "gzip@get", "bom@get"] {
        let stage = Stage::of(&["autocalls"], "", |text| text).await;
        stage.fail("autocalls", &[fault]);
        let update = "{\"voice\":\"puck\u{a0}\",\"language\":\"SPANISH\",\"llm_model\":\"GPT-4.1-nano\"}";
        let reply = stage.put("autocalls:5", update).await;
        assert_eq!(reply.status, 200, "{fault}: {:#}", reply.json());
        let sent = stage.only_update("autocalls").json.unwrap();
        assert_eq!(sent, json!({ "voice_id": 11, "language_id": 4, "llm_model_id": 3 }), "{fault}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn pages_are_read_by_number_and_to_their_end() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    stage.fail("autocalls", &["pages=1@get"]);
    assert_eq!(stage.put("autocalls:5", r#"{"voice":"Puck"}"#).await.status, 200);
    let reads = stage.simulator("autocalls").received();
    let reads: Vec<_> =
        reads.iter().filter(|request| request.method == "GET").map(|request| request.query.clone()).collect();
    let pages = [None, Some("page=2"), Some("page=3"), Some("page=4")];
    assert_eq!(reads, pages.map(|page| page.map(str::to_owned)));
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_that_always_has_a_further_page_is_read_a_hundred_times_at_most() {
    let body = r#"{"data":[{"id":1,"name":"Same"}],"has_more":true}"#;
    let stub = Stub::answering("200 OK", "", body).await;
    let stage =
        Stage::of(&["sondos"], &stub.vendor("odd", "autocalls").replace("TOKEN_AUTOCALLS", "TOKEN_SONDOS"), |text| {
            text
        })
        .await;
    let problem = stage.put("odd:1", r#"{"voice":"Other"}"#).await.problem("validation_failed");
    assert_eq!(problem["errors"][0]["code"], "unresolved_name");
    assert_eq!(stub.requests(), 2, "a page that brings nothing new is the last");
    stage.stop().await;
}

#[tokio::test]
async fn callers_get_the_nearest_names_and_not_the_configuration() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let problem = stage.put("autocalls:5", r#"{"language":"Spanisch"}"#).await.problem("validation_failed");
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("`Spanish`") && !detail.contains("[vendors."), "{detail}");
    stage.stop().await;
}

#[tokio::test]
async fn an_update_of_which_nothing_is_left_calls_nobody() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    let lenient = [("prefer", "handling=lenient")];
    let data = json!({ "id": null, "name": null, "status": null, "type": null, "mode": null });
    for (update, dropped) in [
        ("{}", json!([])),
        (r#"{"vendor_options":{}}"#, json!([])),
        (r#"{"ambient_sound":"city"}"#, json!(["ambient_sound"])),
        (r#"{"vendor_options":{"sondoss":{"x":1}}}"#, json!(["vendor_options.sondoss"])),
    ] {
        let reply = stage.put_with("sondos:789", &lenient, update).await;
        let body = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &body["message"], &body["attempts"]),
            (200, &json!("Nothing to send"), &json!(0)),
            "{body:#}"
        );
        assert_eq!((&body["data"], &body["report"]["applied"]), (&data, &json!([])), "{update}");
        let fields: Vec<_> =
            body["report"]["dropped"].as_array().unwrap().iter().map(|note| note["field"].clone()).collect();
        assert_eq!(Value::from(fields), dropped, "{update}");
        assert_eq!(reply.header("switchboard-dropped").is_some(), dropped != json!([]));
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_dry_run_of_which_nothing_is_left_shows_no_request() {
    const VENDORS: [&str; 4] = ["sondos", "vapi", "retell", "elevenlabs"];
    let stage = Stage::of(&VENDORS, "", |text| text).await;
    for vendor in VENDORS {
        let id = match vendor {
            "sondos" => "789",
            vendor => crate::nested::first(vendor),
        };
        let unknown = r#"{"no_field":1}"#;
        for (update, handling) in [("{}", "handling=strict"), (unknown, "handling=lenient")] {
            let path = format!("/v1/assistants/{vendor}:{id}?dry_run=true");
            let headers = [("content-type", "application/json"), ("prefer", handling)];
            let reply = stage.call(http::Method::PUT, &path, &headers, update).await;
            let body = reply.json();
            assert_eq!((reply.status.as_u16(), &body["dry_run"]), (200, &json!(true)), "{vendor} {body:#}");
            assert!(body.as_object().unwrap().contains_key("request") && body["request"].is_null(), "{body:#}");
            assert!(body.get("requests").is_none(), "{body:#}");
            assert_eq!(body["report"]["dropped"].as_array().unwrap().len(), usize::from(update == unknown));
            assert_eq!(reply.header("switchboard-dropped").is_some(), update == unknown);
        }
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn an_entry_for_no_account_is_refused_with_the_account_that_is_meant() {
    let stage = Stage::of(&["sondos"], "", |text| {
        text.replace("[vendors.sondos]", "[vendors.acme-eu]\ndialect = \"sondos\"")
            .replace("default_vendor = \"sondos\"", "default_vendor = \"acme-eu\"")
    })
    .await;
    for (name, meant) in [("sondos", "acme-eu"), ("acme-us", "acme-eu")] {
        let update = format!(r#"{{"name":"x","vendor_options":{{"{name}":{{"a":1}}}}}}"#);
        let item = &stage.put("acme-eu:1", update).await.problem("validation_failed")["errors"][0];
        assert_eq!(
            (&item["code"], &item["field"]),
            (&json!("unknown_field"), &json!(format!("vendor_options.{name}")))
        );
        assert!(item["detail"].as_str().unwrap().contains(&format!("`vendor_options.{meant}`")), "{item:#}");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn webhooks_are_absolute_addresses_of_the_web() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    for bad in ["", "nowhere", "/hook", "ftp://example.com", "https://", "example.com"] {
        let update = json!({ "webhook_url": bad, "conversation_ended_webhook_url": bad }).to_string();
        let problem = stage.put("autocalls:5", update).await.problem("validation_failed");
        let codes: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|item| item["code"].clone()).collect();
        assert_eq!(codes, ["not_allowed", "not_allowed"], "{bad}");
    }
    assert_eq!(stage.put("autocalls:5", r#"{"webhook_url":"https://example.com/hook"}"#).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn a_caller_s_byte_order_mark_is_skipped() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    assert_eq!(stage.put("sondos:789", format!("\u{feff}{UPDATE}")).await.status, 200);
    assert_eq!(stage.only_update("sondos").json.unwrap(), json!({ "assistant_name": "Night desk" }));
    stage.stop().await;
}
