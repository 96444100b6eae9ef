//! Tools, knowledge bases with their documents, folders, labels and phone numbers: the resources beside assistants.

mod answers;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::validation::{SchemaRules, ValidationErrors};

use super::operation::{Kind, Verb};

/// What the contract says about one kind.
#[derive(Debug)]
struct Rules {
    sample: BTreeMap<u64, Map<String, Value>>,
    /// The members of an item, in order.
    members: Vec<String>,
    defaults: Map<String, Value>,
    /// Members whose values only one item of the account may have.
    unique: Vec<String>,
    creation: SchemaRules,
    update: SchemaRules,
    /// The id of the object that all samples belong to.
    of: Option<u64>,
}

/// The kinds that the vendor documents.
#[derive(Debug)]
pub(crate) struct Resources(BTreeMap<Kind, Rules>);

/// The items of each kind.
#[derive(Debug, Default)]
pub(crate) struct Items(BTreeMap<Kind, Stored>);

#[derive(Debug, Default)]
struct Stored {
    items: BTreeMap<u64, Map<String, Value>>,
    newest: u64,
}

impl Resources {
    /// Reads `resources.json`; the error says what is wrong with it.
    pub(crate) fn new(resources: &Value) -> Result<Self, String> {
        let of_kind = |name: &str| resources.get("resources").and_then(|all| all.get(name));
        let found = Kind::ALL.into_iter().filter_map(|(name, kind)| Some((kind, of_kind(name)?)));
        found.map(|(kind, value)| Ok((kind, Rules::new(value)?))).collect::<Result<_, String>>().map(Self)
    }

    /// The items at the start.
    pub(crate) fn initial(&self) -> Items {
        let stored = |rules: &Rules| {
            let newest = rules.sample.last_key_value().map_or(0, |(id, _)| *id);
            Stored { items: rules.sample.clone(), newest }
        };
        Items(self.0.iter().map(|(kind, rules)| (*kind, stored(rules))).collect())
    }

    /// The rules of a body.
    pub(crate) fn rules(&self, kind: Kind, verb: Verb) -> Option<&SchemaRules> {
        let rules = self.0.get(&kind)?;
        match verb {
            Verb::Create => Some(&rules.creation),
            Verb::Update => Some(&rules.update),
            Verb::List | Verb::Get | Verb::Delete => None,
        }
    }

    /// The id of the object that the items of this kind belong to.
    pub(crate) fn owner(&self, kind: Kind) -> Option<u64> {
        self.0.get(&kind)?.of
    }

    /// Makes an item of a body that fits the rules.
    pub(crate) fn create(
        &self,
        items: &mut Items,
        kind: Kind,
        body: &Map<String, Value>,
        now: &str,
    ) -> Result<Map<String, Value>, ValidationErrors> {
        let Some(rules) = self.0.get(&kind) else { return Ok(Map::new()) };
        let stored = items.0.entry(kind).or_default();
        rules.check_unique(stored, None, body)?;
        stored.newest += 1;
        let mut item = Map::new();
        for member in &rules.members {
            let value = match member.as_str() {
                "id" => json!(stored.newest),
                "created_at" | "updated_at" => json!(now),
                "assistants_count" => json!(0),
                _ => body.get(member).or_else(|| rules.defaults.get(member)).cloned().unwrap_or_default(),
            };
            item.insert(member.clone(), value);
        }
        stored.items.insert(stored.newest, item.clone());
        Ok(item)
    }

    /// Changes an item: absent members stay, others are replaced. `None` if there is no such item.
    pub(crate) fn update(
        &self,
        items: &mut Items,
        (kind, id): (Kind, u64),
        body: &Map<String, Value>,
        now: &str,
    ) -> Result<Option<Map<String, Value>>, ValidationErrors> {
        let (Some(rules), Some(stored)) = (self.0.get(&kind), items.0.get_mut(&kind)) else { return Ok(None) };
        if !stored.items.contains_key(&id) {
            return Ok(None);
        }
        rules.check_unique(stored, Some(id), body)?;
        let Some(item) = stored.items.get_mut(&id) else { return Ok(None) };
        // An automation is edited elsewhere; these members of it are ignored.
        let automation = item.get("type").and_then(Value::as_str) == Some("automation");
        for (member, value) in body.iter().filter(|(member, _)| rules.update.knows(member)) {
            if !(automation && ["endpoint", "method", "body_format"].contains(&member.as_str())) {
                item.insert(member.clone(), value.clone());
            }
        }
        if let Some(updated) = item.get_mut("updated_at") {
            *updated = json!(now);
        }
        Ok(Some(item.clone()))
    }
}

impl Rules {
    fn new(value: &Value) -> Result<Self, String> {
        let items = value.get("items").and_then(Value::as_array).ok_or("resources.json: no items")?;
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let with_id = |item: &Value| Some((item.get("id")?.as_u64()?, object(item)));
        let creation = value.get("request").cloned().unwrap_or_else(|| json!({}));
        let mut update = creation.clone();
        if let Some(schema) = update.as_object_mut() {
            schema.remove("required");
        }
        let unique = value.get("unique").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Self {
            sample: items.iter().filter_map(with_id).collect(),
            members: items.first().map(object).unwrap_or_default().keys().cloned().collect(),
            defaults: value.get("defaults").map(object).unwrap_or_default(),
            unique: unique.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            creation: SchemaRules::new(creation)?,
            update: SchemaRules::new(update)?,
            of: value.get("of").and_then(Value::as_u64),
        })
    }

    fn check_unique(
        &self,
        stored: &Stored,
        own: Option<u64>,
        body: &Map<String, Value>,
    ) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::default();
        for member in &self.unique {
            let wanted = body.get(member);
            let taken = |(id, item): (&u64, &Map<String, Value>)| {
                Some(*id) != own && wanted.is_some() && item.get(member) == wanted
            };
            if stored.items.iter().any(taken) {
                errors.add(member, format!("The {member} has already been taken."));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

impl Items {
    /// All items of a kind, by id.
    pub(crate) fn all(&self, kind: Kind) -> Vec<Map<String, Value>> {
        self.0.get(&kind).map(|stored| stored.items.values().cloned().collect()).unwrap_or_default()
    }

    /// One item.
    pub(crate) fn get(&self, kind: Kind, id: u64) -> Option<&Map<String, Value>> {
        self.0.get(&kind)?.items.get(&id)
    }

    /// Removes an item; whether there was one.
    pub(crate) fn delete(&mut self, kind: Kind, id: u64) -> bool {
        self.0.get_mut(&kind).is_some_and(|stored| stored.items.remove(&id).is_some())
    }

    /// Removes all items of a kind.
    pub(crate) fn clear(&mut self, kind: Kind) {
        if let Some(stored) = self.0.get_mut(&kind) {
            stored.items.clear();
        }
    }
}
