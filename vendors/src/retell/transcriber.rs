//! The field `transcriber_provider_id`: a provider is one part of a transcription of the account's own choice.

use std::borrow::Cow;

use crate::canonical::Shape;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::json::Value;

const MODE: Path = &["agent", "stt_mode"];
const PROVIDER_AT: Path = &["agent", "custom_stt_config", "provider"];
const ENDPOINTING: Path = &["agent", "custom_stt_config", "endpointing_ms"];

/// The providers that the page names.
pub(super) const PROVIDER: Shape = Shape::Choice(&["azure", "deepgram", "soniox", "assemblyai", "muse"]);

pub(super) static HOOK: NestedHook = NestedHook {
    paths: &[PROVIDER_AT, MODE, ENDPOINTING],
    group: &[],
    write,
    read,
    doc: "A provider is sent in `custom_stt_config` with `stt_mode` `custom`; `null` is sent as the vendor's default mode, `fast`.",
};

fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    if value.is_null() {
        return writer.put(MODE, "\"fast\"");
    }
    writer.put(MODE, "\"custom\"");
    writer.put(PROVIDER_AT, value.text());
    // The least that all providers allow; one that is set for the same provider stays.
    writer.put(ENDPOINTING, r#"{"from":[null],"to":500}"#);
}

fn read(document: Value<'_>) -> Option<Cow<'_, str>> {
    let is_custom = document.at(MODE)?.is_str("custom");
    if !is_custom {
        return Some(Cow::Borrowed("null"));
    }
    document.at(PROVIDER_AT).map(|provider| Cow::Borrowed(provider.text()))
}
