//! Hooks: the built-in tools of an agent, its detection of voicemail among them.
//!
//! Source: the SDK `elevenlabs` 2.78.0 (PyPI), `BuiltInToolsInput` and `SystemToolConfigInput`: a tool has a name, and parameters
//! with its type. <https://github.com/elevenlabs/plugin> sets a tool to `null` to take it away.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path, Said};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

use super::paths::prompt;
use super::speech::quoted;

const END_CALL: Path = prompt!("built_in_tools", "end_call");

/// A tool with a list of transfers, and its parts.
struct Transfers {
    name: &'static str,
    path: Path,
    name_at: Path,
    type_at: Path,
    own: Path,
}

macro_rules! transfers {
    ($name:literal) => {
        Transfers {
            name: $name,
            path: prompt!("built_in_tools", $name),
            name_at: prompt!("built_in_tools", $name, "name"),
            type_at: prompt!("built_in_tools", $name, "params", "system_tool_type"),
            own: prompt!("built_in_tools", $name, "params", "transfers", "own"),
        }
    };
}

const TO_NUMBER: Transfers = transfers!("transfer_to_number");
const TO_AGENT: Transfers = transfers!("transfer_to_agent");

/// Where the numbers to transfer to stand.
pub(super) const NUMBERS: Path = prompt!("built_in_tools", "transfer_to_number", "params", "transfers");

/// Where the agents to transfer to stand.
pub(super) const AGENTS: Path = prompt!("built_in_tools", "transfer_to_agent", "params", "transfers");

/// What `tools` says of a transfer. A number beside the destination is how it was told before.
pub(super) const SAYS: &[Said] = &[
    Said::at(&["condition"]),
    Said::at(&["transfer_destination", "type"]).unless(&["\"phone\""]),
    Said::at(&["transfer_destination", "phone_number"]),
    Said::at(&["phone_number"]),
    Said::at(&["transfer_type"]).unless(&["\"blind\""]),
    Said::at(&["agent_id"]),
    Said::at(&["transfer_message"]),
    Said::at(&["enable_transferred_agent_first_message"]),
];

/// What `tools` says of the built-in tools. The vendor keeps the rest, as it merges.
pub(super) const PARTS: &[Path] = &[
    prompt!("built_in_tools", "end_call", "type"),
    prompt!("built_in_tools", "end_call", "name"),
    prompt!("built_in_tools", "end_call", "description"),
    prompt!("built_in_tools", "end_call", "params", "system_tool_type"),
    prompt!("built_in_tools", "play_keypad_touch_tone", "type"),
    prompt!("built_in_tools", "play_keypad_touch_tone", "name"),
    prompt!("built_in_tools", "play_keypad_touch_tone", "description"),
    prompt!("built_in_tools", "play_keypad_touch_tone", "params", "system_tool_type"),
    prompt!("built_in_tools", "transfer_to_number", "type"),
    TO_NUMBER.name_at,
    TO_NUMBER.type_at,
    NUMBERS,
    prompt!("built_in_tools", "transfer_to_agent", "type"),
    TO_AGENT.name_at,
    TO_AGENT.type_at,
    AGENTS,
];

const KEYPAD: Path = prompt!("built_in_tools", "play_keypad_touch_tone");
const VOICEMAIL: Path = prompt!("built_in_tools", "voicemail_detection");
pub(super) const VOICEMAIL_NAME: Path = prompt!("built_in_tools", "voicemail_detection", "name");
pub(super) const VOICEMAIL_TYPE: Path = prompt!("built_in_tools", "voicemail_detection", "params", "system_tool_type");
pub(super) const VOICEMAIL_MESSAGE: Path =
    prompt!("built_in_tools", "voicemail_detection", "params", "voicemail_message");

/// `tools`: those that the vendor has built in.
pub(super) static TOOLS: NestedHook = NestedHook {
    paths: &[TO_NUMBER.path, TO_AGENT.path, END_CALL, KEYPAD],
    group: &[],
    write: write_tools,
    read: |document| {
        let tools = document.at(prompt!("built_in_tools")).filter(|tools| tools.kind() == Kind::Object)?;
        Some(Cow::Owned(format!("[{}]", read_tools(tools).join(","))))
    },
    doc: "`end_call`, `call_transfer`, `dtmf_input` and `assistant_transfer` become `end_call`, `transfer_to_number`, \
          `play_keypad_touch_tone` and `transfer_to_agent`; those of the four that are not sent are taken away. The description \
          of a transfer is its condition.",
};

