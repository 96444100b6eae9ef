//! Vapi: one document per assistant, merged at the top level only, live at once.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::http::{VendorResponse, query};

use super::{
    Account, Answer, Ask, Refusal, merge,
    phone_numbers::PhoneNumbers,
    shared::{Counter, Shared, page_size},
};

/// The sample account.
#[derive(Debug)]
pub(super) struct Vapi {
    shared: Arc<Shared>,
    /// As `GET` tells them, oldest first.
    assistants: Vec<Map<String, Value>>,
    numbers: PhoneNumbers,
    counter: Counter,
}

impl Vapi {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let seeds = shared.seeded("agents");
        let mut assistants: Vec<_> = seeds.into_iter().filter_map(|seed| seed.as_object().cloned()).collect();
        for copy in 1..=shared.copies(assistants.len()) {
            let Some(mut assistant) = assistants.first().cloned() else { break };
            // The copies are younger than the seeds, one second apart, so that a list can be paged by time.
            let time = crate::clock::time_stamp(copy, false).replace("2026-09", "2026-08").replace('Z', ".000Z");
            assistant.insert("id".to_owned(), json!(uuid(0x5eed, copy)));
            assistant.insert("name".to_owned(), json!(format!("Assistant {copy}")));
            assistant.insert("createdAt".to_owned(), json!(time));
            assistant.insert("updatedAt".to_owned(), json!(time));
            assistants.push(assistant);
        }
        assistants.sort_by_cached_key(|assistant| assistant["createdAt"].as_str().unwrap_or_default().to_owned());
        let numbers = PhoneNumbers::new(shared.seeded("phone_numbers"), "id", "404-phone-number-not-found");
        Self { shared, assistants, numbers, counter: Counter::default() }
    }

    fn at(&self, id: &str) -> Result<usize, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::Documented("400-not-a-uuid"));
        }
        let found = self.assistants.iter().position(|assistant| assistant["id"] == id);
        found.ok_or(Refusal::Documented("404-not-found"))
    }

    fn create(&mut self, ask: &Ask<'_>) -> Value {
        let (time, number) = (self.counter.time_stamp(), self.counter.number());
        let mut assistant = Map::new();
        assistant.insert("id".to_owned(), json!(uuid(0xc4ea, number)));
        assistant.extend(self.shared.fresh("new_agent"));
        assistant.insert("createdAt".to_owned(), json!(time));
        assistant.insert("updatedAt".to_owned(), json!(time));
        merge::top(&mut assistant, &ask.body);
        assistant.retain(|_, value| !value.is_null());
        self.assistants.push(assistant.clone());
        assistant.into()
    }

    /// Members that are sent replace the stored ones whole; `null` takes them away.
    fn update(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let at = self.at(ask.id)?;
        let time = self.counter.time_stamp();
        let Some(assistant) = self.assistants.get_mut(at) else { return Err(Refusal::Documented("404-not-found")) };
        merge::top(assistant, &ask.body);
        for name in ask.body.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name) {
            assistant.shift_remove(name);
        }
        assistant.insert("updatedAt".to_owned(), json!(time));
        Ok(assistant.clone().into())
    }

    fn delete(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let at = self.at(ask.id)?;
        if self.shared.seeded("pinned").iter().any(|pinned| pinned == ask.id) {
            return Err(Refusal::Documented("409-assistant-pinned"));
        }
        Ok(self.assistants.remove(at).into())
    }
}

impl Vapi {
    /// Reads or changes numbers. What an update may have depends on the provider, which must be the number's own.
    fn phone_number(&mut self, ask: &Ask<'_>) -> Answer {
        if !ask.id.is_empty() && !is_uuid(ask.id) {
            return Err(Refusal::Documented("400-not-a-uuid"));
        }
        let Self { assistants, numbers, counter, .. } = self;
        let provider =
            numbers.all().iter().find(|number| number["id"] == ask.id).map(|number| number["provider"].clone());
        numbers.answer(ask, |body| {
            if body.get("provider") != provider.as_ref() {
                return Err(Refusal::Documented("400-other-provider"));
            }
            let named = body.get("assistantId").filter(|id| !id.is_null());
            if named.is_some_and(|id| !assistants.iter().any(|assistant| assistant["id"] == *id)) {
                return Err(Refusal::Documented("404-not-found"));
            }
            let mut update = body.clone();
            update.insert("updatedAt".to_owned(), json!(counter.time_stamp()));
            Ok(update)
        })
    }
}

