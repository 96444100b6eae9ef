//! `/admin/translate`: what vendors would receive, and a vendor's body read backwards. It says the same as a dry run.

use std::collections::BTreeSet;

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use vendors::json::{Limits, read_value};

use crate::support::case::{Case, Exchange, directory};
use crate::support::{Reply, Stage};

async fn posted(stage: &Stage, path: &str, body: impl Into<bytes::Bytes>) -> Reply {
    let url = format!("http://{}{path}", stage.app.admin());
    stage.send(Request::builder().method(Method::POST).uri(url).body(Full::new(body.into())).unwrap()).await
}

async fn translate(stage: &Stage, body: &Value) -> Value {
    let reply = posted(stage, "/admin/translate", body.to_string()).await;
    assert_eq!(reply.status, 200, "{body}: {reply:?}");
    reply.json()
}

/// The cases, by name.
fn cases() -> BTreeSet<String> {
    let files = std::fs::read_dir(directory()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| Some(file.strip_suffix(".json")?.to_owned())).collect()
}

/// The accounts that updates of one vendor may have options for besides its own.
fn others(vendor: &str) -> String {
    let others = simulators::NAMES.into_iter().filter(|other| *other != vendor);
    let account = |other| {
        let token = format!("TOKEN_{}", vendor.to_uppercase());
        format!("[vendors.{other}]\nbase_url = \"http://127.0.0.1:9/api\"\ntoken = {{ env = \"{token}\" }}\n")
    };
    others.map(account).collect()
}

