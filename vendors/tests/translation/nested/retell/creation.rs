//! A new assistant: the LLM first, then the agent that answers with it.

use serde_json::{Value, json};
use vendors::{InvalidResponse, Run, Settings};

use super::super::{create, drive};
use super::{agent, llm, retell};

const NEW: &str =
    r#"{"name":"Front desk","voice_id":"11labs-Adrian","system_prompt":"Be brief.","language":"de","fillers":true}"#;

fn creation(update: &str) -> Result<Vec<(String, Value)>, vendors::Refused> {
    let request = create(retell(), update)?;
    let settings = Settings::default();
    let mut run = Run::create(retell(), &request, &settings).unwrap();
    let all = drive(&mut run, |step| if step.path.contains("llm") { llm().to_string() } else { agent().to_string() })?;
    assert_eq!(run.parameter("id"), Some("agent_1"));
    assert!(all.iter().all(|step| !step.repeatable), "no creation is sent twice");
    Ok(all
        .into_iter()
        .map(|step| (format!("{} {}", step.method, step.path), serde_json::from_slice(&step.body).unwrap()))
        .collect())
}

#[test]
fn the_llm_is_made_first_and_the_agent_answers_with_it() {
    assert_eq!(
        creation(NEW).unwrap(),
        [
            ("POST /create-retell-llm".to_owned(), json!({ "start_speaker": "agent", "general_prompt": "Be brief." })),
            (
                "POST /create-agent".to_owned(),
                json!({
                    "response_engine": { "type": "retell-llm", "llm_id": "llm_1" }, "agent_name": "Front desk",
                    "handbook_config": { "natural_filler_words": true }, "language": "de-DE", "voice_id": "11labs-Adrian",
                }),
            ),
        ]
    );
}

#[test]
fn settings_that_depend_on_stored_ones_have_the_vendors_form_in_a_new_assistant() {
    let all = creation(
        r##"{"voice_id":"v","secondary_language_ids":["de"],"enable_noise_cancellation":true,"record":true,"allow_interruptions":true,
            "end_call_on_voicemail":true,"post_call_evaluation":true,"tools":[{"type":"end_call"}],"wait_for_customer":true,
            "transcriber_provider_id":"azure","multimodal_model_id":"gpt-realtime",
            "post_call_schema":[{"name":"done","type":"bool","description":"Whether."}]}"##,
    );
    let [(_, llm), (_, agent)] = &*all.unwrap() else { panic!() };
    assert_eq!(
        *llm,
        json!({
            "start_speaker": "user", "general_tools": [{ "type": "end_call", "name": "end_call" }],
            "model_config": { "type": "s2s", "primary": { "model": "gpt-realtime" } },
        })
    );
    assert_eq!(
        *agent,
        json!({
            "response_engine": { "type": "retell-llm", "llm_id": "llm_1" }, "voice_id": "v", "language": ["en-US", "de-DE"],
            "denoising_mode": "noise-cancellation", "data_storage_setting": "everything", "interruption_sensitivity": 1,
            "voicemail_option": { "action": { "type": "hangup" } },
            "stt_mode": "custom", "custom_stt_config": { "provider": "azure", "endpointing_ms": 500 },
            "post_call_analysis_data": [
                { "name": "call_successful", "type": "system-presets" },
                { "name": "done", "type": "boolean", "description": "Whether." },
            ],
        })
    );
}

#[test]
fn a_new_assistant_needs_a_voice_and_gets_no_other_engine() {
    let refused = create(retell(), r#"{"name":"x"}"#).unwrap_err().items.list;
    assert_eq!((&*refused[0].pointer, refused[0].code.as_str()), ("#/voice_id", "required"));
    let engine = r#"{"voice_id":"v","vendor_options":{"retell":{"agent":{"response_engine":{"type":"custom-llm"}}}}}"#;
    let refused = creation(engine).unwrap_err().items.list;
    assert_eq!((refused[0].field.as_deref(), refused[0].code.as_str()), (Some("vendor_options"), "conflict"));
    assert!(refused[0].detail.contains("agent.response_engine"));
    let refused = creation(r#"{"voice_id":"v","mode":"multimodal","llm_model_id":"gpt-5"}"#).unwrap_err().items.list;
    assert_eq!((&*refused[0].pointer, refused[0].code.as_str()), ("#/llm_model_id", "unsupported_value"));
}

#[test]
fn an_answer_without_an_id_ends_a_creation() {
    let request = create(retell(), NEW).unwrap();
    let settings = Settings::default();
    let mut run = Run::create(retell(), &request, &settings).unwrap();
    run.next().unwrap().unwrap();
    assert_eq!(run.answered(b"{}"), Err(InvalidResponse::Lacks("llm_id".to_owned())));
    assert!(run.is_begun(), "it was made, and its id is not known");
    let mut run = Run::create(retell(), &request, &settings).unwrap();
    run.next().unwrap().unwrap();
    run.answered(br#"{"llm_id":"llm_9"}"#).unwrap();
    assert_eq!(run.made(), ["the LLM `llm_9`"]);
    let step = run.next().unwrap().unwrap();
    assert!(String::from_utf8(step.body).unwrap().contains(r#""llm_id":"llm_9""#));
    assert_eq!(run.answered(br#"{"agent_name":"x"}"#), Err(InvalidResponse::Lacks("agent_id".to_owned())));
}

#[test]
fn a_deletion_deletes_the_agent_only() {
    let delete = retell().operations.delete.unwrap();
    assert_eq!((delete.method, delete.path_of("agent_1")), ("DELETE", "/delete-agent/agent_1".to_owned()));
}
