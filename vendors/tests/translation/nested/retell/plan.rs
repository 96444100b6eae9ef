//! The requests of an update, in order, and what stops them.

use serde_json::{Value, json};
use vendors::{InvalidResponse, Purpose, Run, Settings, Step};

use super::super::{drive, steps, translate};
use super::{agent, llm, retell, vendor, writes};

fn published() -> Value {
    let mut agent = agent();
    agent["is_published"] = json!(true);
    agent
}

fn publishing() -> Settings {
    Settings { publishes: true, ..Settings::default() }
}

#[test]
fn a_dozen_fields_become_these_requests_in_this_order() {
    let update = json!({
        "name": "Front desk", "system_prompt": "Be brief.", "max_duration": 600, "speech_speed": 1.1, "language": "de",
        "llm_model_id": "gpt-6-sol", "llm_temperature": 0.3, "initial_message": "Moin.", "enable_noise_cancellation": true,
        "interrupt_sensitivity": 2.5, "ambient_sound": "office", "voice_mail_message": "Bye.", "end_call_on_voicemail": true,
        "post_call_schema": [{ "name": "done", "type": "bool", "description": "Whether it is done." }], "ringing_time": 20,
    });
    let llm_body = concat!(
        r#"{"begin_message":"Moin.","general_prompt":"Be brief.","#,
        r#""model_config":{"primary":{"model":"gpt-6-sol","tier":"fast"},"temperature":0.3}}"#
    );
    let agent_body = concat!(
        r#"{"agent_name":"Front desk","ambient_sound":"call-center","denoising_mode":"noise-and-background-speech-cancellation","#,
        r#""interruption_sensitivity":0.5,"language":["de-DE","es-ES"],"max_call_duration_ms":600000,"#,
        r#""post_call_analysis_data":[{"description":"In two sentences.","name":"call_summary","type":"system-presets"},"#,
        r#"{"name":"done","type":"boolean","description":"Whether it is done."}],"ring_duration_ms":20000,"voice_speed":1.1,"#,
        r#""voicemail_option":{"detection_prompt":"A beep.","action":{"type":"static_text","text":"Bye."}}}"#
    );
    let (agent, llm) = (published(), llm());
    assert_eq!(
        steps(retell(), &update.to_string(), &publishing(), vendor(&agent, &llm)),
        [
            "GET /get-agent/id_1 ".to_owned(),
            "GET /get-retell-llm/llm_1?version=7 ".to_owned(),
            r#"POST /create-agent-version/id_1 {"base_version":7}"#.to_owned(),
            format!("PATCH /update-retell-llm/llm_1?version=8 {llm_body}"),
            format!("PATCH /update-agent/id_1?version=8 {agent_body}"),
            r#"POST /publish-agent-version/id_1 {"version":8}"#.to_owned(),
        ]
    );
}