fn write_tools(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let (mut end_call, mut keypad) = (None, None);
    let (mut numbers, mut agents) = (Vec::new(), Vec::new());
    for (index, tool) in value.elements().enumerate() {
        let at = &*index.to_string();
        let description = tool.get("description").map_or("\"\"", Value::text);
        match tool.get("type").and_then(Value::as_str).as_deref() {
            Some("end_call") => only(&mut end_call, description, at, writer),
            Some("dtmf_input") => only(&mut keypad, description, at, writer),
            Some("call_transfer") => numbers.extend(to_number(tool, at, writer)),
            Some("assistant_transfer") => agents.extend(to_agent(tool, at, writer)),
            Some("warm_call_transfer") => refuse(
                &[at, "type"],
                "ElevenLabs has no warm transfer with a briefing and a number of its own to dial from; its transfer as a \
                 conference is in `vendor_options`",
                writer,
            ),
            Some("collect_keypad") => refuse(
                &[at, "type"],
                "ElevenLabs collects keypad input by a setting of the conversation and not by a tool; it is in `vendor_options` \
                 (`conversation_config.conversation.dtmf_input_settings`)",
                writer,
            ),
            Some("calendar_integration") => refuse(
                &[at, "type"],
                "ElevenLabs has no built-in calendar; a tool of the workspace that calls one can be named in `tool_ids`",
                writer,
            ),
            _ => {} // is refused for its type
        }
    }
    put_simple(END_CALL, "end_call", end_call, writer);
    put_simple(KEYPAD, "play_keypad_touch_tone", keypad, writer);
    put_transfers(&TO_NUMBER, &numbers, writer);
    put_transfers(&TO_AGENT, &agents, writer);
}

/// Takes note of a tool that an agent has once.
fn only<'v>(known: &mut Option<&'v str>, description: &'v str, at: &str, writer: &mut FieldWriter<'_>) {
    if known.replace(description).is_some() {
        refuse(&[at, "type"], "stands twice, and an agent of ElevenLabs has this tool once", writer);
    }
}

fn refuse(path: &[&str], detail: &str, writer: &mut FieldWriter<'_>) {
    writer.refuse(path, ItemCode::UnsupportedValue, detail);
}

fn to_number(tool: Value<'_>, at: &str, writer: &mut FieldWriter<'_>) -> Option<String> {
    for (member, detail) in [
        ("custom", "ElevenLabs cannot let the AI determine the number"),
        ("warm_transfer", "ElevenLabs cannot announce the transfer to the customer"),
    ] {
        if tool.get(member).and_then(Value::as_bool) == Some(true) {
            refuse(&[at, member], detail, writer);
        }
    }
    for member in ["timezone", "warm_transfer_message"] {
        if tool.get(member).is_some() {
            refuse(&[at, member], "ElevenLabs does not document it of a transfer to a number", writer);
        }
    }
    let (number, condition) = (tool.get("phone_number")?, condition(tool, at, writer)?);
    Some(format!(
        "{{\"transfer_destination\":{{\"type\":\"phone\",\"phone_number\":{}}},\"condition\":{condition},\
         \"transfer_type\":\"blind\"}}",
        number.text()
    ))
}

fn to_agent(tool: Value<'_>, at: &str, writer: &mut FieldWriter<'_>) -> Option<String> {
    let (agent, condition) = (tool.get("assistant_id")?, condition(tool, at, writer)?);
    let mut out = format!("{{\"agent_id\":{},\"condition\":{condition}", agent.text());
    for (canonical, own) in AGENT_MEMBERS {
        if let Some(value) = tool.get(canonical) {
            out.push_str(&format!(",\"{own}\":{}", value.text()));
        }
    }
    Some(out + "}")
}

/// Members of a transfer to an agent, and the vendor's names.
const AGENT_MEMBERS: [(&str, &str); 2] = [
    ("message_before_transfer", "transfer_message"),
    ("speak_transfer_greeting", "enable_transferred_agent_first_message"),
];

/// When a transfer happens, which the vendor requires.
fn condition<'v>(tool: Value<'v>, at: &str, writer: &mut FieldWriter<'_>) -> Option<&'v str> {
    let description = tool.get("description").filter(|text| text.as_str().is_some_and(|text| !text.trim().is_empty()));
    if description.is_none() {
        let detail = "is required by ElevenLabs, which transfers under a condition";
        writer.refuse(&[at, "description"], ItemCode::Required, detail);
    }
    description.map(Value::text)
}

fn put_simple(path: Path, name: &str, description: Option<&str>, writer: &mut FieldWriter<'_>) {
    let Some(description) = description else { return writer.put(path, "null") };
    let tool =
        format!("{{\"name\":\"{name}\",\"description\":{description},\"params\":{{\"system_tool_type\":\"{name}\"}}}}");
    writer.put(path, tool);
}

fn put_transfers(tool: &Transfers, transfers: &[String], writer: &mut FieldWriter<'_>) {
    if transfers.is_empty() {
        return writer.put(tool.path, "null");
    }
    let name = format!("\"{}\"", tool.name);
    writer.put(tool.name_at, name.clone());
    writer.put(tool.type_at, name);
    writer.put(tool.own, format!("[{}]", transfers.join(",")));
}