/// The dry run of an exchange; `None` if it has no fields, or is no update and no creation.
async fn dry_run(stage: &Stage, vendor: &str, exchange: &Exchange) -> Option<(bool, Reply)> {
    let creates = exchange.call.starts_with("POST /v1/assistants?vendor=");
    if exchange.update.is_empty() || !creates && !exchange.call.starts_with("PUT ") {
        return None;
    }
    let (method, path) = match creates {
        true => (Method::POST, format!("/v1/assistants?vendor={vendor}&dry_run=true")),
        false => (Method::PUT, format!("/v1/assistants/{vendor}:789?dry_run=true")),
    };
    let prefer = exchange.handling.as_ref().map(|handling| format!("handling={handling}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(prefer.as_deref().map(|prefer| ("prefer", prefer)));
    Some((creates, stage.call(method, &path, &headers, exchange.update.clone()).await))
}

/// The body in a dry run's answer, as it stands there. Of an update of which nothing is left a dry run shows no request, and
/// the column an empty body.
fn body_text(reply: &Reply) -> String {
    let answer = read_value(&reply.body, Limits::VENDOR).unwrap();
    answer.get("request").unwrap().get("body").map_or("{}", |body| body.text()).to_owned()
}

/// Asserts that the column says what the dry run says.
fn assert_same(name: &str, reply: &Reply, translation: &Value) {
    let (column, answer) = (&translation["columns"][0], reply.json());
    if reply.status != 200 {
        assert_eq!(column["problem"]["code"], answer["code"], "{name}");
        assert_eq!(column["problem"]["detail"], answer["detail"], "{name}");
        let told = |item: &Value| json!([item["pointer"], item["code"], item["detail"]]).to_string();
        let mut told_there: Vec<_> = answer["errors"].as_array().into_iter().flatten().map(told).collect();
        let groups = translation["problems"].as_array().unwrap().iter();
        let mut told_here: Vec<_> = groups.flat_map(|group| group["problems"].as_array().unwrap()).map(told).collect();
        told_there.sort();
        told_here.sort();
        assert_eq!(told_here, told_there, "{name}");
        return;
    }
    assert_eq!(column["problem"], Value::Null, "{name}: {column:#}");
    let request = &column["request"];
    assert_eq!(request["body"].as_str().unwrap(), body_text(reply), "{name}");
    if !answer["request"].is_null() {
        assert_eq!(
            (&request["url"], &request["method"]),
            (&answer["request"]["url"], &answer["request"]["method"]),
            "{name}"
        );
    }
    let report = &answer["report"];
    let applied: Vec<_> = column["applied"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(Value::from(applied), report["applied"], "{name}");
    assert_eq!((&column["dropped"], &column["warnings"]), (&report["dropped"], &report["warnings"]), "{name}");
    let members = column["members"].as_array().unwrap();
    let own = serde_json::from_str::<Value>(&body_text(reply)).unwrap().as_object().unwrap().len();
    assert_eq!(members.len(), own, "{name}: each member of the body has its rule");
    assert!(members.iter().all(|member| !member["rule"].as_str().unwrap().is_empty()), "{name}");
}

/// Asserts that the wire body, read backwards, is the applied part of the update; `false` if it holds a redacted secret.
async fn assert_read_back(stage: &Stage, vendor: &str, name: &str, update: &str, reply: &Reply) -> bool {
    let body = body_text(reply);
    if body.contains("[redacted]") {
        return false;
    }
    let asked = format!("{{\"vendor_body\":{body},\"from\":\"{vendor}\"}}");
    let read = posted(stage, "/admin/translate", asked).await.json();
    assert_eq!(read["unreadable"], json!([]), "{name}: {read:#}");
    assert_eq!(read["again"]["is_same"], true, "{name}: {read:#}\n{body}");
    let (back, sent) = (read["update"].as_str().unwrap(), serde_json::from_str::<Value>(update).unwrap());
    let back = serde_json::from_str::<Value>(back).unwrap();
    for field in reply.json()["report"]["applied"].as_array().unwrap() {
        let field = field.as_str().unwrap();
        let is_there = match vendors::Field::from_name(field).unwrap().id_of_name() {
            Some(id) => back.get(field).or(back.get(id.name())).is_some(),
            // An option with a canonical field is that field; the whole body was compared above.
            None if field == "vendor_options" => true,
            None => back.get(field) == sent.get(field) || sent[field] == json!([]) || is_looked_up(field, &back),
        };
        assert!(is_there, "{name}: {field} is {} and was {}", back[field], sent[field]);
    }
    true
}

/// Whether an id was sent by its name, which is what the body has.
fn is_looked_up(field: &str, back: &Value) -> bool {
    let names = vendors::Field::ALL.into_iter();
    names
        .filter(|name| name.id_of_name().is_some_and(|id| id.name() == field))
        .any(|name| back.get(name.name()).is_some())
}

/// Plays every golden update and creation at one vendor, through a dry run and through the translation.
async fn play(vendor: &'static str) {
    let (mut same, mut read_back) = (0, 0);
    for name in cases() {
        let case = Case::read(&name);
        if case.exchanges(vendor).is_empty() {
            continue;
        }
        let config = case.config(vendor) + &others(vendor);
        let stage = Stage::of(&[vendor], &config, |text| text).await;
        for exchange in case.exchanges(vendor) {
            let Some((creates, reply)) = dry_run(&stage, vendor, &exchange).await else { continue };
            let name = format!("{vendor}: {name}: {}", exchange.name);
            let (handling, operation) = (&exchange.handling, if creates { "create" } else { "update" });
            let asked = format!(
                "{{\"update\":{},\"at\":[\"{vendor}\"],\"catalogs\":\"live\",\"handling\":{},\"operation\":\"{operation}\"}}",
                exchange.update,
                json!(handling),
            );
            let translation = posted(&stage, "/admin/translate", asked).await;
            assert_eq!(translation.status, 200, "{name}: {translation:?}");
            assert_same(&name, &reply, &translation.json());
            same += 1;
            if reply.status == 200 && !creates {
                read_back += usize::from(assert_read_back(&stage, vendor, &name, &exchange.update, &reply).await);
            }
        }
        stage.stop().await;
    }
    assert!(same > 60 && read_back > 25, "{vendor}: {same} were compared, and {read_back} read back");
}

macro_rules! vendors_played {
    ($($test:ident $vendor:literal)*) => { $(#[tokio::test] async fn $test() { play($vendor).await; })* };
}

vendors_played! {
    every_golden_input_is_translated_as_in_its_dry_run_and_read_back_at_autocalls "autocalls"
    every_golden_input_is_translated_as_in_its_dry_run_and_read_back_at_famulor "famulor"
    every_golden_input_is_translated_as_in_its_dry_run_and_read_back_at_gloriagent "gloriagent"
    every_golden_input_is_translated_as_in_its_dry_run_and_read_back_at_intellixent "intellixent"
    every_golden_input_is_translated_as_in_its_dry_run_and_read_back_at_sondos "sondos"
}

#[tokio::test]
async fn nothing_is_sent_unless_the_vendors_lists_are_asked_for() {
    let stage = Stage::new().await;
    let update = json!({ "name": "A", "language": "en" });
    let configured = translate(&stage, &json!({ "update": update })).await;
    stage.assert_nothing_sent();
    assert_eq!(configured["columns"].as_array().unwrap().len(), 5);
    let column = &configured["columns"][0];
    assert_eq!((&column["at"], &column["request"]["body"]), (&json!("autocalls"), &json!("{\"name\":\"A\"}")));
    assert_eq!((&column["open"][0]["field"], &column["summary"]["open"]), (&json!("language"), &json!(1)));
    let live = translate(&stage, &json!({ "update": update, "at": ["autocalls"], "catalogs": "live" })).await;
    let column = &live["columns"][0];
    assert_eq!(column["open"], json!([]));
    assert_eq!(column["members"][1]["how"], "resolved", "{column:#}");
    let received = stage.simulator("autocalls").received();
    assert!(!received.is_empty() && received.iter().all(|request| request.method == "GET"), "{received:#?}");
    assert!(stage.simulator("sondos").received().is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn problems_are_grouped_by_field_with_their_lines_and_differences_are_marked() {
    let stage = Stage::new().await;
    let update = "{\n  \"name\": \"A\",\n  \"mode\": \"dualplex\",\n  \"ambient_sound\": \"office\",\n  \"speech_speed\": 1.10\n}";
    let asked = format!("{{\"update\":{update},\"at\":[\"sondos\",\"autocalls\",\"sondos\"]}}");
    let answer = posted(&stage, "/admin/translate", asked).await.json();
    assert_eq!(answer["columns"].as_array().unwrap().len(), 2, "each name once");
    let fields: Vec<_> = answer["problems"].as_array().unwrap().iter().map(|group| group["field"].clone()).collect();
    assert_eq!(fields, ["mode", "ambient_sound"]);
    let mode = &answer["problems"][0]["problems"][0];
    assert_eq!((&mode["line"], &mode["column"], &mode["at"]), (&json!(3), &json!(11), &json!(["sondos"])));
    assert_eq!(mode["code"], "unsupported_value");
    let asked = format!("{{\"update\":{update},\"at\":[\"famulor\",\"autocalls\",\"vapi\"],\"handling\":\"lenient\"}}");
    let answer = posted(&stage, "/admin/translate", asked).await.json();
    let speed = |column: &Value| {
        let members = column["members"].as_array().unwrap();
        members.iter().find(|member| member["fields"] == json!(["speech_speed"])).cloned()
    };
    let of_autocalls = speed(&answer["columns"][1]).unwrap();
    assert_eq!((&of_autocalls["value"], &of_autocalls["how"]), (&json!("1.10"), &json!("same")));
    assert_eq!(answer["columns"][2]["account"], false);
    stage.stop().await;
}

#[tokio::test]
async fn a_nested_dialect_shows_its_document_and_what_is_known_without_a_read() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let update = json!({ "name": "A", "system_prompt": "Be brief." });
    for dialect in ["elevenlabs", "retell", "vapi"] {
        let answer = translate(&stage, &json!({ "update": update, "at": [dialect] })).await;
        let column = &answer["columns"][0];
        assert_eq!(
            (&column["account"], &column["request"]["is_document"]),
            (&json!(false), &json!(true)),
            "{column:#}"
        );
        assert!(column["request"]["body"].as_str().unwrap().contains("Be brief."), "{column:#}");
        assert_eq!(column["members"].as_array().unwrap().len(), 2, "{column:#}");
        assert!(!column["requests"]["steps"].as_array().unwrap().is_empty(), "{column:#}");
        let body = column["request"]["body"].as_str().unwrap();
        let asked = format!("{{\"vendor_body\":{body},\"from\":\"{dialect}\"}}");
        let back = posted(&stage, "/admin/translate", asked).await.json();
        let read: Value = serde_json::from_str(back["update"].as_str().unwrap()).unwrap();
        assert_eq!(read, update, "{back:#}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_backwards_is_said() {
    let stage = Stage::new().await;
    let body = json!({
        "id": 7, "status": "active", "assistant_name": "A", "speed": 99, "engine_type": "warp", "x_unknown": { "api_secret": "s3cr3t" },
    });
    let read = translate(&stage, &json!({ "vendor_body": body, "from": "sondos" })).await;
    let update: Value = serde_json::from_str(read["update"].as_str().unwrap()).unwrap();
    assert_eq!(update["name"], "A", "{read:#}");
    assert!(read["ignored"].as_array().unwrap().contains(&json!("id")), "{read:#}");
    let refused: Vec<_> = read["unreadable"].as_array().unwrap().iter().map(|told| told["field"].clone()).collect();
    assert!(refused.contains(&json!("mode")), "{read:#}");
    assert!(read["vendor_options"].as_array().unwrap().contains(&json!("x_unknown")), "{read:#}");
    assert_eq!(update["vendor_options"]["sondos"]["x_unknown"]["api_secret"], "[redacted]");
    assert_eq!(read["again"]["is_same"], false, "what was left out is not sent again");
    assert!(!read.to_string().contains("s3cr3t"));
    stage.stop().await;
}

#[tokio::test]
async fn a_request_that_asks_for_nothing_or_for_what_is_not_there_says_what_would_be_right() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    for (body, code, said) in [
        ("{", "invalid_json", "line 1"),
        ("[]", "invalid_json", "object"),
        ("{}", "invalid_request", "send either `update`"),
        (r#"{"update": {}, "vendor_body": {}}"#, "invalid_request", "send either `update`"),
        (r#"{"update": {}, "from": "sondos"}"#, "invalid_request", "send either `update`"),
        (r#"{"update": []}"#, "invalid_request", "`update` must be an object"),
        (r#"{"update": {}, "hanlding": "strict"}"#, "invalid_request", "did you mean `handling`?"),
        (r#"{"update": {}, "handling": "soft"}"#, "invalid_request", "`handling` must be `strict` or `lenient`"),
        (r#"{"update": {}, "catalogs": 1}"#, "invalid_request", "`catalogs` must be `configured` or `live`"),
        (r#"{"update": {}, "operation": "delete"}"#, "invalid_request", "`operation` must be `update` or `create`"),
        (r#"{"update": {}, "at": "sondos"}"#, "invalid_request", "`at` must be a list"),
        (r#"{"update": {}, "at": [1]}"#, "invalid_request", "`at` must be a list"),
        (r#"{"update": {}, "at": ["sodnos"]}"#, "invalid_request", "did you mean `sondos`?"),
        (r#"{"vendor_body": {}}"#, "invalid_request", "`from` must name"),
        (r#"{"vendor_body": 1, "from": "sondos"}"#, "invalid_request", "`vendor_body` must be an object"),
        (r#"{"vendor_body": {}, "from": "<script>"}"#, "invalid_request", "`<script>` is neither an account"),
    ] {
        let problem = posted(&stage, "/admin/translate", body).await.problem(code);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{body}: {problem:#}");
    }
    let many: Vec<_> = (0..33).map(|index| format!("a{index}")).collect();
    let problem = posted(&stage, "/admin/translate", json!({ "update": {}, "at": many }).to_string()).await;
    assert!(problem.problem("invalid_request")["detail"].as_str().unwrap().contains("more than 32"));
    let choices = stage.admin(Method::GET, "/admin/translate").await.json();
    assert_eq!(choices["at"][0], json!({ "name": "sondos", "dialect": "sondos", "account": true }));
    assert_eq!(choices["presets"].as_array().unwrap().len(), 2);
    stage.stop().await;
}

#[tokio::test]
async fn a_text_that_would_take_long_is_refused() {
    let stage = Stage::new().await;
    let long = json!({ "name": "x".repeat(64 << 10) }).to_string();
    let update: Value = serde_json::from_str(&long).unwrap();
    for (path, body) in [
        ("/admin/translate", json!({ "update": update, "at": ["sondos"] }).to_string()),
        ("/admin/translate", json!({ "vendor_body": update, "from": "sondos" }).to_string()),
        ("/admin/compare?from=sondos&to=famulor", long),
    ] {
        posted(&stage, path, body).await.problem("body_too_large");
    }
    stage.stop().await;
}

#[tokio::test]
async fn coverage_filters_and_is_json_csv_or_markdown() {
    let stage = Stage::new().await;
    let get = async |query: &str| stage.admin(Method::GET, &format!("/admin/coverage?{query}")).await;
    let all = get("").await.json();
    assert_eq!(
        (all["vendors"].as_array().unwrap().len(), &all["of"]),
        (5, &json!(all["fields"].as_array().unwrap().len()))
    );
    let some = get("vendors=autocalls,sondos&differs=1&q=assistant_name").await.json();
    assert_eq!(some["fields"].as_array().unwrap().len(), 1, "{some:#}");
    let name = &some["fields"][0];
    assert_eq!(
        (&name["field"], &name["cells"]["sondos"], &name["differs"]),
        (&json!("name"), &json!("assistant_name"), &json!(true))
    );
    assert_eq!(name["vendors"]["sondos"]["support"], "renamed");
    let globbed = get("q=voice*&vendors=famulor&vendors=vapi").await.json();
    assert!(globbed["fields"].as_array().unwrap().iter().all(|field| field.to_string().contains("voice")));
    assert_eq!(get("field=mode").await.json()["fields"].as_array().unwrap().len(), 1);
    let csv = get("format=csv&field=mode&vendors=sondos").await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(csv.body, "field,type,sondos\r\nmode,string,≈ engine_type without dualplex\r\n".as_bytes());
    let markdown = get("format=markdown&field=mode&vendors=sondos").await;
    assert!(String::from_utf8_lossy(&markdown.body).starts_with("| field | type | sondos |\n| --- | --- | --- |\n"));
    for (query, said) in [
        ("field=moed", "did you mean `mode`?"),
        ("vendors=sodnos", "did you mean `sondos`?"),
        ("format=xml", "`json`, `csv` or `markdown`"),
        ("differs=maybe", "`differs` must be `1` or `0`"),
        ("vendor=sondos", "did you mean `vendors`?"),
    ] {
        let problem = get(query).await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{query}: {problem:#}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_comparison_sorts_losses_and_is_a_checklist() {
    let stage = Stage::new().await;
    let compared = stage.admin(Method::GET, "/admin/compare?from=autocalls&to=sondos").await.json();
    let severities: Vec<_> =
        compared["losses"].as_array().unwrap().iter().map(|loss| loss["severity"].clone()).collect();
    let order = ["refused_value", "lost_field", "narrower_range", "approximated"];
    let ranks: Vec<_> =
        severities.iter().map(|severity| order.iter().position(|word| severity == word).unwrap()).collect();
    assert!(ranks.is_sorted() && ranks.contains(&0) && ranks.contains(&1) && ranks.contains(&2), "{severities:?}");
    let checklist = compared["checklist"].as_str().unwrap();
    assert!(checklist.starts_with("# Moving an assistant from autocalls to sondos\n"), "{checklist}");
    assert_eq!(checklist.matches("- [ ] `").count(), ranks.len() + compared["look_up_again"].as_array().unwrap().len());
    assert!(compared["copy"].as_str().unwrap().contains("/v1/assistants/autocalls:789/copies?dry_run=true"));
    let update = "{\n\"mode\": \"dualplex\", \"voice_id\": 3,\n\"ambient_sound\": \"office\"}";
    let path = "/admin/compare?from=autocalls&to=sondos";
    let compared = posted(&stage, path, update).await.json();
    let places: Vec<_> =
        compared["losses"].as_array().unwrap().iter().map(|loss| (&loss["pointer"], &loss["line"])).collect();
    assert_eq!(places, [(&json!("#/mode"), &json!(2)), (&json!("#/ambient_sound"), &json!(3))]);
    assert_eq!(compared["look_up_again"][0]["field"], "voice_id");
    assert_eq!(
        posted(&stage, path, "{\"speech_speed\": 9}").await.problem("validation_failed")["errors"][0]["pointer"],
        "#/speech_speed"
    );
    posted(&stage, path, "{").await.problem("invalid_json");
    posted(&stage, path, &b"\xff"[..]).await.problem("invalid_json");
    for query in ["", "?from=sondos", "?from=sondos&to=nobody", "?from=sondos&to=autocalls&x=1"] {
        stage.admin(Method::GET, &format!("/admin/compare{query}")).await.problem("invalid_request");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn the_pages_work_without_script_and_show_hostile_text_as_text() {
    let stage = Stage::new().await;
    let page = async |path: &str| {
        let reply = stage.admin(Method::GET, path).await;
        assert_eq!(reply.status, 200, "{path}");
        String::from_utf8(reply.body.to_vec()).unwrap()
    };
    let first = page("/console/playground").await;
    for part in ["<textarea", "id=\"column-autocalls\"", "1.10", "name=\"at\" value=\"vapi\"", "how-renamed"] {
        assert!(first.contains(part), "{part}");
    }
    assert!(page("/console/playground?preset=every").await.contains("reengagement_prompt"));
    assert!(page("/console/coverage?q=mode&field=mode&vendors=&differs=").await.contains("engine_type"));
    assert!(page("/console/compare").await.contains("Choose two vendors"));
    assert!(page("/console/compare?from=autocalls&to=sondos").await.contains("- [ ] `mode`"));
    let hostile = r#"{"name": "</textarea><script>alert(1)</script>", "<img src=x onerror=alert(1)>": 1}"#;
    for (path, pairs) in [
        ("playground", vec![("update", hostile), ("handling", "lenient"), ("at", "autocalls"), ("at", "sondos")]),
        ("playground", vec![("update", hostile), ("part", "1")]),
        ("playground", vec![("update", "<script>alert(1)")]),
        ("playground", vec![("vendor_body", hostile), ("from", "sondos")]),
        (
            "compare",
            vec![("update", r#"{"name": "<script>alert(1)</script>"}"#), ("from", "autocalls"), ("to", "sondos")],
        ),
        ("compare", vec![("from", "<script>"), ("to", "sondos")]),
    ] {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let request = Request::post(format!("http://{}/console/{path}", stage.app.admin()))
            .header("content-type", "application/x-www-form-urlencoded");
        let reply = stage.send(request.body(Full::new(form.into())).unwrap()).await;
        let html = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{pairs:?}: {html}");
        assert!(html.contains("&lt;"), "{pairs:?}: {html}");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}