/// Whether a time stands so to a bound.
type Holds = fn(&String, &String) -> bool;

/// The comparisons of a list's parameters.
const COMPARISONS: [(&str, Holds); 4] = [
    ("Gt", |one, other| one > other),
    ("Ge", |one, other| one >= other),
    ("Lt", |one, other| one < other),
    ("Le", |one, other| one <= other),
];

/// A list, newest first, without pages: callers ask for what is older than the last.
fn listed<'a>(ask: &Ask<'_>, all: impl Iterator<Item = &'a Map<String, Value>>) -> Result<Value, Refusal> {
    let size = page_size(ask.row, "limit", query::decoded(ask.query, "limit").as_deref())?;
    let mut bounds = Vec::new();
    for member in ["createdAt", "updatedAt"] {
        for (suffix, holds) in COMPARISONS {
            if let Some(bound) = query::decoded(ask.query, &format!("{member}{suffix}")) {
                bounds.push((member, holds, comparable(&bound)));
            }
        }
    }
    let fits = |one: &&Map<String, Value>| {
        let time = |member: &str| comparable(one.get(member).and_then(Value::as_str).unwrap_or_default());
        bounds.iter().all(|(member, holds, bound)| holds(&time(member), bound))
    };
    let mut found: Vec<_> = all.filter(fits).collect();
    found.sort_by_key(|one| std::cmp::Reverse(one["createdAt"].as_str().unwrap_or_default()));
    Ok(found.into_iter().take(size).cloned().map(Value::Object).collect())
}

impl Account for Vapi {
    fn answer(&mut self, ask: &Ask<'_>) -> Answer {
        let shown = match ask.row.name {
            "create" => self.create(ask),
            "update" => self.update(ask)?,
            "read" => {
                let at = self.at(ask.id)?;
                self.assistants.get(at).cloned().into()
            }
            "delete" => self.delete(ask)?,
            "list" => listed(ask, self.assistants.iter())?,
            "list-phone-numbers" => listed(ask, self.numbers.all().iter().filter_map(Value::as_object))?,
            "list-tools" => {
                let tools = self.shared.catalogs["tools"].as_array();
                listed(ask, tools.into_iter().flatten().filter_map(Value::as_object))?
            }
            _ => return self.phone_number(ask),
        };
        Ok(VendorResponse::json(ask.row.status, &shown))
    }

    fn document(&self, id: &str) -> Option<Value> {
        let assistant = self.assistants.iter().find(|assistant| assistant["id"] == id).cloned().map(Value::Object);
        assistant.or_else(|| self.numbers.all().iter().find(|number| number["id"] == id).cloned())
    }

    fn versions(&self, id: &str) -> Vec<Value> {
        self.document(id).into_iter().collect()
    }

    fn ids(&self) -> Vec<String> {
        self.assistants.iter().filter_map(|assistant| assistant["id"].as_str()).map(str::to_owned).collect()
    }
}

fn uuid(kind: u16, number: u64) -> String {
    format!("3f2c8a10-6b7d-4e51-{:04x}-{number:012x}", 0x8000 | (kind & 0x3fff))
}

fn is_uuid(id: &str) -> bool {
    let parts: Vec<_> = id.split('-').collect();
    let of_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().all(of_hex) && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
}

/// A time that compares as text: always with milliseconds.
fn comparable(time: &str) -> String {
    let time = time.trim_end_matches('Z').trim_end_matches("+00:00");
    if time.contains('.') { time.to_owned() } else { format!("{time}.000") }
}
