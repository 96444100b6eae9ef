//! Reads the vendor's tools as the canonical ones. A tool that has no canonical form is told as it is, so that its check says what
//! is wrong with it.

use std::borrow::Cow;

use crate::json::Value;

use super::TYPES;

pub(super) fn read(document: Value<'_>) -> Option<Cow<'_, str>> {
    let tools = document.get("llm")?.get("general_tools").map(|tools| tools.get("own").unwrap_or(tools));
    let own = tools.into_iter().flat_map(Value::elements);
    let own = own.filter(|tool| tool.get("type").is_some_and(|kind| kind.is_one_of(TYPES)));
    let all: Vec<_> = own.map(|tool| canonical(tool).unwrap_or_else(|| tool.text().to_owned())).collect();
    Some(Cow::Owned(["[", &all.join(","), "]"].concat()))
}

/// The canonical form of a tool, if it has one.
fn canonical(tool: Value<'_>) -> Option<String> {
    let kind = tool.get("type").and_then(Value::as_str)?;
    let mut members = Vec::new();
    let description = tool.get("description").map(|text| ("description", text.text().to_owned()));
    let kind = match &*kind {
        "end_call" => "end_call",
        "press_digit" => "dtmf_input",
        "agent_swap" => {
            members.push(("assistant_id", tool.get("agent_id")?.text().to_owned()));
            members.extend(spoken(tool)?.map(|text| ("message_before_transfer", text)));
            "assistant_transfer"
        }
        _ => transfer(tool, &mut members)?,
    };
    members.extend(description);
    let members: Vec<_> = members.iter().map(|(key, json)| format!(",\"{key}\":{json}")).collect();
    Some(format!("{{\"type\":\"{kind}\"{}}}", members.concat()))
}

fn transfer(tool: Value<'_>, members: &mut Vec<(&'static str, String)>) -> Option<&'static str> {
    let destination =
        tool.get("transfer_destination").filter(|to| to.get("type").is_some_and(|to| to.is_str("predefined")))?;
    let number = destination.get("number")?.text().to_owned();
    let option = tool.get("transfer_option")?;
    let kind = option.get("type").and_then(Value::as_str)?;
    match &*kind {
        "cold_transfer" => {
            members.push(("phone_number", number));
            members
                .extend(tool.get("speak_during_execution").map(|speaks| ("warm_transfer", speaks.text().to_owned())));
            if let Some(message) = message(tool) {
                let is_prompt = tool.get("execution_message_type").is_none_or(|kind| kind.is_str("prompt"));
                members.push(("warm_transfer_message", Some(message).filter(|_| is_prompt)?));
            }
            Some("call_transfer")
        }
        "warm_transfer" => {
            members.push(("supervisor_phone", number));
            warm(option, members)?;
            members.extend(spoken(tool)?.map(|text| ("hold_message", text)));
            Some("warm_call_transfer")
        }
        _ => None,
    }
}

fn warm(option: Value<'_>, members: &mut Vec<(&'static str, String)>) -> Option<()> {
    match option.get("show_transferee_as_caller").and_then(Value::as_bool) {
        Some(true) => members.push(("caller_id_mode", "\"customer_number\"".to_owned())),
        Some(false) => members.push(("caller_id_mode", "\"outbound_number\"".to_owned())),
        None => {}
    }
    if option.get("on_hold_music").is_some_and(|music| music.is_str("none")) {
        members.push(("hold_music", "\"none\"".to_owned()));
    }
    let set = |key: &str| option.get(key).filter(|handoff| !handoff.is_null());
    if let Some(private) = set("private_handoff_option") {
        members.push(match private.get("prompt") {
            Some(prompt) => ("summary_instructions", prompt.text().to_owned()),
            None => ("briefing_initial_message", private.get("message")?.text().to_owned()),
        });
    }
    if let Some(public) = set("public_handoff_option") {
        members.push(("connected_message", public.get("message")?.text().to_owned()));
    }
    Some(())
}

/// What is spoken word by word while a tool is carried out; `None` if that is made by a prompt.
#[expect(
    clippy::option_option,
    reason = "a tool without a message has a canonical form, and one with a prompt has none"
)]
fn spoken(tool: Value<'_>) -> Option<Option<String>> {
    if tool.get("speak_during_execution").and_then(Value::as_bool) != Some(true) {
        return Some(None);
    }
    let is_static = tool.get("execution_message_type").is_some_and(|kind| kind.is_str("static_text"));
    is_static.then(|| message(tool))
}

fn message(tool: Value<'_>) -> Option<String> {
    tool.get("execution_message_description").map(|message| message.text().to_owned())
}
