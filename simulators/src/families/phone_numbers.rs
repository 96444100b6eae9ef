//! The phone numbers of a sample account: listed, read, and changed at the top level.

use serde_json::{Map, Value};

use crate::http::VendorResponse;

use super::{Answer, Ask, Refusal, merge};

/// The numbers.
#[derive(Debug)]
pub(super) struct PhoneNumbers {
    numbers: Vec<Value>,
    /// The member that is a number's id.
    id: &'static str,
    /// The answer for a number that does not exist.
    absent: &'static str,
}

impl PhoneNumbers {
    pub(super) const fn new(numbers: Vec<Value>, id: &'static str, absent: &'static str) -> Self {
        Self { numbers, id, absent }
    }

    /// All numbers.
    pub(super) fn all(&self) -> &[Value] {
        &self.numbers
    }

    /// The answer of one of the three operations. `changed` makes the members to store from the body.
    pub(super) fn answer(
        &mut self,
        ask: &Ask<'_>,
        changed: impl FnOnce(&Map<String, Value>) -> Result<Map<String, Value>, Refusal>,
    ) -> Answer {
        let shown = match ask.row.name {
            "list-phone-numbers" => Value::Array(self.numbers.clone()),
            "read-phone-number" => self.of(ask.id)?.clone(),
            _ => {
                let number = self.of(ask.id)?;
                let update = changed(&ask.body)?;
                if let Some(stored) = number.as_object_mut() {
                    merge::top(stored, &update);
                }
                number.clone()
            }
        };
        Ok(VendorResponse::json(ask.row.status, &shown))
    }

    fn of(&mut self, id: &str) -> Result<&mut Value, Refusal> {
        let (member, absent) = (self.id, self.absent);
        self.numbers.iter_mut().find(|number| number[member] == id).ok_or(Refusal::Documented(absent))
    }
}
