//! Vendors that need more than one request: what is read before, what is sent in which order, and what becomes of an update
//! of which only a part was applied.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::{Value, json};

use crate::support::stub::Stub;
use crate::support::{PATIENCE, Reply, Stage, eventually};

/// What a vendor answers to a method, a target and a body.
type Answer = Box<dyn FnMut(&str, &str, &Value) -> (&'static str, Value) + Send>;

/// A gateway in front of one vendor of a dialect.
struct Setup {
    stub: Stub,
    stage: Stage,
}

const OK: &str = "200 OK";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

impl Setup {
    async fn of(dialect: &str, more: &str, answer: Answer) -> Self {
        let answer = Mutex::new(answer);
        let stub = Stub::routing(move |target, request| {
            let method = request.split(' ').next().unwrap_or_default();
            let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let body = serde_json::from_str(body).unwrap_or(Value::Null);
            let (status, answer) = answer.lock().unwrap()(method, target, &body);
            (status, if answer.is_null() { String::new() } else { answer.to_string() })
        })
        .await;
        let vendor = stub.vendor("there", dialect).replace("/api\"", "\"");
        let retry = "retry = { max_attempts = 2, backoff = \"1ms\" }\nsettle_after_unknown = \"0s\"\n";
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n\
             [routing]\ndefault_vendor = \"there\"\n{vendor}{retry}{more}"
        );
        let environment = [(format!("TOKEN_{}", dialect.to_uppercase()), "tok_123456789".to_owned())];
        let settings = switchboard::config::load_text(&text, &environment.into_iter().collect());
        let settings = settings.unwrap_or_else(|problems| panic!("{problems}"));
        let app = switchboard::app::App::start(settings, None, None).await.unwrap();
        Self { stub, stage: Stage::around(app) }
    }

    async fn put(&self, id: &str, update: &Value) -> Reply {
        self.stage.put(&format!("there:{id}"), update.to_string()).await
    }

    /// The record of a change whose caller leaves when the vendor has a request, which is answered only then.
    async fn ended_without(
        &self,
        caller: impl Future<Output = Reply>,
        has_arrived: Receiver<()>,
        release: Sender<()>,
    ) -> Value {
        let leaves = tokio::task::spawn_blocking(move || has_arrived.recv().unwrap());
        tokio::select! {
            reply = caller => panic!("{reply:?}"),
            left = leaves => left.unwrap(),
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await; // until the gateway sees that the caller has left
        release.send(()).unwrap();
        eventually(PATIENCE, async || {
            let page = self.stage.get("/v1/updates").await.json();
            page["data"].get(0).filter(|record| record["state"] != "sending").cloned()
        })
        .await
    }

    /// The requests that the vendor got, as `METHOD target body`, without those that read.
    fn writes(&self) -> Vec<String> {
        self.requests().into_iter().filter(|request| !request.starts_with("GET ")).collect()
    }

    fn requests(&self) -> Vec<String> {
        let line = |request: &String| {
            let mut words = request.split(' ');
            let (method, target) = (words.next().unwrap(), words.next().unwrap());
            let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            format!("{method} {target} {body}").trim_end().to_owned()
        };
        self.stub.received().iter().map(line).collect()
    }
}

fn agent(version: u32, is_published: bool) -> Value {
    json!({
        "agent_id": "agent_1", "agent_name": "Old", "version": version, "is_published": is_published,
        "voice_id": "11labs-Adrian", "language": "en-US",
        "response_engine": { "type": "retell-llm", "llm_id": "llm_1", "version": version },
    })
}

fn llm(version: u32) -> Value {
    json!({ "llm_id": "llm_1", "version": version, "general_prompt": "Old.", "is_published": false })
}

/// Retell as its page describes it; `refuses` says which requests it answers with an error.
fn retell(
    is_published: bool,
    refuses: impl Fn(&str, &str) -> Option<(&'static str, Value)> + Send + 'static,
) -> Answer {
    let state = Arc::new(Mutex::new((agent(7, is_published), llm(7))));
    Box::new(move |method, target, body| {
        if let Some(refusal) = refuses(method, target) {
            return refusal;
        }
        let (agent, llm) = &mut *state.lock().unwrap();
        let merge = |object: &mut Value| {
            for (key, value) in body.as_object().unwrap() {
                object[key] = value.clone();
            }
            (OK, object.clone())
        };
        match (method, target.split('?').next().unwrap()) {
            ("GET", "/get-agent/agent_1") => (OK, agent.clone()),
            ("GET", "/get-retell-llm/llm_1") => (OK, llm.clone()),
            ("POST", "/create-agent-version/agent_1") => {
                (agent["version"], agent["is_published"], llm["version"]) = (json!(8), json!(false), json!(8));
                ("201 Created", agent.clone())
            }
            ("PATCH", "/update-agent/agent_1") => merge(agent),
            ("PATCH", "/update-retell-llm/llm_1") => merge(llm),
            ("POST", "/publish-agent-version/agent_1") => (OK, Value::Null),
            ("POST", "/create-retell-llm") => ("201 Created", made(body, json!({ "llm_id": "llm_9", "version": 0 }))),
            ("POST", "/create-agent") => ("201 Created", made(body, json!({ "agent_id": "agent_9", "version": 0 }))),
            _ => ("422 Unprocessable Content", json!({ "status": "error", "message": "cannot find requested asset" })),
        }
    })
}

/// A new object, as it was sent and with what the vendor adds.
fn made(body: &Value, added: Value) -> Value {
    let members = body.as_object().unwrap().clone().into_iter().chain(added.as_object().unwrap().clone());
    Value::Object(members.collect())
}

fn never(_: &str, _: &str) -> Option<(&'static str, Value)> {
    None
}

fn codes(notes: &Value) -> Vec<&str> {
    notes.as_array().unwrap().iter().map(|note| note["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_update_of_two_objects_writes_each_and_publishes_neither() {
    let setup = Setup::of("retell", "", retell(false, never)).await;
    let reply =
        setup.put("agent_1", &json!({ "name": "New", "system_prompt": "Be brief.", "max_duration": 600 })).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(
        setup.requests(),
        [
            "GET /get-agent/agent_1",
            r#"PATCH /update-retell-llm/llm_1?version=7 {"general_prompt":"Be brief."}"#,
            r#"PATCH /update-agent/agent_1?version=7 {"agent_name":"New","max_call_duration_ms":600000}"#,
        ]
    );
    let reply = reply.json();
    assert_eq!(reply["report"]["applied"], json!(["name", "system_prompt", "max_duration"]));
    assert_eq!(codes(&reply["report"]["warnings"]), ["not_published"]);
    assert!(reply["report"]["warnings"][0]["detail"].as_str().unwrap().contains('7'));
    assert_eq!((&reply["data"]["id"], &reply["data"]["name"]), (&json!("agent_1"), &json!("New")));
    assert_eq!(reply["attempts"], 3);
}

#[tokio::test]
async fn a_published_agent_gets_a_draft_first_and_is_published_only_if_the_account_says_so() {
    let setup = Setup::of("retell", "", retell(true, never)).await;
    assert_eq!(setup.put("agent_1", &json!({ "system_prompt": "Be brief." })).await.status, 200);
    let writes = setup.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(writes[0].starts_with("POST /create-agent-version/agent_1"), "{writes:?}");
    assert!(writes[1].starts_with("PATCH /update-retell-llm/llm_1?version=8 "), "{writes:?}");

    let setup = Setup::of("retell", "publish = \"after_update\"\n", retell(true, never)).await;
    let reply = setup.put("agent_1", &json!({ "name": "New" })).await;
    assert_eq!(reply.json()["report"]["warnings"], json!([]), "{reply:?}");
    let writes = setup.writes();
    assert!(writes[1].starts_with("PATCH /update-agent/agent_1?version=8 "), "{writes:?}");
    assert!(writes[2].starts_with("POST /publish-agent-version/agent_1"), "{writes:?}");
    assert!(writes[2].contains("8"), "{writes:?}");
}

#[tokio::test]
async fn a_refusal_of_the_second_request_is_partial_and_says_what_was_applied() {
    let refuses = |_: &str, target: &str| {
        let refusal = json!({ "status": "error", "message": "agent_name is too rude" });
        target.starts_with("/update-agent").then_some(("400 Bad Request", refusal))
    };
    let setup = Setup::of("retell", "", retell(false, refuses)).await;
    let reply = setup.put("agent_1", &json!({ "name": "New", "system_prompt": "Be brief." })).await;
    let problem = reply.problem("validation_failed");
    assert_eq!((&problem["outcome"], &problem["fault"]), (&json!("partial"), &json!("caller")), "{problem:#}");
    assert_eq!(problem["report"]["applied"], json!(["system_prompt"]));
    assert_eq!(problem["report"]["pending"], json!(["name"]));
    assert_eq!(problem["attempts"], 3);
    assert_eq!(problem["vendor_response"]["message"], "agent_name is too rude");
}

#[tokio::test]
async fn a_refusal_of_the_first_request_applies_nothing() {
    let refuses = |method: &str, _: &str| {
        (method == "PATCH").then_some(("400 Bad Request", json!({ "status": "error", "message": "no" })))
    };
    for is_published in [false, true] {
        let setup = Setup::of("retell", "", retell(is_published, refuses)).await;
        let reply = setup.put("agent_1", &json!({ "name": "New", "system_prompt": "Be brief." })).await;
        let problem = reply.problem("validation_failed");
        assert_eq!((&problem["outcome"], &problem["report"]), (&json!("not_applied"), &Value::Null), "{problem:#}");
    }
}

#[tokio::test]
async fn a_second_request_that_fails_is_tried_again_from_the_beginning() {
    let failures = Mutex::new(1);
    let refuses = move |_: &str, target: &str| {
        let mut left = failures.lock().unwrap();
        let fails = target.starts_with("/update-agent") && *left > 0;
        *left -= i32::from(fails);
        fails.then_some(("503 Service Unavailable", json!({ "status": "error", "message": "busy" })))
    };
    let setup = Setup::of("retell", "", retell(false, refuses)).await;
    let reply = setup.put("agent_1", &json!({ "name": "New", "system_prompt": "Be brief." })).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let targets: Vec<_> =
        setup.requests().iter().map(|line| line.split(['?', ' ']).nth(1).unwrap().to_owned()).collect();
    let once = ["/get-agent/agent_1", "/update-retell-llm/llm_1", "/update-agent/agent_1"];
    assert_eq!(targets, [once, once].concat());
    assert_eq!(reply.json()["attempts"], 6);
}

#[tokio::test]
async fn a_second_request_that_is_not_answered_is_unknown_with_what_is_known() {
    let refuses = |_: &str, target: &str| target.starts_with("/update-agent").then_some(("500 X", Value::Null));
    let setup = Setup::of("retell", "", retell(false, refuses)).await;
    let reply = setup.put("agent_1", &json!({ "name": "New", "system_prompt": "Be brief." })).await;
    let problem = reply.problem("vendor_error");
    assert_eq!(problem["outcome"], "unknown", "{problem:#}");
    assert_eq!(problem["report"]["applied"], json!(["system_prompt"]));
    assert_eq!(problem["report"]["pending"], json!(["name"]));
}

#[tokio::test]
async fn fields_of_an_object_that_the_agent_lacks_are_refused_before_anything_is_sent() {
    let answer: Answer = Box::new(|_, _, _| {
        let mut agent = agent(7, false);
        agent["response_engine"] = json!({ "type": "conversation-flow", "conversation_flow_id": "flow_1" });
        (OK, agent)
    });
    let setup = Setup::of("retell", "", answer).await;
    for (field, value) in [("system_prompt", json!("Be brief.")), ("llm_fallback_models", Value::Null)] {
        let reply = setup.put("agent_1", &json!({ "name": "New", (field): value })).await;
        let problem = reply.problem("unsupported_by_vendor");
        assert_eq!(problem["errors"][0]["field"], field, "{problem:#}");
        assert_eq!((setup.writes().len(), &problem["outcome"]), (0, &json!("not_applied")));
    }
}

#[tokio::test]
async fn an_unknown_agent_is_not_found() {
    let setup = Setup::of("retell", "", retell(false, never)).await;
    setup.put("agent_2", &json!({ "name": "New" })).await.problem("assistant_not_found");
    let read = setup.stage.get("/v1/assistants/there:agent_2").await;
    read.problem("assistant_not_found");
}

#[tokio::test]
async fn a_dry_run_reads_and_shows_the_requests_that_would_follow() {
    let setup = Setup::of("retell", "", retell(true, never)).await;
    let update = json!({ "name": "New", "system_prompt": "Be brief." }).to_string();
    let reply = setup.stage.call(Method::PUT, "/v1/assistants/there:agent_1?dry_run=true", &JSON, update).await;
    let shown = reply.json();
    let requests = shown["requests"].as_array().unwrap();
    let brief = |one: &Value| format!("{} {}", one["purpose"].as_str().unwrap(), one["url"].as_str().unwrap());
    let brief: Vec<_> = requests.iter().map(brief).collect();
    assert_eq!(brief.len(), 3, "{shown:#}");
    assert!(brief[0].starts_with("draft ") && brief[0].contains("/create-agent-version/agent_1"), "{brief:?}");
    assert!(brief[1].ends_with("/update-retell-llm/llm_1?version=new"), "{brief:?}");
    assert!(brief[2].ends_with("/update-agent/agent_1?version=new"), "{brief:?}");
    assert_eq!(requests[2]["body"], json!({ "agent_name": "New" }));
    assert_eq!((shown["request"].is_null(), setup.writes().len()), (true, 0));
    assert_eq!(codes(&shown["report"]["warnings"]), ["not_published"], "as the update would be answered");
    assert!(!reply.body.windows(13).any(|bytes| bytes == b"tok_123456789"));
}

#[tokio::test]
async fn a_creation_makes_each_object_once_and_says_what_stays_if_the_second_is_refused() {
    let creation = json!({ "name": "New", "system_prompt": "Be brief.", "voice_id": "11labs-Adrian" }).to_string();
    let setup = Setup::of("retell", "", retell(false, never)).await;
    let reply = setup.stage.call(Method::POST, "/v1/assistants?vendor=there", &JSON, creation.clone()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("location"), Some("/v1/assistants/there:agent_9"));
    assert_eq!(reply.json()["report"]["applied"], json!(["name", "system_prompt", "voice_id"]));
    let writes = setup.writes();
    assert!(writes[0].starts_with("POST /create-retell-llm "), "{writes:?}");
    assert!(writes[1].starts_with("POST /create-agent ") && writes[1].contains("\"llm_9\""), "{writes:?}");

    let refuses = |_: &str, target: &str| {
        (target == "/create-agent").then_some(("400 Bad Request", json!({ "status": "error", "message": "no voice" })))
    };
    let setup = Setup::of("retell", "", retell(false, refuses)).await;
    let reply = setup.stage.call(Method::POST, "/v1/assistants?vendor=there", &JSON, creation).await;
    let problem = reply.problem("validation_failed");
    assert_eq!((&problem["outcome"], &problem["retryable"]), (&json!("partial"), &json!(false)), "{problem:#}");
    assert!(problem["detail"].as_str().unwrap().contains("llm_9"), "{problem:#}");
    assert_eq!(setup.writes().len(), 2);
}

#[tokio::test]
async fn an_assistant_of_several_objects_is_read_as_one() {
    let setup = Setup::of("retell", "", retell(false, never)).await;
    let reply = setup.stage.get("/v1/assistants/there:agent_1").await;
    let read = reply.json();
    assert_eq!((&read["id"], &read["fields"]["name"]), (&json!("agent_1"), &json!("Old")), "{read:#}");
    assert_eq!((&read["fields"]["system_prompt"], &read["attempts"]), (&json!("Old."), &json!(2)));
    let tag = reply.header("etag").unwrap().to_owned();
    let update = json!({ "system_prompt": "New." }).to_string();
    let matched = setup.stage.put_with("there:agent_1", &[("if-match", &tag)], update.clone()).await;
    assert_eq!(matched.status, 200, "{matched:?}");
    setup.stage.put_with("there:agent_1", &[("if-match", &tag)], update).await.problem("precondition_failed");
}

/// Between two attempts another one may have changed what the condition is about.
#[tokio::test]
async fn no_request_of_a_conditional_change_is_sent_again() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let answer = vapi(vapi_assistant(), move |_, method| {
            (method == "PATCH").then(|| (status, json!({ "message": "later" })))
        });
        let setup = Setup::of("vapi", "", answer).await;
        let tag = setup.stage.get(&format!("/v1/assistants/there:{VAPI_ID}")).await.header("etag").unwrap().to_owned();
        let update = json!({ "system_prompt": "New." }).to_string();
        let reply = setup.stage.put_with(&format!("there:{VAPI_ID}"), &[("if-match", &tag)], update).await;
        assert!(!reply.status.is_success(), "{reply:?}");
        assert_eq!(setup.writes().len(), 1, "{status}: {:?}", setup.writes());
    }
}

/// Vapi with one stored assistant; a PATCH replaces what it names.
fn vapi(
    mut stored: Value,
    mut each: impl FnMut(&mut Value, &str) -> Option<(&'static str, Value)> + Send + 'static,
) -> Answer {
    Box::new(move |method, _, body| {
        if let Some(answer) = each(&mut stored, method) {
            return answer;
        }
        if method == "PATCH" {
            for (key, value) in body.as_object().unwrap() {
                stored[key] = value.clone();
            }
        }
        (OK, stored.clone())
    })
}

const VAPI_ID: &str = "0b1e7e3c-8d5f-4a57-9a55-0d2f6f2f7c11";

fn vapi_assistant() -> Value {
    json!({
        "id": VAPI_ID, "orgId": "org", "name": "Old",
        "model": {
            "provider": "openai", "model": "gpt-5-mini", "temperature": 0.3, "toolIds": ["0f6d"],
            "messages": [ { "role": "system", "content": "Old." }, { "role": "user", "content": "Hi." } ],
        },
        "voice": { "provider": "11labs", "voiceId": "pNx", "stability": 0.4 },
    })
}

#[tokio::test]
async fn objects_that_are_replaced_whole_keep_what_was_not_asked_for() {
    let setup = Setup::of("vapi", "", vapi(vapi_assistant(), |_, _| None)).await;
    let update =
        json!({ "name": "Front desk", "system_prompt": "Be brief.", "max_duration": 600, "speech_speed": 1.1 });
    let reply = setup.put(VAPI_ID, &update).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let writes = setup.writes();
    let body: Value = serde_json::from_str(writes[0].splitn(3, ' ').nth(2).unwrap()).unwrap();
    let expected = json!({
        "name": "Front desk", "maxDurationSeconds": 600,
        "model": {
            "provider": "openai", "model": "gpt-5-mini", "temperature": 0.3, "toolIds": ["0f6d"],
            "messages": [ { "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hi." } ],
        },
        "voice": { "provider": "11labs", "voiceId": "pNx", "stability": 0.4, "speed": 1.1 },
    });
    assert_eq!((writes.len(), body), (1, expected));
    assert_eq!(reply.json()["attempts"], 2);
}

#[tokio::test]
async fn another_attempt_reads_again_and_keeps_what_changed_meanwhile() {
    let mut failed = false;
    let each = move |stored: &mut Value, method: &str| {
        let fails = method == "PATCH" && !std::mem::replace(&mut failed, true);
        fails.then(|| {
            stored["model"]["temperature"] = json!(0.9); // by someone else
            ("503 Service Unavailable", json!({ "message": "busy", "statusCode": 503 }))
        })
    };
    let setup = Setup::of("vapi", "", vapi(vapi_assistant(), each)).await;
    let reply = setup.put(VAPI_ID, &json!({ "system_prompt": "Be brief." })).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &json!(4)), "{reply:?}");
    let last: Value = serde_json::from_str(setup.writes()[1].splitn(3, ' ').nth(2).unwrap()).unwrap();
    assert_eq!(last["model"]["temperature"], 0.9, "{last:#}");
}

#[tokio::test]
async fn one_request_is_shown_as_one_by_a_dry_run() {
    let setup = Setup::of("vapi", "", vapi(vapi_assistant(), |_, _| None)).await;
    let update = json!({ "system_prompt": "Be brief." }).to_string();
    let path = format!("/v1/assistants/there:{VAPI_ID}?dry_run=true");
    let shown = setup.stage.call(Method::PUT, &path, &JSON, update).await.json();
    assert_eq!((&shown["request"]["method"], shown["requests"].is_null()), (&json!("PATCH"), true), "{shown:#}");
    assert_eq!(shown["request"]["body"]["model"]["messages"][0]["content"], "Be brief.");
    assert_eq!(setup.writes().len(), 0);
}

#[tokio::test]
async fn a_dry_run_shows_no_secret_that_the_vendor_has_stored() {
    let mut stored = vapi_assistant();
    stored["server"] = json!({ "url": "https://a.b", "headers": { "X-Vapi-Secret": "hush-1" }, "timeoutSeconds": 20 });
    stored["model"]["tools"] =
        json!([{ "type": "function", "server": { "headers": { "X": "hush-2" } }, "apiKey": "hush-3" }]);
    let setup = Setup::of("vapi", "", vapi(stored, |_, _| None)).await;
    let update = json!({ "system_prompt": "Be brief.", "webhook_url": "https://c.d" }).to_string();
    let path = format!("/v1/assistants/there:{VAPI_ID}?dry_run=true");
    let shown = setup.stage.call(Method::PUT, &path, &JSON, update.clone()).await;
    let body = &shown.json()["request"]["body"];
    assert_eq!(body["server"], json!({ "url": "https://c.d", "headers": "[redacted]", "timeoutSeconds": 20 }));
    assert_eq!(body["model"]["messages"][0]["content"], "Be brief.");
    assert!(!String::from_utf8_lossy(&shown.body).contains("hush"), "{shown:?}");
    // What is sent has them all.
    let id = format!("there:{VAPI_ID}");
    assert_eq!(setup.stage.put(&id, update).await.status, 200);
    let sent = setup.writes().remove(0);
    assert!(["hush-1", "hush-2", "hush-3"].iter().all(|secret| sent.contains(secret)), "{sent}");
}

#[tokio::test]
async fn what_the_vendor_drops_or_changes_silently_is_not_applied() {
    let stored = json!({
        "agent_id": "agent_1", "name": "Old",
        "conversation_config": { "tts": { "speed": 1.0, "stability": 0.5 }, "agent": { "first_message": "Hi." } },
        "platform_settings": {},
    });
    let answer: Answer = Box::new(move |method, _, _| {
        let mut told = stored.clone();
        if method == "PATCH" {
            told["name"] = json!("New");
            told["conversation_config"]["tts"]["speed"] = json!(1.05);
        }
        (OK, told)
    });
    let setup = Setup::of("elevenlabs", "", answer).await;
    let update = json!({ "name": "New", "speech_speed": 1.1, "max_duration": 600 });
    let reply = setup.put("agent_1", &update).await;
    let report = reply.json()["report"].clone();
    assert_eq!(report["applied"], json!(["name"]), "{report:#}");
    let mut warnings = report["warnings"].as_array().unwrap().clone();
    warnings.sort_by_key(|warning| warning["field"].to_string());
    assert_eq!((&warnings[0]["field"], &warnings[0]["code"]), (&json!("max_duration"), &json!("not_persisted")));
    assert_eq!((&warnings[0]["sent"], &warnings[0]["stored"]), (&json!(600), &Value::Null));
    assert_eq!((&warnings[1]["field"], &warnings[1]["code"]), (&json!("speech_speed"), &json!("changed_by_vendor")));
    assert_eq!((&warnings[1]["sent"], &warnings[1]["stored"]), (&json!(1.1), &json!(1.05)));
}

/// As an update: the response to a creation is compared with what was sent, if it tells the assistant.
#[tokio::test]
async fn what_the_vendor_drops_of_a_new_assistant_is_not_applied() {
    let told = |path: &str, body: &Value| {
        let (mut told, id) = (body.clone(), if path == "/create-agent" { "agent_id" } else { "llm_id" });
        (told[id], told["version"]) = (json!("id_9"), json!(0));
        told.as_object_mut().unwrap().remove("voice_speed");
        if path == "/create-retell-llm" {
            told["model_config"]["temperature"] = json!(0.5);
        }
        told
    };
    let setup = Setup::of("retell", "", Box::new(move |_, path, body| ("201 Created", told(path, body)))).await;
    let creation = json!({ "name": "New", "voice_id": "11labs-Adrian", "speech_speed": 1.1, "llm_temperature": 0.2 });
    let path = "/v1/assistants?vendor=there";
    let reply = setup.stage.call(Method::POST, path, &JSON, creation.to_string()).await;
    let report = reply.json()["report"].clone();
    assert_eq!((reply.status.as_u16(), &report["applied"]), (201, &json!(["name", "voice_id"])), "{report:#}");
    let warnings: Vec<_> =
        report["warnings"].as_array().unwrap().iter().filter(|one| one["sent"] != Value::Null).collect();
    let brief = |one: &Value| json!([one["field"], one["code"], one["sent"], one["stored"]]);
    assert_eq!(
        warnings.into_iter().map(brief).collect::<Value>(),
        json!([["speech_speed", "not_persisted", 1.1, null], ["llm_temperature", "changed_by_vendor", 0.2, 0.5],])
    );

    // The id alone says nothing of the rest.
    let answer: Answer = Box::new(|_, _, _| (OK, json!({ "agent_id": "agent_9" })));
    let setup = Setup::of("elevenlabs", "", answer).await;
    let creation = json!({ "name": "New", "speech_speed": 1.1 }).to_string();
    let reply = setup.stage.call(Method::POST, path, &JSON, creation).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["report"]["applied"]), (201, &json!(["name", "speech_speed"])));
}

