//! The fields of voicemail: the vendor has one option for both, an action or none.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

const OPTION: Path = &["agent", "voicemail_option"];

pub(super) static END_CALL: NestedHook = NestedHook {
    paths: &[OPTION],
    group: &[Field::VoiceMailMessage],
    write: write_end_call,
    read: read_end_call,
    doc: "`true` is sent as an action that hangs up, unless one is set that leaves a message and then does; `false` removes \
          the option, and so the message.",
};

pub(super) static MESSAGE: NestedHook = NestedHook {
    paths: &[OPTION],
    group: &[Field::EndCallOnVoicemail],
    write: write_message,
    read: read_message,
    doc: "A message is sent as an action with a static text; `null` leaves the action to hang up where a message was set.",
};

const HANG_UP: &str = r#"{"action":{"type":"hangup"}}"#;

fn write_end_call(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let message = writer.sibling(Field::VoiceMailMessage).map(Value::kind);
    match (value.as_bool(), message) {
        (Some(false), Some(Kind::String)) => {
            let detail = format!(
                "{} ends a call after the message of `voice_mail_message`; send `true`, or `null` as the message",
                writer.vendor_title
            );
            writer.refuse(&[], ItemCode::Conflict, detail);
        }
        (Some(false), _) => writer.put(OPTION, "null"),
        (_, None) => writer.put(OPTION, [r#"{"from":[null,"bridge_transfer"],"to":"#, HANG_UP, "}"].concat()),
        (_, Some(Kind::String)) => {} // the message says it
        (_, Some(_)) => writer.put(OPTION, [r#"{"to":"#, HANG_UP, "}"].concat()),
    }
}

fn write_message(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let ends = writer.sibling(Field::EndCallOnVoicemail);
    match (value.kind(), ends) {
        (Kind::String, _) => {
            let action = [r#"{"to":{"action":{"type":"static_text","text":"#, value.text(), "}}}"].concat();
            writer.put(OPTION, action);
        }
        (_, None) => {
            writer.put(OPTION, [r#"{"from":["static_text","prompt"],"to":"#, HANG_UP, "}"].concat());
        }
        (_, Some(_)) => {} // whether the call ends says it
    }
}

fn read_end_call(document: Value<'_>) -> Option<Cow<'_, str>> {
    let Some(action) = action(document)? else { return Some(Cow::Borrowed("false")) };
    action.is_one_of(&["hangup", "static_text", "prompt"]).then_some(Cow::Borrowed("true"))
}

fn read_message(document: Value<'_>) -> Option<Cow<'_, str>> {
    match action(document)? {
        Some(action) if action.is_str("static_text") => {
            document.at(OPTION)?.at(&["action", "text"]).map(|text| Cow::Borrowed(text.text()))
        }
        // A prompt makes a message, which is not told.
        Some(action) if action.is_str("prompt") => None,
        _ => Some(Cow::Borrowed("null")),
    }
}

/// The type of the action, if the agent has one.
fn action(document: Value<'_>) -> Option<Option<Value<'_>>> {
    Some(document.get("agent")?.at(&["voicemail_option", "action", "type"]))
}
