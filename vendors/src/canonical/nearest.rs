//! The nearest known name for one that is not known.

use super::field::Field;

/// Longer keys are no slips of the finger.
const LONGEST: usize = 64;

/// The canonical field that `key` was most likely meant to be: at most a third of its letters differ.
pub fn nearest_field(key: &str) -> Option<Field> {
    if key.len() > LONGEST {
        return None;
    }
    let key = key.to_ascii_lowercase();
    let distance = |field: &Field| strsim::osa_distance(&key, field.name());
    let nearest = Field::ALL.into_iter().min_by_key(distance)?;
    (distance(&nearest) * 3 <= key.len()).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        assert_eq!(nearest_field("speech_sped"), Some(Field::SpeechSpeed));
        assert_eq!(nearest_field("SystemPrompt"), Some(Field::SystemPrompt));
        assert_eq!(nearest_field("wait_for_costumer"), Some(Field::WaitForCustomer));
        assert_eq!(nearest_field("zzz"), None);
        assert_eq!(nearest_field(&"x".repeat(10_000)), None);
    }
}
