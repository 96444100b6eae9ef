//! Canonical updates to try things with.

/// An update with an example of every kind of translation.
pub const EXAMPLE: &str = r#"{
  "name": "Sales assistant",
  "type": "outbound",
  "mode": "pipeline",
  "language": "en",
  "wait_for_customer": true,
  "speech_speed": 1.10,
  "max_duration": 900,
  "min_interrupt_words": 2,
  "webhook_url": null,
  "ambient_sound": "office",
  "label_ids": [3, 5],
  "conversation_inactivity_timeout": 30,
  "filler_config": { "positive": ["Great!"] },
  "tools": [{ "type": "end_call", "description": "When the customer says goodbye." }]
}"#;

/// An update with every field but names, whose ids it has, and `vendor_options`.
pub const EVERY_FIELD: &str = include_str!("every_field.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Field, Update};

    #[test]
    fn the_examples_are_updates_and_one_has_every_field() {
        assert!(Update::read(EXAMPLE.as_bytes()).unwrap().entries.iter().all(|entry| entry.field.is_some()));
        let update = Update::read(EVERY_FIELD.as_bytes()).unwrap();
        let is_left_out = |field: Field| field.id_of_name().is_some() || field == Field::VendorOptions;
        for field in Field::ALL {
            assert_eq!(update.fields.contains(field), !is_left_out(field), "{}", field.name());
        }
    }
}
