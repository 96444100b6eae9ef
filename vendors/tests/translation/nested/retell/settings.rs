//! Fields that share one setting of the vendor's, and what must not be lost of it.

use serde_json::{Value, json};

use super::super::body;
use super::{agent, llm, refusal, refused, retell, written, written_to};

#[test]
fn a_language_is_a_locale_and_leaves_the_others() {
    let language = |update: Value, stored: Value| {
        let mut agent = agent();
        agent["language"] = stored;
        written_to(&update, &agent, &llm())["agent"]["language"].clone()
    };
    for (code, locale) in [
        ("en", "en-US"),
        ("es", "es-ES"),
        ("pt", "pt-PT"),
        ("fr", "fr-FR"),
        ("de", "de-DE"),
        ("zh", "zh-CN"),
        ("no", "no-NO"),
        ("nl", "nl-NL"),
        ("DE", "de-DE"),
        ("en-GB", "en-GB"),
        ("yue-CN", "yue-CN"),
    ] {
        assert_eq!(language(json!({ "language": code }), json!("fr-FR")), json!(locale), "{code}");
        assert_eq!(language(json!({ "language_id": code }), json!("fr-FR")), json!(locale), "{code}");
    }
    assert_eq!(
        language(json!({ "language": "German" }), json!(["en-US", "es-ES", "fr-FR"])),
        json!(["de-DE", "es-ES", "fr-FR"])
    );
    assert_eq!(
        language(json!({ "language_id": "es-ES" }), json!(["en-US", "es-ES"])),
        json!("es-ES"),
        "no locale twice"
    );
    assert_eq!(
        language(json!({ "secondary_language_ids": ["de", "pt-BR"] }), json!(["fr-FR", "es-ES"])),
        json!(["fr-FR", "de-DE", "pt-BR"])
    );
    assert_eq!(language(json!({ "secondary_language_ids": [] }), json!(["fr-FR", "es-ES"])), json!("fr-FR"));
    assert_eq!(
        language(json!({ "secondary_language_ids": ["de-DE"] }), Value::Null),
        json!(["en-US", "de-DE"]),
        "the vendor's default leads"
    );
    assert_eq!(
        language(json!({ "language": "it", "secondary_language_ids": ["de-DE"] }), json!("fr-FR")),
        json!(["it-IT", "de-DE"])
    );
}

