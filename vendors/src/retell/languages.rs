//! The fields of languages: the vendor has one locale, or an array of locales of which the first is the main one.

use std::borrow::Cow;

use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::json::{Kind, Value, push_string};

const LANGUAGE: Path = &["agent", "language"];

pub(super) static PRIMARY: NestedHook = NestedHook {
    paths: &[LANGUAGE],
    group: &[],
    write: write_primary,
    read: read_primary,
    doc: "The first locale of `agent.language`; further ones stay. A code of ISO 639-1 becomes a locale, such as `en-US` for `en`.",
};

pub(super) static SECONDARY: NestedHook = NestedHook {
    paths: &[LANGUAGE],
    group: &[],
    write: write_secondary,
    read: read_secondary,
    doc: "The locales of `agent.language` after the first, which stays. Codes of ISO 639-1 become locales.",
};

/// What stands for a code of ISO 639-1. Where the vendor has several regions, this is the one of its own default or the
/// language's own country.
pub(super) const LOCALES: &[(&str, &str)] = &[
    ("af", "af-ZA"),
    ("ar", "ar-SA"),
    ("az", "az-AZ"),
    ("bg", "bg-BG"),
    ("bs", "bs-BA"),
    ("ca", "ca-ES"),
    ("cs", "cs-CZ"),
    ("cy", "cy-GB"),
    ("da", "da-DK"),
    ("de", "de-DE"),
    ("el", "el-GR"),
    ("en", "en-US"),
    ("es", "es-ES"),
    ("fa", "fa-IR"),
    ("fi", "fi-FI"),
    ("fr", "fr-FR"),
    ("gl", "gl-ES"),
    ("he", "he-IL"),
    ("hi", "hi-IN"),
    ("hr", "hr-HR"),
    ("hu", "hu-HU"),
    ("hy", "hy-AM"),
    ("id", "id-ID"),
    ("is", "is-IS"),
    ("it", "it-IT"),
    ("ja", "ja-JP"),
    ("kk", "kk-KZ"),
    ("kn", "kn-IN"),
    ("ko", "ko-KR"),
    ("lt", "lt-LT"),
    ("lv", "lv-LV"),
    ("mk", "mk-MK"),
    ("mr", "mr-IN"),
    ("ms", "ms-MY"),
    ("ne", "ne-NP"),
    ("nl", "nl-NL"),
    ("no", "no-NO"),
    ("pl", "pl-PL"),
    ("pt", "pt-PT"),
    ("ro", "ro-RO"),
    ("ru", "ru-RU"),
    ("sk", "sk-SK"),
    ("sl", "sl-SI"),
    ("sr", "sr-RS"),
    ("sv", "sv-SE"),
    ("sw", "sw-KE"),
    ("ta", "ta-IN"),
    ("th", "th-TH"),
    ("tr", "tr-TR"),
    ("uk", "uk-UA"),
    ("ur", "ur-IN"),
    ("vi", "vi-VN"),
    ("zh", "zh-CN"),
];

/// The locale of a code; anything else as it is.
fn locale(value: Value<'_>) -> String {
    let text = value.as_str().unwrap_or_default();
    let known = LOCALES.iter().find(|(code, _)| text.eq_ignore_ascii_case(code));
    let mut json = Vec::new();
    push_string(&mut json, known.map_or(&text, |(_, locale)| locale));
    String::from_utf8(json).unwrap_or_default()
}

fn write_primary(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    writer.put(&["agent", "language", "first"], locale(value));
}

fn write_secondary(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let locales: Vec<_> = value.elements().map(locale).collect();
    writer.put(&["agent", "language", "rest"], ["[", &locales.join(","), "]"].concat());
}

fn read_primary(document: Value<'_>) -> Option<Cow<'_, str>> {
    let told = document.at(LANGUAGE)?;
    let first = if told.kind() == Kind::Array { told.elements().next()? } else { told };
    (!first.is_null()).then_some(Cow::Borrowed(first.text()))
}

fn read_secondary(document: Value<'_>) -> Option<Cow<'_, str>> {
    let rest: Vec<_> = document.at(LANGUAGE)?.elements().skip(1).map(Value::text).collect();
    Some(Cow::Owned(["[", &rest.join(","), "]"].concat()))
}
