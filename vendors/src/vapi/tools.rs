//! `tools`: Vapi's own tools of the model, and the keypad of the assistant.

use std::borrow::Cow;

use crate::canonical::tools::variants;
use crate::canonical::{Member, Shape};
use crate::dialect::{FieldWriter, NestedHook, Path, Said, Unsupported};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

use super::pair::json;

/// Where the tools stand.
pub(super) const TOOLS_AT: Path = &["model", "tools"];

const OWN_TOOLS: Path = &["model", "tools", "own"];
const KEYPAD_ENABLED: Path = &["keypadInputPlan", "enabled"];
const KEYPAD_TIMEOUT: Path = &["keypadInputPlan", "timeoutSeconds"];
const KEYPAD_DELIMITERS: Path = &["keypadInputPlan", "delimiters"];

/// The vendor's types that the canonical tools become. Tools of other types stay.
pub(super) const TYPES: &[&str] = &["endCall", "dtmf", "transferCall", "handoff"];

/// What the canonical tools say of them. Messages, the server and the rest of a transfer's plan stay.
pub(super) const SAYS: &[Said] = &[
    Said::at(&["destinations", "type"]),
    Said::at(&["destinations", "number"]),
    Said::at(&["destinations", "assistantId"]),
    Said::at(&["destinations", "description"]),
    Said::at(&["destinations", "transferPlan", "mode"]).unless(&[r#""blind-transfer""#]),
    Said::at(&["destinations", "transferPlan", "message"]),
];

/// The canonical type, with ids as texts.
pub(super) const SHAPE: Shape = Shape::List(&Shape::Tagged(&variants(WARM_CALL_TRANSFER, ASSISTANT_TRANSFER)));

/// As everywhere, but that nothing says which number dials: at Vapi it is the call's.
const WARM_CALL_TRANSFER: &[Member] = &[
    Member::required("supervisor_phone", Shape::TEXT, "Number to dial."),
    Member::optional("outbound_phone_id", Shape::Any, "Id of the phone number that dials the supervisor."),
    Member::required("description", Shape::TEXT, "When to transfer."),
    Member::optional("custom_sip", Shape::Boolean, "Whether `supervisor_phone` is a SIP address."),
    Member::optional("caller_id_mode", Shape::TEXT, "Which number the supervisor sees."),
    Member::optional("custom_caller_id", Shape::TEXT, "Number shown with `caller_id_mode` custom."),
    Member::optional("hold_music", Shape::TEXT, "What the caller hears while on hold."),
    Member::optional("hold_music_volume", Shape::Number(None), "Volume of the music."),
    Member::optional("hold_message", Shape::TEXT, "Spoken to the caller before the hold."),
    Member::optional("summary_instructions", Shape::TEXT, "How to brief the supervisor."),
    Member::optional("briefing_initial_message", Shape::TEXT, "What the supervisor hears; a summary without it."),
    Member::optional("connected_message", Shape::TEXT, "Spoken to the caller once connected."),
];

/// As everywhere, with the id as a text.
const ASSISTANT_TRANSFER: &[Member] = &[
    Member::required("assistant_id", Shape::TEXT, "Id of the assistant that takes over."),
    Member::optional("description", Shape::text(500), "When to transfer."),
    Member::optional("message_before_transfer", Shape::text(500), "Spoken before switching."),
    Member::optional("speak_transfer_greeting", Shape::Boolean, "Whether the other assistant greets."),
];

/// What Vapi's tools do not have.
const UNSUPPORTED: &[Unsupported] = &[
    Unsupported::Variant("calendar_integration"),
    Unsupported::Members("call_transfer", &["custom", "timezone", "warm_transfer", "warm_transfer_message"]),
    Unsupported::Members(
        "warm_call_transfer",
        &[
            "outbound_phone_id",
            "custom_sip",
            "caller_id_mode",
            "custom_caller_id",
            "hold_music",
            "hold_music_volume",
            "hold_message",
            "summary_instructions",
            "connected_message",
        ],
    ),
    Unsupported::Members("end_call", &["description"]),
    Unsupported::Members("dtmf_input", &["description"]),
    Unsupported::Members("assistant_transfer", &["message_before_transfer", "speak_transfer_greeting"]),
];

/// The field.
pub(super) static TOOLS: NestedHook = NestedHook {
    paths: &[TOOLS_AT, KEYPAD_ENABLED, KEYPAD_TIMEOUT, KEYPAD_DELIMITERS],
    group: &[],
    write,
    read,
    doc: "Becomes `endCall`, `dtmf`, one `transferCall` with all numbers and one `handoff` with all assistants; \
          `collect_keypad` becomes `keypadInputPlan`.",
};

fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    if !writer.has_none_of(value, UNSUPPORTED) {
        return;
    }
    let (mut plain, mut transfers, mut handoffs): (Vec<String>, Vec<String>, Vec<String>) = Default::default();
    let mut keypads = 0;
    for (index, tool) in value.elements().enumerate() {
        let text = |key: &str| tool.get(key).map_or("\"\"", Value::text);
        let description =
            || tool.get("description").map(|text| [r#","description":"#, text.text()].concat()).unwrap_or_default();
        match tool.get("type").and_then(Value::as_str).as_deref() {
            Some("end_call") => plain.push(r#"{"type":"endCall"}"#.to_owned()),
            Some("dtmf_input") => plain.push(r#"{"type":"dtmf"}"#.to_owned()),
            Some("call_transfer") => {
                transfers.push(format!(r#"{{"type":"number","number":{}{}}}"#, text("phone_number"), description()));
            }
            Some("warm_call_transfer") => {
                let plan = match tool.get("briefing_initial_message") {
                    Some(said) => format!(r#"{{"mode":"warm-transfer-say-message","message":{}}}"#, said.text()),
                    None => r#"{"mode":"warm-transfer-say-summary"}"#.to_owned(),
                };
                let number = text("supervisor_phone");
                transfers
                    .push(format!(r#"{{"type":"number","number":{number}{},"transferPlan":{plan}}}"#, description()));
            }
            Some("assistant_transfer") => {
                let id = text("assistant_id");
                handoffs.push(format!(r#"{{"type":"assistant","assistantId":{id}{}}}"#, description()));
            }
            Some("collect_keypad") if keypads == 0 => {
                keypads += 1;
                write_keypad(tool, writer);
            }
            _ => writer.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, "Vapi has one keypad; send it once"),
        }
    }
    for (of, destinations) in [("transferCall", transfers), ("handoff", handoffs)] {
        if !destinations.is_empty() {
            plain.push(format!(r#"{{"type":"{of}","destinations":[{}]}}"#, destinations.join(",")));
        }
    }
    writer.put(OWN_TOOLS, format!("[{}]", plain.join(",")));
}

fn write_keypad(tool: Value<'_>, writer: &mut FieldWriter<'_>) {
    writer.put(KEYPAD_ENABLED, "true");
    for (member, path) in [("timeout", KEYPAD_TIMEOUT), ("stop_key", KEYPAD_DELIMITERS)] {
        if let Some(value) = tool.get(member) {
            writer.put(path, value.text());
        }
    }
}

/// The tools. What has no canonical form, such as a transfer to a SIP address or a second tool of transfers, is told as it is, so
/// that its check says what is wrong with it.
fn read(document: Value<'_>) -> Option<Cow<'_, str>> {
    let stored = document.at(OWN_TOOLS).or(document.at(TOOLS_AT)).filter(|tools| tools.kind() == Kind::Array)?;
    let (mut tools, mut seen): (Vec<String>, Vec<Cow<'_, str>>) = Default::default();
    for tool in stored.elements() {
        let Some(kind) = tool.get("type").and_then(Value::as_str).filter(|kind| TYPES.contains(&&**kind)) else {
            continue;
        };
        let is_second = seen.contains(&kind);
        match &*kind {
            "endCall" => tools.push(r#"{"type":"end_call"}"#.to_owned()),
            "dtmf" => tools.push(r#"{"type":"dtmf_input"}"#.to_owned()),
            "transferCall" if !is_second => read_destinations(tool, read_number, &mut tools),
            "handoff" if !is_second => read_destinations(tool, read_assistant, &mut tools),
            _ => tools.push(tool.text().to_owned()),
        }
        seen.push(kind);
    }
    tools.extend(read_keypad(document));
    Some(Cow::Owned(format!("[{}]", tools.join(","))))
}

fn read_destinations(tool: Value<'_>, one: fn(Value<'_>) -> Option<String>, tools: &mut Vec<String>) {
    let Some(destinations) = tool.get("destinations").filter(|all| all.elements().next().is_some()) else {
        return tools.push(tool.text().to_owned());
    };
    tools.extend(destinations.elements().map(|each| one(each).unwrap_or_else(|| each.text().to_owned())));
}

fn read_number(destination: Value<'_>) -> Option<String> {
    let number = destination.get("number").filter(|_| destination.get("type").is_some_and(|of| of.is_str("number")))?;
    let description = read_description(destination);
    let plan = destination.get("transferPlan");
    let mode = plan.and_then(|plan| plan.get("mode")).and_then(Value::as_str);
    match mode.as_deref() {
        None | Some("blind-transfer") => {
            Some(format!(r#"{{"type":"call_transfer","phone_number":{}{description}}}"#, number.text()))
        }
        Some("warm-transfer-say-summary") => {
            Some(format!(r#"{{"type":"warm_call_transfer","supervisor_phone":{}{description}}}"#, number.text()))
        }
        Some("warm-transfer-say-message") => {
            let said = plan?.get("message")?.as_str()?;
            Some(format!(
                r#"{{"type":"warm_call_transfer","supervisor_phone":{}{description},"briefing_initial_message":{}}}"#,
                number.text(),
                json(&said)
            ))
        }
        Some(_) => None,
    }
}

fn read_assistant(destination: Value<'_>) -> Option<String> {
    let id = destination.get("assistantId")?;
    Some(format!(r#"{{"type":"assistant_transfer","assistant_id":{}{}}}"#, id.text(), read_description(destination)))
}

fn read_description(destination: Value<'_>) -> String {
    let description = destination.get("description").filter(|text| text.kind() == Kind::String);
    description.map(|text| [r#","description":"#, text.text()].concat()).unwrap_or_default()
}

fn read_keypad(document: Value<'_>) -> Option<String> {
    document.at(KEYPAD_ENABLED).filter(|enabled| enabled.as_bool() == Some(true))?;
    let mut out = r#"{"type":"collect_keypad""#.to_owned();
    for (member, path) in [("timeout", KEYPAD_TIMEOUT), ("stop_key", KEYPAD_DELIMITERS)] {
        let stored = document.at(path).filter(|value| matches!(value.kind(), Kind::Number | Kind::String));
        if let Some(value) = stored.filter(|value| !value.is_str("")) {
            out += &format!(r#","{member}":{}"#, value.text());
        }
    }
    Some(out + "}")
}
