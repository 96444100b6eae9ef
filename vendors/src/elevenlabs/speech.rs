//! Hooks: how a conversation begins, turns, sounds, and what fills its pauses.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::{Kind, Value, push_string};

use super::paths::{BACKGROUND_SOUND, FIRST_MESSAGE, SOUND_SOURCE, config};

const SOFT_TIMEOUT: Path = config!("turn", "soft_timeout_config", "timeout_seconds");
const FILLER: Path = config!("turn", "soft_timeout_config", "message");
const FURTHER_FILLERS: Path = config!("turn", "soft_timeout_config", "additional_soft_timeout_messages");
const EAGERNESS: Path = config!("turn", "turn_eagerness");
const SOUND: Path = config!("conversation", "background_sound", "source_id");

/// The most phrases that fill a pause: the first one and seven further ones.
const MAX_FILLERS: usize = 8;

/// The canonical sounds and the vendor's.
const SOUNDS: [(&str, &str); 3] = [("office", "office1"), ("cafe", "restaurant"), ("city", "city")];

/// `mode`: there is only one.
pub(super) static MODE: NestedHook = NestedHook {
    paths: &[],
    group: &[],
    write: |value, writer| {
        if !value.is_str("pipeline") {
            let detail =
                "an agent of ElevenLabs is a transcriber, an LLM and a voice in a row; the only mode is `pipeline`";
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
    },
    read: |_| Some(Cow::Borrowed("\"pipeline\"")),
    doc: "Only `pipeline`, which is what every agent is; nothing is sent.",
};

/// `wait_for_customer`: an agent without a first message waits.
pub(super) static WAIT_FOR_CUSTOMER: NestedHook = NestedHook {
    paths: &[FIRST_MESSAGE],
    group: &[Field::InitialMessage],
    write: |value, writer| {
        if value.as_bool() == Some(true) {
            return writer.put(FIRST_MESSAGE, "\"\"");
        }
        let speaks = writer.sibling(Field::InitialMessage).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !speaks {
            let detail =
                "an agent of ElevenLabs speaks first exactly if it has a first message; send `initial_message` with it";
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
    },
    read: |document| {
        let message = document.at(FIRST_MESSAGE)?.as_str()?;
        Some(Cow::Borrowed(if message.is_empty() { "true" } else { "false" }))
    },
    doc: "`true` empties the first message, `false` needs an `initial_message` beside it.",
};

/// `fillers`: how long the agent is silent before it says something.
pub(super) static FILLERS: NestedHook = NestedHook {
    paths: &[SOFT_TIMEOUT],
    group: &[],
    // Two seconds are the example of the vendor's OpenAPI.
    write: |value, writer| writer.put(SOFT_TIMEOUT, if value.as_bool() == Some(true) { "2" } else { "-1" }),
    read: |document| {
        let seconds = document.at(SOFT_TIMEOUT)?.as_f64()?;
        Some(Cow::Borrowed(if seconds < 0.0 { "false" } else { "true" }))
    },
    doc: "`true` becomes two seconds, `false` -1, which turns it off.",
};

/// `filler_config`: phrases without categories.
pub(super) static FILLER_CONFIG: NestedHook = NestedHook {
    paths: &[FILLER, FURTHER_FILLERS],
    group: &[],
    write: write_fillers,
    read: |document| {
        let first = document.at(FILLER)?;
        first.as_str().filter(|text| !text.is_empty())?;
        let further = document.at(FURTHER_FILLERS).into_iter().flat_map(Value::elements);
        let all: Vec<_> = std::iter::once(first).chain(further).map(Value::text).collect();
        Some(Cow::Owned(format!("{{\"neutral\":[{}]}}", all.join(","))))
    },
    doc: "The phrases of all categories in one list, those of `positive` first, then `negative`, `question`, `neutral`.",
};

fn write_fillers(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let categories = ["positive", "negative", "question", "neutral"].iter().filter_map(|name| value.get(name));
    let phrases: Vec<_> = categories.flat_map(Value::elements).map(Value::text).collect();
    match phrases.split_first() {
        None => {
            let detail = "ElevenLabs cannot be without a phrase; turn them off with `fillers`";
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        Some(_) if phrases.len() > MAX_FILLERS => {
            let detail =
                format!("ElevenLabs has at most {MAX_FILLERS} phrases, of all categories; these are {}", phrases.len());
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        Some((first, further)) => {
            writer.put(FILLER, *first);
            writer.put(FURTHER_FILLERS, format!("[{}]", further.join(",")));
        }
    }
}

/// `endpoint_sensitivity`: a scale of three steps.
pub(super) static ENDPOINT_SENSITIVITY: NestedHook = NestedHook {
    paths: &[EAGERNESS],
    group: &[],
    write: |value, writer| {
        let step = match value.as_f64() {
            Some(low) if low < 2.0 => "\"patient\"",
            Some(middle) if middle <= 3.0 => "\"normal\"",
            _ => "\"eager\"",
        };
        writer.put(EAGERNESS, step);
    },
    read: |document| {
        let step = document.at(EAGERNESS)?;
        let steps = [("patient", "1"), ("normal", "2.5"), ("eager", "4")];
        let known = steps.iter().find(|(name, _)| step.is_str(name));
        Some(Cow::Borrowed(known.map_or(step.text(), |(_, number)| number)))
    },
    doc: "Below 2 becomes `patient`, 2 to 3 `normal`, above 3 `eager`; they are told as 1, 2.5 and 4.",
};

/// `ambient_sound`: one of the vendor's presets.
pub(super) static AMBIENT_SOUND: NestedHook = NestedHook {
    paths: &[SOUND, SOUND_SOURCE, BACKGROUND_SOUND],
    group: &[],
    write: |value, writer| {
        if value.is_str("off") {
            return writer.put(BACKGROUND_SOUND, "null");
        }
        let Some((_, preset)) = SOUNDS.iter().find(|(canonical, _)| value.is_str(canonical)) else {
            let detail = format!(
                "ElevenLabs has no such sound as {}; send one of `off`, `office`, `cafe`, `city`",
                value.text()
            );
            return writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        };
        writer.put(SOUND_SOURCE, "\"preset\"");
        writer.put_text(SOUND, preset);
    },
    read: |document| {
        document.at(config!("conversation")).filter(|conversation| conversation.kind() == Kind::Object)?;
        let Some(sound) = document.at(BACKGROUND_SOUND).filter(|sound| !sound.is_null()) else {
            return Some(Cow::Borrowed("\"off\""));
        };
        let preset = sound.get("source_id")?;
        let known = SOUNDS.iter().find(|(_, own)| preset.is_str(own));
        Some(known.map_or(Cow::Borrowed(preset.text()), |(canonical, _)| Cow::Owned(quoted(canonical))))
    },
    doc: "`off` takes the background sound away; `office`, `cafe` and `city` are the presets `office1`, `restaurant` and `city`.",
};

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
