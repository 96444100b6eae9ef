//! Drift detection: differences between a vendor's responses and its documentation are counted, logged once and shown in the
//! status.

use http::Method;
use serde_json::{Value, json};
use simulators::NAMES;

use crate::support::Stage;
use crate::support::stub::Stub;

/// The drift of a vendor, from the status.
async fn drift(stage: &Stage, vendor: &str) -> Value {
    stage.admin(Method::GET, "/admin/status").await.json()["vendors"][vendor]["drift"].take()
}

/// Kind and field of each difference.
fn differences(drift: &Value) -> Vec<(&str, &str)> {
    let differences = drift["differences"].as_array().unwrap().iter();
    differences.map(|one| (one["kind"].as_str().unwrap(), one["field"].as_str().unwrap())).collect()
}

/// A gateway with a vendor `v` that sends this response to every request.
async fn with_vendor(status: &str, body: &str) -> Stage {
    let stub = Stub::answering(status, "content-type: application/json\r\n", body).await;
    let extra = stub.vendor("v", "autocalls") + "retry = { max_attempts = 1 }\n";
    let stage = Stage::of(&["autocalls"], &extra, |text| text).await;
    stage.put("v:7", r#"{"name": "x"}"#).await;
    stage.put("v:7", r#"{"name": "x"}"#).await;
    stage
}

#[tokio::test]
async fn a_vendor_that_answers_as_documented_shows_no_drift() {
    let stage = Stage::new().await;
    for vendor in NAMES {
        for (id, update) in [(5, r#"{"name": "x"}"#), (5000, r#"{"name": "x"}"#), (5, r#"{"language": "en"}"#)] {
            stage.put(&format!("{vendor}:{id}"), update).await;
        }
        stage.fail(vendor, &["shape=422-validation*1", "shape=401-unauthenticated*1"]);
        stage.put(&format!("{vendor}:5"), r#"{"name": "x"}"#).await;
        stage.put(&format!("{vendor}:5"), r#"{"name": "x"}"#).await;
        let drift = drift(&stage, vendor).await;
        assert_eq!((&drift["differences"], &drift["other"]), (&json!([]), &Value::Null), "{vendor}");
        assert!(drift["counts"].as_object().unwrap().values().all(|count| *count == 0));
    }
    stage.stop().await;
}

#[tokio::test]
async fn new_missing_and_retyped_members_are_listed_with_counts_and_times() {
    let answer = r#"{"message":"ok","data":{"id":"7","name":"x","status":"active","type":"inbound","engine":1}}"#;
    let stage = with_vendor("200 OK", answer).await;
    let drift = drift(&stage, "v").await;
    let wanted = [("retyped_field", "data.id"), ("unknown_field", "data.engine"), ("missing_field", "data.mode")];
    assert_eq!(differences(&drift), wanted);
    for difference in drift["differences"].as_array().unwrap() {
        assert_eq!((&difference["count"], &difference["asked"]), (&json!(2), &json!("update")));
        let (first, last) = (difference["first_seen"].as_u64().unwrap(), difference["last_seen"].as_u64().unwrap());
        assert!(1_700_000_000 < first && first <= last);
    }
    assert_eq!(drift["differences"][0]["detail"], "documented: an integer; found: a string");
    for (kind, count) in [("retyped_field", 2), ("unknown_field", 2), ("not_json", 0)] {
        assert_eq!(drift["counts"][kind], count);
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_new_error_shape_is_listed_by_its_status_and_members() {
    let stage = with_vendor("422 Unprocessable Content", r#"{"error":{"code":"X","fields":[]}}"#).await;
    let seen = drift(&stage, "v").await;
    assert_eq!(differences(&seen), [("unknown_error_shape", "422 {error: {*: string}}")]);
    stage.stop().await;
}

#[tokio::test]
async fn an_outage_is_no_drift() {
    for (status, body) in [
        ("502 Bad Gateway", "<html>502</html>"),
        ("503 Service Unavailable", r#"{"error":{"code":"maintenance","fields":[]}}"#),
        ("504 Gateway Timeout", r#"{"oops":[1]}"#),
        ("500 Internal Server Error", "<html>500</html>"),
        ("500 Internal Server Error", ""),
        ("520 Unknown", "error code: 520"),
    ] {
        let stage = with_vendor(status, body).await;
        assert_eq!(differences(&drift(&stage, "v").await), [], "{status}: {body}");
        stage.stop().await;
    }
    let stage = with_vendor("500 Internal Server Error", r#"{"error":{"code":"X","fields":[]}}"#).await;
    assert_eq!(differences(&drift(&stage, "v").await).len(), 1, "the application's own words are judged");
    stage.stop().await;
}

#[tokio::test]
async fn a_broken_catalog_is_listed_under_its_name() {
    let stub = Stub::answering("200 OK", "", r#"[{"id":1,"title":"English"}]"#).await;
    let stage = Stage::of(&["autocalls"], &stub.vendor("v", "autocalls"), |text| text).await;
    stage.put("v:7", r#"{"language": "English"}"#).await;
    let seen = drift(&stage, "v").await;
    assert_eq!(seen["differences"][0]["asked"], "languages");
    assert!(differences(&seen).contains(&("missing_field", "[].name")), "{seen}");
    stage.stop().await;
}

#[tokio::test]
async fn secrets_that_a_vendor_uses_as_keys_are_redacted() {
    let answer = r#"{"sim-autocalls":1,"cal_live_secret":1,"message":"ok","data":{}}"#;
    let stub = Stub::answering("200 OK", "", answer).await;
    let stage = Stage::of(&["autocalls"], &stub.vendor("v", "autocalls"), |text| text).await;
    let tool = r#"{"type":"calendar_integration","calcom_api_key":"cal_live_secret","calcom_event_slug":"a"}"#;
    stage.put("v:7", format!(r#"{{"tools": [{tool}]}}"#)).await;
    let seen = drift(&stage, "v").await;
    assert_eq!(differences(&seen)[0], ("unknown_field", "[redacted]"));
    assert!(!seen.to_string().contains("sim-autocalls") && !seen.to_string().contains("cal_live"), "{seen}");
    stage.stop().await;
}