/// The canonical tools among the built-in ones.
fn read_tools(tools: Value<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let tool = |name: &str| tools.get(name).filter(|tool| tool.kind() == Kind::Object);
    let simple = |name: &str, canonical: &str| {
        let description =
            tool(name)?.get("description").filter(|text| text.as_str().is_some_and(|text| !text.is_empty()));
        let description = description.map_or_else(String::new, |text| format!(",\"description\":{}", text.text()));
        Some(format!("{{\"type\":\"{canonical}\"{description}}}"))
    };
    let transfers = |name: &str| {
        let transfers = tool(name).and_then(|tool| tool.at(&["params", "transfers"]));
        transfers.map(|all| all.get("own").unwrap_or(all)).into_iter().flat_map(Value::elements)
    };
    all.extend(simple("end_call", "end_call"));
    all.extend(transfers("transfer_to_number").map(read_number));
    all.extend(simple("play_keypad_touch_tone", "dtmf_input"));
    all.extend(transfers("transfer_to_agent").map(read_agent));
    all
}

/// A transfer to a number. What an update cannot write, it tells as what an update refuses.
fn read_number(transfer: Value<'_>) -> String {
    let destination = transfer.get("transfer_destination").filter(|destination| !destination.is_null());
    let is_number =
        destination.is_none_or(|destination| destination.get("type").is_none_or(|kind| kind.is_str("phone")));
    let is_blind = transfer.get("transfer_type").is_none_or(|kind| kind.is_one_of(&["blind"]));
    let number = destination.unwrap_or(transfer);
    let number = number.get("phone_number").or_else(|| number.get("sip_uri")).map_or("null", Value::text);
    let condition = transfer.get("condition").map_or("null", Value::text);
    let mut out = format!("{{\"type\":\"call_transfer\",\"phone_number\":{number},\"description\":{condition}");
    out.push_str(if is_number { "" } else { ",\"custom\":true" });
    out.push_str(if is_blind { "" } else { ",\"warm_transfer\":true" });
    out + "}"
}

fn read_agent(transfer: Value<'_>) -> String {
    let mut out = "{\"type\":\"assistant_transfer\"".to_owned();
    let members = [("assistant_id", "agent_id"), ("description", "condition")].into_iter().chain(AGENT_MEMBERS);
    for (canonical, own) in members {
        if let Some(value) = transfer.get(own).filter(|value| !value.is_null()) {
            out.push_str(&format!(",{}:{}", quoted(canonical), value.text()));
        }
    }
    out + "}"
}

/// `end_call_on_voicemail`: whether the agent detects voicemail, which always ends the call.
pub(super) static END_CALL_ON_VOICEMAIL: NestedHook = NestedHook {
    paths: &[VOICEMAIL],
    group: &[],
    write: |value, writer| match value.as_bool() {
        Some(true) => put_detection(writer),
        _ => writer.put(VOICEMAIL, "null"),
    },
    read: |document| {
        let tools = document.at(prompt!("built_in_tools")).filter(|tools| tools.kind() == Kind::Object)?;
        let is_on = tools.get("voicemail_detection").is_some_and(|tool| tool.kind() == Kind::Object);
        Some(Cow::Borrowed(if is_on { "true" } else { "false" }))
    },
    doc: "The built-in tool `voicemail_detection`, or none.",
};

/// `voice_mail_message`: what the detection says before the call ends.
pub(super) static VOICE_MAIL_MESSAGE: NestedHook = NestedHook {
    paths: &[VOICEMAIL_MESSAGE, VOICEMAIL],
    group: &[Field::EndCallOnVoicemail],
    write: |value, writer| {
        let ends = writer.sibling(Field::EndCallOnVoicemail).and_then(Value::as_bool);
        match (value.is_null(), ends) {
            (false, _) => {
                put_detection(writer);
                writer.put(VOICEMAIL_MESSAGE, value.text());
            }
            (true, Some(true)) => writer.put(VOICEMAIL_MESSAGE, "null"),
            // Without the detection there is no message.
            (true, Some(false)) => {}
            (true, None) => {
                let detail = "ElevenLabs keeps the message in its detection of voicemail, which ends the call; send \
                              `end_call_on_voicemail` with it";
                refuse(&[], detail, writer);
            }
        }
    },
    read: |document| {
        let tools = document.at(prompt!("built_in_tools")).filter(|tools| tools.kind() == Kind::Object)?;
        let message = tools.at(&["voicemail_detection", "params", "voicemail_message"]);
        let message = message.filter(|message| message.as_str().is_none_or(|text| !text.is_empty()));
        Some(Cow::Borrowed(message.map_or("null", Value::text)))
    },
    doc: "A parameter of the built-in tool `voicemail_detection`, which is added with it and ends the call after the message. \
          `null` needs `end_call_on_voicemail` beside it.",
};

fn put_detection(writer: &mut FieldWriter<'_>) {
    writer.put(VOICEMAIL_NAME, "\"voicemail_detection\"");
    writer.put(VOICEMAIL_TYPE, "\"voicemail_detection\"");
}
