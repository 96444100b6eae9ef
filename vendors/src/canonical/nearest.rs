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
    let slips = key.len() / 3;
    // The distance is never less than the difference in length, and dear to find out.
    let alike = Field::ALL.into_iter().filter(|field| field.name().len().abs_diff(key.chars().count()) <= slips);
    let distances = alike.map(|field| (strsim::osa_distance(&key, field.name()), field));
    distances.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= slips).map(|(_, field)| field)
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