#[test]
fn a_model_keeps_its_tier_unless_it_is_of_another_kind() {
    assert_eq!(
        written(&json!({ "llm_model_id": "gpt-6-sol" })),
        json!({ "llm": { "model_config": { "primary": { "model": "gpt-6-sol", "tier": "fast" } } } })
    );
    assert_eq!(written(&json!({ "llm_model": "gpt-6-sol" })), written(&json!({ "llm_model_id": "gpt-6-sol" })));
    let s2s = json!({ "llm": { "model_config": { "primary": { "model": "gpt-realtime-2" }, "type": "s2s" } } });
    assert_eq!(written(&json!({ "multimodal_model_id": "gpt-realtime-2" })), s2s);
    assert_eq!(written(&json!({ "mode": "multimodal", "multimodal_model": "gpt-realtime-2" })), s2s);
    let fallback = json!({ "llm": { "model_config": { "backup": { "model": "gpt-5", "tier": "standard", "kick_in_timeout_ms": 2000 } } } });
    assert_eq!(written(&json!({ "llm_fallback_models": ["gpt-5"] })), fallback);
    assert_eq!(written(&json!({ "chat_llm_fallback_id": "gpt-5" })), fallback);
    assert_eq!(
        written(&json!({ "llm_fallback_models": [] })),
        json!({ "llm": { "model_config": { "backup": null } } })
    );
    let mut old = llm();
    old.as_object_mut().unwrap().remove("model_config");
    assert_eq!(
        written_to(&json!({ "llm_model_id": "gpt-5" }), &agent(), &old),
        json!({ "llm": { "model_config": { "primary": { "model": "gpt-5" } } } }),
        "an LLM that has the withdrawn `model` still"
    );
    assert_eq!(body(retell(), r#"{"mode":"multimodal"}"#), json!({ "llm": { "model_config": { "type": "s2s" } } }));
    assert_eq!(refusal(&json!({ "mode": "pipeline", "multimodal_model_id": "gpt-realtime" })).1, "conflict");
}

#[test]
fn a_stronger_setting_is_not_lowered() {
    let set = |update: &Value, member: &str, stored: Value| {
        let mut agent = agent();
        agent[member] = stored;
        written_to(update, &agent, &llm())["agent"][member].clone()
    };
    let strong = "noise-and-background-speech-cancellation";
    for (stored, on) in [
        (json!(strong), strong),
        (json!("noise-cancellation"), "noise-cancellation"),
        (json!("no-denoise"), "noise-cancellation"),
        (Value::Null, "noise-cancellation"),
    ] {
        assert_eq!(set(&json!({ "enable_noise_cancellation": true }), "denoising_mode", stored.clone()), json!(on));
        assert_eq!(set(&json!({ "enable_noise_cancellation": false }), "denoising_mode", stored), json!("no-denoise"));
    }
    for (stored, on) in [
        (json!("everything_except_pii"), "everything_except_pii"),
        (json!("basic_attributes_only"), "everything"),
        (Value::Null, "everything"),
    ] {
        assert_eq!(set(&json!({ "record": true }), "data_storage_setting", stored.clone()), json!(on));
        assert_eq!(set(&json!({ "record": false }), "data_storage_setting", stored), json!("basic_attributes_only"));
    }
    for (stored, on) in
        [(json!(0.3), json!(0.3)), (json!(0), json!(1)), (json!(0.0), json!(1)), (Value::Null, json!(1))]
    {
        assert_eq!(set(&json!({ "allow_interruptions": true }), "interruption_sensitivity", stored.clone()), on);
        assert_eq!(set(&json!({ "allow_interruptions": false }), "interruption_sensitivity", stored), json!(0));
    }
}

#[test]
fn fields_of_one_setting_agree_or_conflict() {
    let sensitivity = |update: Value| written(&update)["agent"]["interruption_sensitivity"].clone();
    assert_eq!(sensitivity(json!({ "allow_interruptions": true, "interrupt_sensitivity": 2 })), json!(0.4));
    assert_eq!(sensitivity(json!({ "interrupt_sensitivity": 0, "allow_interruptions": false })), json!(0));
    for update in [
        json!({ "allow_interruptions": true, "interrupt_sensitivity": 0 }),
        json!({ "allow_interruptions": false, "interrupt_sensitivity": 2 }),
        json!({ "interrupt_sensitivity": 2, "allow_interruptions": false }),
        json!({ "is_webhook_active": false, "webhook_url": "https://example.com" }),
        json!({ "is_webhook_active": true, "webhook_url": null }),
        json!({ "end_call_on_voicemail": false, "voice_mail_message": "Hi" }),
        json!({ "chat_llm_fallback_id": "a", "llm_fallback_models": ["b"] }),
        json!({ "webhook_url": null, "vendor_options": { "retell": { "agent": { "webhook_url": "x" } } } }),
        json!({ "voice_id": "a", "voice": "b" }),
    ] {
        assert!(refused(&update).iter().any(|item| item.code.as_str() == "conflict"), "{update}");
    }
    let both = json!({ "is_webhook_active": true, "webhook_url": "https://example.com" });
    assert_eq!(written(&both), json!({ "agent": { "webhook_url": "https://example.com" } }));
}

#[test]
fn voicemail_is_one_option_and_keeps_how_it_is_detected() {
    let option = |update: Value, stored: Value| {
        let mut agent = agent();
        agent["voicemail_option"] = stored;
        written_to(&update, &agent, &llm())["agent"]["voicemail_option"].clone()
    };
    let stored = agent()["voicemail_option"].clone();
    let hang_up = json!({ "action": { "type": "hangup" } });
    let hang_up_after = json!({ "action": { "type": "hangup" }, "detection_prompt": "A beep." });
    let text = json!({ "type": "static_text", "text": "Bye" });
    let bridge = json!({ "action": { "type": "bridge_transfer" } });
    for (update, before, after) in [
        (json!({ "end_call_on_voicemail": true }), stored.clone(), stored.clone()),
        (json!({ "end_call_on_voicemail": true }), Value::Null, hang_up.clone()),
        (json!({ "end_call_on_voicemail": true }), bridge.clone(), hang_up.clone()),
        (json!({ "end_call_on_voicemail": false }), stored.clone(), Value::Null),
        (json!({ "end_call_on_voicemail": false, "voice_mail_message": null }), stored.clone(), Value::Null),
        (
            json!({ "voice_mail_message": "Bye" }),
            stored.clone(),
            json!({ "action": text, "detection_prompt": "A beep." }),
        ),
        (json!({ "voice_mail_message": "Bye", "end_call_on_voicemail": true }), Value::Null, json!({ "action": text })),
        (json!({ "voice_mail_message": null }), stored.clone(), hang_up_after.clone()),
        (json!({ "voice_mail_message": null }), Value::Null, Value::Null),
        (json!({ "voice_mail_message": null }), bridge.clone(), bridge),
        (json!({ "voice_mail_message": null, "end_call_on_voicemail": true }), stored, hang_up_after),
    ] {
        assert_eq!(option(update.clone(), before.clone()), after, "{update} over {before}");
    }
}

#[test]
fn the_analysis_keeps_presets_and_replaces_own_entries() {
    let data = |update: Value| written(&update)["agent"]["post_call_analysis_data"].clone();
    let preset = agent()["post_call_analysis_data"][0].clone();
    let own = [agent()["post_call_analysis_data"][1].clone(), agent()["post_call_analysis_data"][2].clone()];
    let done = json!([{ "name": "done", "type": "bool", "description": "Whether it is done." }]);
    let written = json!({ "name": "done", "type": "boolean", "description": "Whether it is done." });
    let success = json!({ "name": "call_successful", "type": "system-presets" });
    assert_eq!(data(json!({ "post_call_schema": done })), json!([preset, written]));
    assert_eq!(data(json!({ "post_call_schema": [] })), json!([preset]));
    assert_eq!(data(json!({ "post_call_evaluation": true })), json!([preset, own[0], own[1], success]));
    assert_eq!(data(json!({ "post_call_evaluation": false })), json!([preset, own[0], own[1]]));
    assert_eq!(
        data(json!({ "post_call_evaluation": true, "post_call_schema": done })),
        json!([preset, written, success])
    );
    let mut prompted = agent();
    prompted["post_call_analysis_data"] =
        json!([{ "type": "system-presets", "name": "call_successful", "description": "If booked." }]);
    let kept = written_to(&json!({ "post_call_evaluation": true }), &prompted, &llm());
    assert_eq!(kept["agent"]["post_call_analysis_data"], prompted["post_call_analysis_data"], "its own prompt stays");
    assert_eq!(
        written_to(&json!({ "post_call_evaluation": false }), &prompted, &llm())["agent"]["post_call_analysis_data"],
        json!([])
    );
}

#[test]
fn objects_that_are_replaced_whole_keep_their_other_members() {
    assert_eq!(
        written(&json!({ "fillers": true })),
        json!({ "agent": { "handbook_config": { "default_personality": true, "natural_filler_words": true } } })
    );
    let stt = |provider: &str| written(&json!({ "transcriber_provider_id": provider }))["agent"].clone();
    assert_eq!(
        stt("deepgram"),
        json!({ "stt_mode": "custom", "custom_stt_config": { "provider": "deepgram", "endpointing_ms": 25 } })
    );
    assert_eq!(
        stt("soniox"),
        json!({ "stt_mode": "custom", "custom_stt_config": { "provider": "soniox", "endpointing_ms": 500 } })
    );
}

#[test]
fn options_stand_in_the_two_objects_and_are_merged_deeply() {
    let update = json!({ "name": "x", "vendor_options": { "retell": {
        "agent": { "volume": 1.5, "handbook_config": { "high_empathy": true }, "pii_config": { "mode": "post_call" } },
        "llm": { "model_config": { "primary": { "tier": "standard" } }, "kb_config": { "top_k": 3 } },
    } } });
    let all = super::writes(&update, &agent(), &llm());
    let bodies: Vec<Value> =
        all.iter().map(|step| serde_json::from_str(step.splitn(3, ' ').nth(2).unwrap()).unwrap()).collect();
    assert_eq!(
        bodies,
        [
            json!({ "kb_config": { "top_k": 3 }, "model_config": { "primary": { "model": "gpt-5.6-terra", "tier": "standard" } } }),
            json!({
                "agent_name": "x", "volume": 1.5, "pii_config": { "mode": "post_call" },
                "handbook_config": { "default_personality": true, "natural_filler_words": false, "high_empathy": true },
            }),
        ]
    );
    for options in [json!({ "volume": 1.5 }), json!({ "agent": 1 }), json!({ "llm": [] })] {
        let items = refused(&json!({ "vendor_options": { "retell": options } }));
        assert!(
            items.iter().any(|item| item.detail.contains("`agent` and `llm`") || item.code.as_str() == "wrong_type"),
            "{items:?}"
        );
    }
}
