//! The voice, which is known by its provider and its id there.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::Value;

use super::pair::{json, parts, read_pair};

/// Where the provider stands.
pub(super) const PROVIDER_AT: Path = &["voice", "provider"];

/// Where the id stands.
pub(super) const VOICE_ID: Path = &["voice", "voiceId"];

/// `voice_id`.
pub(super) static VOICE: NestedHook = NestedHook {
    paths: &[VOICE_ID, PROVIDER_AT],
    group: &[],
    write: write_voice,
    read: |document| read_pair(document, PROVIDER_AT, VOICE_ID),
    doc: "Written `provider:voiceId`, such as `11labs:pNInz6obpgDQGcFmaJgB`; sets both members.",
};

/// `synthesizer_provider_id`.
pub(super) static PROVIDER: NestedHook = NestedHook {
    paths: &[PROVIDER_AT],
    group: &[Field::VoiceId, Field::Voice],
    write: write_provider,
    read: |document| document.at(PROVIDER_AT).and_then(Value::as_str).map(|provider| json(&provider)),
    doc: "Sent along with a voice of that provider; refused without one.",
};

fn write_voice(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let text = value.as_str().unwrap_or(Cow::Borrowed(""));
    match parts(&text) {
        Some((provider, id)) => {
            writer.put_text(PROVIDER_AT, provider);
            writer.put_text(VOICE_ID, id);
        }
        None => writer.refuse(
            &[],
            ItemCode::NotAllowed,
            "must be written `provider:voiceId`, such as `11labs:pNInz6obpgDQGcFmaJgB`: Vapi knows a voice by its provider \
             and its id there",
        ),
    }
}

fn write_provider(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    match writer.sibling(Field::VoiceId).or(writer.sibling(Field::Voice)) {
        Some(_) => writer.put_text(PROVIDER_AT, &value.as_str().unwrap_or_default()),
        None => writer.refuse(
            &[],
            ItemCode::UnsupportedValue,
            "means nothing at Vapi without a voice of that provider; send `voice_id` as `provider:voiceId`",
        ),
    }
}
