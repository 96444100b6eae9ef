//! What is known of a canonical field, and finding a field by its name.

use super::field::Field;
use super::mode::Modes;
use super::shape::Shape;

/// One row of the catalogue.
#[derive(Debug)]
pub struct Spec {
    /// The canonical name.
    pub name: &'static str,
    /// The same as a JSON string.
    pub json: &'static str,
    /// The heading under which the pages list it.
    pub group: Group,
    /// Whether `null` is documented.
    pub nullable: bool,
    /// The engine modes in which the field has an effect.
    pub modes: Modes,
    /// What may stand in it.
    pub shape: Shape,
    /// One sentence.
    pub doc: &'static str,
}

/// The headings of the vendors' pages.
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

    /// The field that says the same in the other way: a name for an id, an id for a name.
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

/// Open addressing, a quarter full: built at compile time from the names, so that finding a field is one probe.
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

/// Length and three bytes tell the names apart well enough; the comparison that follows decides.
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
    fn every_field_is_found_by_its_name_and_nothing_else_is() {
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
    fn twins_are_each_others() {
        for field in Field::ALL {
            if let Some(twin) = field.twin() {
                assert_eq!(twin.twin(), Some(field));
            }
        }
    }
}