#[test]
fn only_the_objects_that_change_are_written_and_only_what_is_needed_is_read() {
    let run = |update: Value, agent: &Value| {
        let steps = steps(retell(), &update.to_string(), &Settings::default(), vendor(agent, &llm()));
        steps.iter().map(|step| step.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(run(json!({ "name": "x" }), &agent()), ["GET /get-agent/id_1", "PATCH /update-agent/id_1?version=7"]);
    assert_eq!(
        run(json!({ "system_prompt": "x" }), &agent()),
        ["GET /get-agent/id_1", "PATCH /update-retell-llm/llm_1?version=7"]
    );
    assert_eq!(
        run(json!({ "system_prompt": "x" }), &published()),
        ["GET /get-agent/id_1", "POST /create-agent-version/id_1", "PATCH /update-retell-llm/llm_1?version=8"]
    );
    assert_eq!(
        run(json!({ "llm_model": "x" }), &agent())[..2],
        ["GET /get-agent/id_1", "GET /get-retell-llm/llm_1?version=7"]
    );
}

#[test]
fn nothing_is_published_that_nobody_asked_for() {
    let request = translate(retell(), r#"{"name":"x"}"#).unwrap();
    for (settings, unpublished) in [(Settings::default(), Some("8")), (publishing(), None)] {
        let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
        assert_eq!(run.unpublished(), None, "nothing is written yet");
        let all = drive(&mut run, vendor(&published(), &llm())).unwrap();
        assert_eq!(all.iter().filter(|step| step.purpose == Purpose::Publish).count(), usize::from(settings.publishes));
        assert_eq!(run.unpublished(), unpublished);
    }
    let mut read = Run::read(retell(), "agent_1", &publishing()).map(|_| ()).is_some();
    read &= Run::read(retell(), "agent_1", &Settings::default()).is_some();
    assert!(read);
    let settings = publishing();
    let all = drive(&mut Run::read(retell(), "agent_1", &settings).unwrap(), vendor(&published(), &llm())).unwrap();
    let paths: Vec<_> = all.iter().map(|step| format!("{} {}", step.method, step.path)).collect();
    assert_eq!(paths, ["GET /get-agent/agent_1", "GET /get-retell-llm/llm_1?version=7"]);
}

#[test]
fn another_response_engine_refuses_the_fields_of_the_llm_before_anything_is_written() {
    for engine in [
        json!({ "type": "conversation-flow", "conversation_flow_id": "flow_1" }),
        json!({ "type": "custom-llm", "llm_websocket_url": "wss://example.com/llm?token=s3cret" }),
    ] {
        let mut other = published();
        other["response_engine"] = engine;
        let request = translate(retell(), r#"{"name":"x","system_prompt":"y","tools":[]}"#).unwrap();
        let settings = Settings::default();
        let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
        assert_eq!(run.next().unwrap().unwrap().path, "/get-agent/agent_1");
        run.answered(other.to_string().as_bytes()).unwrap();
        let refused = run.next().unwrap_err().items.list;
        let fields: Vec<_> = refused.iter().map(|item| (&*item.pointer, item.code.as_str())).collect();
        assert_eq!(fields, [("#/system_prompt", "unsupported_field"), ("#/tools", "unsupported_field")]);
        assert!(
            refused
                .iter()
                .all(|item| item.detail.contains("response engine of another kind") && !item.detail.contains("s3cret"))
        );
        assert!(!run.is_begun() && run.applied_and_pending().0.is_empty());
        // The agent's own fields need no LLM, and it is read without one.
        assert_eq!(writes(&json!({ "name": "x" }), &other, &Value::Null).len(), 2);
        let mut read = Run::read(retell(), "agent_1", &settings).unwrap();
        assert_eq!(drive(&mut read, vendor(&other, &Value::Null)).unwrap().len(), 1);
    }
}

#[test]
fn a_field_of_another_kind_of_model_is_refused_before_anything_is_written() {
    let mut s2s = llm();
    s2s["model_config"] = json!({ "type": "s2s", "primary": { "model": "gpt-realtime-2" } });
    let settings = Settings::default();
    for (update, pointers) in [
        (r#"{"llm_model_id":"gpt-5","name":"x"}"#, &["#/llm_model_id"][..]),
        (r#"{"llm_fallback_models":["gpt-5"]}"#, &["#/llm_fallback_models"]),
        (r#"{"llm_model":"gpt-5","chat_llm_fallback_id":"gpt-5"}"#, &["#/llm_model", "#/chat_llm_fallback_id"]),
    ] {
        let request = translate(retell(), update).unwrap();
        let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
        let refused = drive(&mut run, vendor(&published(), &s2s)).unwrap_err().items.list;
        assert_eq!(refused.iter().map(|item| &*item.pointer).collect::<Vec<_>>(), pointers);
        assert!(
            refused.iter().all(|item| item.detail.contains("`cascading`") && item.detail.contains("s2s")),
            "{refused:?}"
        );
        assert!(!run.is_begun());
    }
    let both = json!({ "mode": "pipeline", "llm_model_id": "gpt-5" });
    assert_eq!(
        writes(&both, &agent(), &s2s),
        [
            r#"PATCH /update-retell-llm/llm_1?version=7 {"model_config":{"primary":{"model":"gpt-5"},"type":"cascading"}}"#
        ]
    );
}

#[test]
fn after_a_refusal_the_report_says_what_was_applied() {
    let update = r#"{"name":"x","system_prompt":"y","vendor_options":{"retell":{"agent":{"volume":1}}}}"#;
    let request = translate(retell(), update).unwrap();
    let settings = publishing();
    let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
    let names = |run: &Run<'_>| {
        let (applied, pending) = run.applied_and_pending();
        [applied, pending].map(|fields| fields.iter().map(|field| field.name()).collect::<Vec<_>>())
    };
    let (agent, llm) = (published(), llm());
    let vendor = vendor(&agent, &llm);
    for purpose in [Purpose::Read, Purpose::Draft] {
        let step = run.next().unwrap().unwrap();
        assert_eq!(step.purpose, purpose);
        run.answered(vendor(&step).as_bytes()).unwrap();
    }
    let step = run.next().unwrap().unwrap();
    assert_eq!((step.purpose, step.title), (Purpose::Write, "the LLM"));
    assert_eq!(names(&run), [vec![], vec!["name", "system_prompt", "vendor_options"]], "a draft applies nothing");
    assert!(!run.is_begun());
    run.answered(vendor(&step).as_bytes()).unwrap();
    assert_eq!(names(&run), [vec!["system_prompt"], vec!["name", "vendor_options"]]);
    assert!(run.is_begun());
    let refused = run.next().unwrap().unwrap();
    assert_eq!((refused.title, &*refused.path), ("the agent", "/update-agent/agent_1?version=8"));
    assert_eq!(run.next().unwrap().unwrap(), refused, "it is not passed over");
    assert_eq!(names(&run)[1], ["name", "vendor_options"]);
    // The whole plan is repeated: the draft is there by now, so that there is no other.
    let mut again = Run::update(retell(), "agent_1", &request, &settings).unwrap();
    let mut draft = agent.clone();
    (draft["version"], draft["is_published"]) = (json!(8), json!(false));
    let paths: Vec<_> =
        drive(&mut again, super::vendor(&draft, &llm)).unwrap().into_iter().map(|step| step.path).collect();
    assert_eq!(
        paths,
        [
            "/get-agent/agent_1",
            "/update-retell-llm/llm_1?version=8",
            "/update-agent/agent_1?version=8",
            "/publish-agent-version/agent_1"
        ]
    );
    assert_eq!(names(&again), [vec!["name", "system_prompt", "vendor_options"], vec![]]);
}

#[test]
fn options_count_for_the_object_that_they_stand_in() {
    let update = r#"{"name":"x","vendor_options":{"retell":{"llm":{"starting_state":"a"}}}}"#;
    let request = translate(retell(), update).unwrap();
    let settings = Settings::default();
    let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
    for _ in 0..2 {
        let step = run.next().unwrap().unwrap();
        run.answered(vendor(&agent(), &llm())(&step).as_bytes()).unwrap();
    }
    let (applied, pending) = run.applied_and_pending();
    assert_eq!((applied[0].name(), pending[0].name()), ("vendor_options", "name"));
}

/// Answers an update's requests with these bodies, and gives the first that is not taken.
fn misread(update: &str, settings: &Settings, bodies: &[&str]) -> (usize, InvalidResponse) {
    let request = translate(retell(), update).unwrap();
    let mut run = Run::update(retell(), "agent_1", &request, settings).unwrap();
    for (index, body) in bodies.iter().enumerate() {
        let step = run.next().unwrap().unwrap();
        if let Err(invalid) = run.answered(body.as_bytes()) {
            assert_eq!(run.next().unwrap(), Some(step), "the run stays where it is");
            return (index, invalid);
        }
    }
    panic!("all were taken");
}

#[test]
fn answers_that_are_no_objects_or_lack_what_is_needed_stop_the_run() {
    let draft = r#"{"version":7,"is_published":false,"response_engine":{"llm_id":"llm_1"}}"#;
    let live = draft.replace("false", "true");
    let never = Settings::default();
    for body in ["", " \r\n", "\u{feff}"] {
        assert_eq!(misread(r#"{"name":"x"}"#, &never, &[body]), (0, InvalidResponse::Empty));
    }
    for body in ["[]", "\"ok\"", "null", "1"] {
        assert_eq!(misread(r#"{"name":"x"}"#, &never, &[body]), (0, InvalidResponse::NoData), "{body}");
        assert_eq!(misread(r#"{"name":"x"}"#, &never, &[draft, body]), (1, InvalidResponse::NoData), "{body}");
    }
    assert!(matches!(misread(r#"{"name":"x"}"#, &never, &["<html>"]).1, InvalidResponse::NotJson(_)));
    let lacks = |bodies: &[&str], settings| misread(r#"{"name":"x"}"#, settings, bodies);
    let version = |index| (index, InvalidResponse::Lacks("version".to_owned()));
    assert_eq!(lacks(&[r#"{"is_published":true}"#], &never), version(0), "no draft can be asked for");
    assert_eq!(lacks(&[&live, "{}"], &never), version(1), "the published version would be written");
    assert_eq!(lacks(&[&live, r#"{"version":null}"#], &never), version(1));
    assert_eq!(lacks(&["{}", "{}"], &publishing()), version(1), "nothing to publish by");
    // Without a version the update is the latest draft's.
    let paths = steps(retell(), r#"{"name":"x"}"#, &never, |_| "{}".to_owned());
    assert_eq!(paths, ["GET /get-agent/id_1 ", r#"PATCH /update-agent/id_1 {"agent_name":"x"}"#]);
}

#[test]
fn values_of_a_hostile_vendor_stay_where_they_belong() {
    let hostile = json!({
        "version": "1,\"x\":{id}/../&a=b", "is_published": true, "response_engine": { "llm_id": "../x?y#{version}" },
    });
    let request = translate(retell(), r#"{"system_prompt":"x"}"#).unwrap();
    let settings = publishing();
    let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
    let all = drive(&mut run, |_| hostile.to_string()).unwrap();
    for step in &all {
        let path = step.path.split('?').next().unwrap();
        assert!(path.split('/').all(|segment| !matches!(segment, "." | "..")), "{}", step.path);
        assert!(step.path.matches('?').count() <= 1 && step.path.matches('&').count() == 0, "{}", step.path);
        if !step.body.is_empty() {
            let body: Value = serde_json::from_slice(&step.body).unwrap();
            assert!(body.as_object().unwrap().len() == 1, "{body}");
        }
    }
    for id in [".", "..", ""] {
        let other = json!({ "response_engine": { "llm_id": id } }).to_string();
        let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
        assert!(drive(&mut run, |_| other.clone()).is_err(), "{id}");
    }
}

#[test]
fn a_run_ends_whatever_it_is_told() {
    let answers = [
        "{}",
        r#"{"is_published":true,"version":1}"#,
        r#"{"response_engine":{"llm_id":"l"}}"#,
        r#"{"version":[]}"#,
        "[]",
        "",
    ];
    let updates = [r#"{"name":"x"}"#, r#"{"system_prompt":"x"}"#, r#"{"name":"x","tools":[],"language":"de"}"#, "{}"];
    for (update, settings) in
        updates.into_iter().flat_map(|update| [(update, Settings::default()), (update, publishing())])
    {
        let request = translate(retell(), update).unwrap();
        for seed in 0..answers.len().pow(3) {
            let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
            let mut rest = seed;
            let mut sent: Vec<Step> = Vec::new();
            while let Ok(Some(step)) = run.next() {
                sent.push(step);
                assert!(sent.len() <= 6, "{sent:?}");
                if run.answered(answers[rest % answers.len()].as_bytes()).is_err() {
                    break;
                }
                rest /= answers.len();
            }
            let order = [Purpose::Read, Purpose::Draft, Purpose::Write, Purpose::Publish];
            let place = |step: &Step| order.iter().position(|purpose| *purpose == step.purpose).unwrap();
            assert!(sent.is_sorted_by_key(place), "{sent:?}");
            assert!(settings.publishes || sent.iter().all(|step| step.purpose != Purpose::Publish));
        }
    }
}

#[test]
fn a_dry_run_shows_every_request_without_sending_one() {
    let request = translate(retell(), r#"{"name":"x","system_prompt":"y"}"#).unwrap();
    let settings = publishing();
    let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
    let mut shown = Vec::new();
    while let Some(step) = run.next().unwrap() {
        match step.purpose {
            Purpose::Read => run.answered(published().to_string().as_bytes()).unwrap(),
            _ => {
                run.skip();
                shown.push(format!("{} {} {}", step.method, step.path, String::from_utf8(step.body).unwrap()));
            }
        }
    }
    assert_eq!(shown[0], r#"POST /create-agent-version/agent_1 {"base_version":7}"#);
    assert!(
        shown[1].starts_with("PATCH /update-retell-llm/llm_1?version=")
            && shown[2].starts_with("PATCH /update-agent/agent_1?version=")
    );
    assert!(shown[3].starts_with("POST /publish-agent-version/agent_1 {\"version\":"));
    assert_eq!((shown.len(), run.unpublished()), (4, None));
}
