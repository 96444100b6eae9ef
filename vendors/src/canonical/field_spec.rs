//! The specification of a canonical field, and the lookup of fields by name.

use crate::nearest;

use super::field::Field;
use super::mode::Modes;
use super::shape::Shape;

/// One row of the table of fields.
#[derive(Debug)]
pub struct FieldSpec {
    /// The canonical name.
    pub name: &'static str,
    /// The name as a JSON string.
    pub json: &'static str,
    /// The heading under which the vendors document it.
    pub group: Group,
    /// Whether `null` is documented.
    pub nullable: bool,
    /// The engine modes in which the field has an effect.
    pub modes: Modes,
    /// The type of its values.
    pub shape: Shape,
    /// One sentence.
    pub doc: &'static str,
}

/// The headings of the vendors' documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name is the heading itself")]
pub enum Group {
    Core,
    Mode,
    Languages,
    Knowledge,
    Organization,
    Phone,
    Tools,
    Voice,
    Call,
    Timing,
    Reengagement,
    Voicemail,
    Endpoint,
    Ambient,
    Webhook,
    Evaluation,
    Variables,
    Conversation,
    Options,
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Field::ALL.len();

    /// How many bytes [`Field::push_json`] copies; no name is longer, or this does not compile. A buffer with less room grows.
    pub(crate) const COPIED_NAME: usize = 48;

    /// The canonical name.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The field called `name`.
    pub fn from_name(name: &str) -> Option<Field> {
        let mut slot = hash(name.as_bytes());
        while let Some(field) = SLOTS[slot] {
            if field.name() == name {
                return Some(field);
            }
            slot = (slot + 1) % SLOTS.len();
        }
        None
    }

    /// Appends the name as a JSON string. It copies the same number of bytes for every name and cuts off what is too much:
    /// the processor cannot predict copies of another length each time. Fifty names, as in a report, take 0.2 µs less.
    #[inline]
    pub fn push_json(self, out: &mut Vec<u8>) {
        let end = out.len() + self.spec().json.len();
        out.extend_from_slice(&PADDED_NAMES[self as usize]);
        out.truncate(end);
    }

    /// The field that `name` was probably meant to be.
    pub fn nearest(name: &str) -> Option<Field> {
        Field::from_name(nearest(name, Field::ALL.into_iter().map(Field::name))?)
    }

    /// The id that a name stands for, if this field is a name.
    pub const fn id_of_name(self) -> Option<Field> {
        match self {
            Field::Voice | Field::Language | Field::LlmModel | Field::MultimodalModel => self.twin(),
            _ => None,
        }
    }

    /// The field that sets the same property in the other form: the name for an id, the id for a name.
    pub const fn twin(self) -> Option<Field> {
        Some(match self {
            Field::Voice => Field::VoiceId,
            Field::VoiceId => Field::Voice,
            Field::Language => Field::LanguageId,
            Field::LanguageId => Field::Language,
            Field::LlmModel => Field::LlmModelId,
            Field::LlmModelId => Field::LlmModel,
            Field::MultimodalModel => Field::MultimodalModelId,
            Field::MultimodalModelId => Field::MultimodalModel,
            _ => return None,
        })
    }
}

/// Each name as a JSON string, with zeros after it.
static PADDED_NAMES: [[u8; Field::COPIED_NAME]; Field::COUNT] = {
    let mut padded = [[0; Field::COPIED_NAME]; Field::COUNT];
    let mut index = 0;
    while index < Field::COUNT {
        let json = Field::ALL[index].spec().json.as_bytes();
        padded[index].split_at_mut(json.len()).0.copy_from_slice(json);
        index += 1;
    }
    padded
};

/// A hash table with open addressing, built at compile time and a quarter full, so that a lookup usually takes one probe.
static SLOTS: [Option<Field>; 256] = {
    let mut slots = [None; 256];
    let mut index = 0;
    while index < Field::COUNT {
        let field = Field::ALL[index];
        let mut slot = hash(field.name().as_bytes());
        while slots[slot].is_some() {
            slot = (slot + 1) % slots.len();
        }
        slots[slot] = Some(field);
        index += 1;
    }
    slots
};

/// Hashes length and three bytes. The lookup compares the whole name.
const fn hash(name: &[u8]) -> usize {
    let len = name.len();
    if len == 0 {
        return 0;
    }
    let mixed = len * 31 + name[0] as usize * 7 + name[len / 2] as usize * 131 + name[len - 1] as usize * 17;
    mixed % 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_appended_as_json() {
        for field in Field::ALL {
            let mut out = b"[".to_vec();
            field.push_json(&mut out);
            assert_eq!(out, format!("[\"{}\"", field.name()).as_bytes());
        }
    }

    #[test]
    fn only_the_name_of_a_field_finds_it() {
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        for other in ["", "nam", "names", "Name", "assistant_name", "\u{0}", "ü"] {
            assert_eq!(Field::from_name(other), None, "{other}");
        }
    }

    #[test]
    fn names_are_unique_and_documented() {
        let names: HashSet<_> = Field::ALL.iter().map(|field| field.name()).collect();
        assert_eq!(names.len(), Field::COUNT);
        for field in Field::ALL {
            assert!(field.spec().doc.ends_with('.'), "{}", field.name());
            if let Some(bounds) = field.spec().shape.bounds() {
                assert!(bounds.min < bounds.max, "{}", field.name());
            }
        }
    }

    #[test]
    fn a_typing_error_finds_its_field() {
        assert_eq!(Field::nearest("speech_sped"), Some(Field::SpeechSpeed));
        assert_eq!(Field::nearest("SystemPrompt"), Some(Field::SystemPrompt));
        assert_eq!(Field::nearest("wait_for_costumer"), Some(Field::WaitForCustomer));
        assert_eq!(Field::nearest("zzz"), None);
    }

    #[test]
    fn the_twin_of_a_twin_is_the_field_itself() {
        for field in Field::ALL {
            if let Some(twin) = field.twin() {
                assert_eq!(twin.twin(), Some(field));
            }
        }
    }
}