#[tokio::test]
async fn an_assistant_of_two_megabytes_is_read_written_and_confirmed() {
    let mut stored = vapi_assistant();
    stored["model"]["messages"][1]["content"] = json!("x".repeat(2 << 20));
    let setup = Setup::of("vapi", "", vapi(stored, |_, _| None)).await;
    let reply = setup.put(VAPI_ID, &json!({ "system_prompt": "Be brief." })).await;
    assert_eq!((reply.status.as_u16(), reply.json()["report"]["applied"].clone()), (200, json!(["system_prompt"])));
    assert_eq!(setup.stage.get(&format!("/v1/assistants/there:{VAPI_ID}")).await.status, 200);
}

#[tokio::test]
async fn an_answer_that_is_no_assistant_is_unknown() {
    for (answer, code) in [(json!([]), "vendor_bad_response"), (json!({ "detail": "x" }), "vendor_bad_response")] {
        let setup = Setup::of("elevenlabs", "", Box::new(move |_, _, _| (OK, answer.clone()))).await;
        let problem = setup.put("agent_1", &json!({ "name": "New" })).await.problem(code);
        assert_eq!(problem["outcome"], "unknown", "{problem:#}");
    }
}

#[tokio::test]
async fn with_a_store_a_plan_is_delivered_as_well_and_its_key_answers_again() {
    let home = tempfile::tempdir().unwrap();
    let store = format!("[store]\nkind = \"sqlite\"\npath = \"{}\"\n", home.path().join("store.db").display());
    let setup = Setup::of("retell", &store, retell(false, never)).await;
    let update = json!({ "name": "New", "system_prompt": "Be brief." }).to_string();
    let keyed = [("idempotency-key", "k1")];
    let first = setup.stage.put_with("there:agent_1", &keyed, update.clone()).await;
    let again = setup.stage.put_with("there:agent_1", &keyed, update.clone()).await;
    assert_eq!((first.status.as_u16(), &first.body), (200, &again.body), "{first:?}");
    assert_eq!((again.header("idempotency-replayed"), setup.writes().len()), (Some("true"), 2));
    let accepted = setup.stage.put_with("there:agent_1", &[("prefer", "respond-async")], update).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let record = accepted.header("location").unwrap().to_owned();
    let state = eventually(PATIENCE, async || {
        let record = setup.stage.get(&record).await.json();
        (record["state"] != "queued" && record["state"] != "sending").then(|| record["state"].clone())
    })
    .await;
    assert_eq!(state, "applied");
}

