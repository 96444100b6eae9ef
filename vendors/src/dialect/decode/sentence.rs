//! Finds the field that a sentence of an error names.

use std::borrow::Cow;

use crate::dialect::Naming;

/// The dotted path of the field that a sentence names; `None` if it cannot name one. Whether the vendor has such a field is
/// another question: most sentences begin with some word.
pub(super) fn named_field(sentence: &str, naming: Naming) -> Option<Cow<'_, str>> {
    let Naming::AtStart { before } = naming else { return None };
    let sentence = sentence.trim_start();
    let first = token(sentence)?;
    let outer = match first.strip_suffix(before) {
        Some("") => Some(""),
        Some(outer) => outer.strip_suffix('.'),
        None => None,
    };
    let member = outer.zip(sentence.get(first.len()..).and_then(|rest| token(rest.trim_start())));
    Some(match member {
        Some(("", member)) => Cow::Borrowed(member),
        Some((outer, member)) => Cow::Owned(format!("{outer}.{member}")),
        None => Cow::Borrowed(first),
    })
}

/// The words of a sentence, as members of objects may be spelled.
pub(super) fn words(sentence: &str) -> impl Iterator<Item = &str> {
    let words = sentence.split(|char: char| !char.is_alphanumeric() && char != '_');
    words.filter(|word| !word.is_empty())
}

/// A path at the start of a text: letters, digits, underscores, points and brackets, the first of them a letter.
fn token(text: &str) -> Option<&str> {
    let is_inside = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '[' | ']');
    let end = text.find(|char| !is_inside(char)).unwrap_or(text.len());
    let token = text.get(..end)?.trim_end_matches('.');
    token.starts_with(|char: char| char.is_ascii_alphabetic()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_no_member_goes_on() {
        let all: Vec<_> = words("`voice_speed`: 2.5 > max_voice_speed, (model.tier)").collect();
        assert_eq!(all, ["voice_speed", "2", "5", "max_voice_speed", "model", "tier"]);
    }

    #[test]
    fn a_sentence_names_its_field_at_its_start_or_after_the_word() {
        let field = |sentence| named_field(sentence, Naming::AtStart { before: "property" });
        for (sentence, path) in [
            ("voice.speed must not be greater than 1.2", "voice.speed"),
            ("voice.property enableSsmlParsing should not exist", "voice.enableSsmlParsing"),
            ("property foo should not exist", "foo"),
            ("hooks.0.do.1.property exact should not exist", "hooks.0.do.1.exact"),
            ("model.messages[0].content must be a string", "model.messages[0].content"),
            ("  name is too long", "name"),
            ("name.", "name"),
            ("voice.property", "voice.property"),
            ("voice.propertyName should not exist", "voice.propertyName"),
            ("myproperty x", "myproperty"),
            ("name: must be shorter", "name"),
        ] {
            assert_eq!(field(sentence).as_deref(), Some(path), "{sentence}");
        }
        for sentence in ["", " ", "1 field is wrong", "_id is wrong", "…", "\u{0}", "\"name\" is wrong", ".name"] {
            assert_eq!(field(sentence), None, "{sentence}");
        }
        assert_eq!(named_field("name is too long", Naming::Nowhere), None);
    }
}