/// With a store a change that was sent is finished, however many requests it takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_between_two_requests_of_a_plan_does_not_end_it() {
    let home = tempfile::tempdir().unwrap();
    let (path, audit) = (home.path().join("store.db"), home.path().join("audit.jsonl"));
    let store =
        format!("[store]\nkind = \"sqlite\"\npath = \"{}\"\n[audit]\nfile = \"{}\"\n", path.display(), audit.display());
    let (arrived, has_arrived) = std::sync::mpsc::channel();
    let (release, is_released) = std::sync::mpsc::channel::<()>();
    let mut answer = retell(false, never);
    let slow: Answer = Box::new(move |method, target, body| {
        if method == "PATCH" && target.starts_with("/update-retell-llm/") {
            arrived.send(()).unwrap();
            is_released.recv().unwrap();
        }
        answer(method, target, body)
    });
    let setup = Setup::of("retell", &store, slow).await;
    let update = json!({ "name": "New", "system_prompt": "Be brief." });
    let record = setup.ended_without(setup.put("agent_1", &update), has_arrived, release).await;
    assert_eq!(record["state"], "applied", "{record:#}");
    let writes = setup.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    let lines = eventually(PATIENCE, async || {
        let lines = std::fs::read_to_string(&audit).unwrap_or_default();
        lines.contains("\"update_finished\"").then_some(lines)
    })
    .await;
    let of_change = |line: &&str| line.contains("\"vendor\":\"there\"");
    let lines: Vec<Value> = lines.lines().filter(of_change).map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = lines.iter().map(|line| (&line["event"], &line["outcome"])).collect();
    let [unknown, applied] = [json!("unknown"), json!("applied")];
    let expected = [(&json!("update"), &unknown), (&json!("update_finished"), &applied)];
    assert_eq!(said, expected, "when the caller left, and at the end");
}

/// A creation that has arrived is in the record with its id, although its caller has left.
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_whose_caller_leaves_is_recorded_with_its_id() {
    let home = tempfile::tempdir().unwrap();
    let store = format!("[store]\nkind = \"sqlite\"\npath = \"{}\"\n", home.path().join("store.db").display());
    let (arrived, has_arrived) = std::sync::mpsc::channel();
    let (release, is_released) = std::sync::mpsc::channel::<()>();
    let slow: Answer = Box::new(move |method, _, _| {
        if method == "POST" {
            arrived.send(()).unwrap();
            is_released.recv().unwrap();
            return ("201 Created", vapi_assistant());
        }
        (OK, vapi_assistant())
    });
    let setup = Setup::of("vapi", &store, slow).await;
    let body = json!({ "name": "Old" }).to_string();
    let record = setup
        .ended_without(setup.stage.call(Method::POST, "/v1/assistants?vendor=there", &JSON, body), has_arrived, release)
        .await;
    assert_eq!((&record["state"], &record["id"]), (&json!("applied"), &json!(VAPI_ID)), "{record:#}");
    assert_eq!(setup.writes().len(), 1, "it arrived once");
}
