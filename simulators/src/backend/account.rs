//! The assistants of the sample account, and how updates change them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::validation::SchemaRules;

use super::{catalogs::Catalogs, field_names::FieldNames, resources::Items};

/// The assistant that lists show even if it was never updated: the one in the documented examples.
const SAMPLE: u64 = 789;

/// The assistants with ids up to this one exist from the start.
const LAST: u64 = 999;

/// The fields that a change of mode resets, as documented: models and providers.
const MODE_DEPENDENT: [&str; 4] =
    ["llm_model_id", "multimodal_model_id", "synthesizer_provider_id", "transcriber_provider_id"];

/// The fields of an assistant under its vendor's names, with `id` and `status`.
pub(crate) type State = Map<String, Value>;

/// An assistant that was created or changed.
#[derive(Debug, Clone)]
struct Stored {
    state: State,
    created: Option<u64>,
    updated: u64,
}

/// When an assistant was created and changed, counted in writes; `None` for before the start.
pub(crate) type Times = (Option<u64>, Option<u64>);

/// Assistants 1 to 999, or more if more are listed, and those that were created. Only the changed ones are stored.
#[derive(Debug)]
pub(crate) struct Account {
    names: FieldNames,
    initial: State,
    /// The assistants up to this id are listed from the start.
    listed: u64,
    stored: BTreeMap<u64, Stored>,
    deleted: BTreeSet<u64>,
    newest: u64,
    writes: u64,
    /// The resources beside assistants.
    pub(crate) items: Items,
}

impl Account {
    pub(crate) fn new(names: FieldNames, initial: State, listed: u64, items: Items) -> Self {
        let (stored, deleted) = (BTreeMap::new(), BTreeSet::new());
        Self { names, initial, listed, stored, deleted, newest: listed.max(LAST), writes: 0, items }
    }

    /// The assistant's current state, or `None` if the account does not have it.
    pub(crate) fn assistant(&self, id: u64) -> Option<State> {
        match self.stored.get(&id) {
            Some(stored) => Some(stored.state.clone()),
            None if self.deleted.contains(&id) => None,
            None => (1..=self.listed.max(LAST)).contains(&id).then(|| self.fresh(id)),
        }
    }

    fn fresh(&self, id: u64) -> State {
        let mut state = self.with_id(id, &self.initial);
        state.insert(self.names.name_of("name").to_owned(), json!(format!("Assistant {id}")));
        if id <= self.listed {
            // A long list has some of each, so that filters have something to find.
            let of_type = self.names.type_value(id.is_multiple_of(2));
            state.insert(self.names.name_of("type").to_owned(), json!(of_type));
            state.insert("status".to_owned(), json!(if id.is_multiple_of(5) { "inactive" } else { "active" }));
        }
        state
    }

    fn with_id(&self, id: u64, fields: &State) -> State {
        let mut state = Map::new();
        state.insert("id".to_owned(), json!(id));
        state.extend(fields.clone());
        state
    }

    /// Stores the assistant's new state.
    pub(crate) fn store(&mut self, id: u64, state: State) {
        let updated = self.tick();
        let created = self.stored.get(&id).and_then(|stored| stored.created);
        self.stored.insert(id, Stored { state, created, updated });
    }

    /// Adds an assistant and returns its id, which is above all that were ever there.
    pub(crate) fn create(&mut self, fields: &State) -> u64 {
        self.newest += 1;
        let (id, now) = (self.newest, self.tick());
        let state = self.with_id(id, fields);
        self.stored.insert(id, Stored { state, created: Some(now), updated: now });
        id
    }

    /// Removes an assistant; whether there was one.
    pub(crate) fn delete(&mut self, id: u64) -> bool {
        let found = self.assistant(id).is_some();
        if found {
            self.stored.remove(&id);
            self.deleted.insert(id);
            self.tick();
        }
        found
    }

    /// Counts a write, and returns how many there were.
    pub(crate) const fn tick(&mut self) -> u64 {
        self.writes += 1;
        self.writes
    }

    /// When the assistant was created and last changed.
    pub(crate) fn times(&self, id: u64) -> Times {
        self.stored.get(&id).map_or((None, None), |stored| (stored.created, Some(stored.updated)))
    }

    /// Returns every assistant and every resource to its initial state.
    pub(crate) fn reset(&mut self, items: Items) {
        *self = Self::new(self.names, std::mem::take(&mut self.initial), self.listed, items);
    }

    /// The ids that lists show, in ascending order: the changed assistants, those listed from the start, and else the
    /// sample one.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let initial = if self.listed == 0 { SAMPLE..=SAMPLE } else { 1..=self.listed };
        let initial = initial.filter(|id| !self.deleted.contains(id));
        initial.chain(self.stored.keys().copied()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Changes the state of every stored assistant, without counting a write.
    pub(crate) fn for_each(&mut self, change: impl Fn(&mut State)) {
        self.stored.values_mut().for_each(|stored| change(&mut stored.state));
    }

    /// How many stored assistants satisfy a condition.
    pub(crate) fn count(&self, condition: impl Fn(&State) -> bool) -> usize {
        self.stored.values().filter(|stored| condition(&stored.state)).count()
    }
}

/// The assistant after a partial update: absent fields unchanged, `null` cleared, unknown keys ignored.
///
/// A change of mode first resets the mode's fields; values that the same update sets are kept.
pub(crate) fn merged(mut state: State, update: &State, rules: &SchemaRules, catalogs: &Catalogs) -> State {
    if let Some(mode) = update.get("mode").filter(|mode| state.get("mode") != Some(mode)) {
        let pipeline = mode == "pipeline";
        for field in MODE_DEPENDENT.into_iter().filter(|field| rules.knows(field)) {
            let default = match field {
                "llm_model_id" if pipeline => catalogs.first("models", "id"),
                "multimodal_model_id" if !pipeline => catalogs.first("multimodal_models", "id"),
                _ => Value::Null,
            };
            state.insert(field.to_owned(), default);
        }
    }
    for (field, value) in update.iter().filter(|(field, _)| rules.knows(field)) {
        state.insert(field.clone(), value.clone());
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_mode_resets_its_fields_and_keeps_what_the_update_sets() {
        let schema = json!({ "properties": { "mode": {}, "llm_model_id": {}, "multimodal_model_id": {}, "name": {} } });
        let rules = SchemaRules::new(schema).expect("a schema");
        let catalogs =
            Catalogs::new(json!({ "models": [{ "id": 1 }], "multimodal_models": [{ "id": 4 }, { "id": 5 }] }));
        let step = |state: Value, update: Value| {
            let (Value::Object(state), Value::Object(update)) = (state, update) else { unreachable!() };
            Value::Object(merged(state, &update, &rules, &catalogs))
        };
        let first = json!({ "name": "a", "mode": "pipeline", "llm_model_id": 3, "multimodal_model_id": null });
        let same = step(first.clone(), json!({ "mode": "pipeline", "other": 1 }));
        assert_eq!(same, first);
        let reset = step(first.clone(), json!({ "mode": "dualplex" }));
        assert_eq!(reset, json!({ "name": "a", "mode": "dualplex", "llm_model_id": null, "multimodal_model_id": 4 }));
        let set = step(first, json!({ "multimodal_model_id": 5, "mode": "multimodal" }));
        assert_eq!(set["multimodal_model_id"], json!(5));
        let back = step(set, json!({ "mode": "pipeline" }));
        assert_eq!(back["llm_model_id"], json!(1));
    }

    #[test]
    fn an_id_is_given_once_and_a_deleted_assistant_is_gone() {
        let mut account = Account::new(FieldNames::Current, Map::new(), 0, Items::default());
        assert_eq!(account.ids(), [789]);
        assert_eq!((account.create(&Map::new()), account.create(&Map::new())), (1000, 1001));
        assert!(account.delete(1001) && !account.delete(1001) && account.delete(789) && account.delete(7));
        assert_eq!((account.create(&Map::new()), account.ids()), (1002, vec![1000, 1002]));
        assert!([1001, 789, 7].into_iter().all(|id| account.assistant(id).is_none()));
        account.store(3, Map::new());
        assert_eq!(
            (account.ids(), account.times(3), account.times(1000)),
            (vec![3, 1000, 1002], (None, Some(7)), (Some(1), Some(1)))
        );
        account.reset(Items::default());
        assert_eq!((account.ids(), account.create(&Map::new())), (vec![789], 1000));
    }

    #[test]
    fn as_many_are_listed_as_asked_for() {
        let mut account = Account::new(FieldNames::Legacy, Map::new(), 1200, Items::default());
        assert_eq!(account.ids(), (1..=1200).collect::<Vec<_>>());
        assert!(account.assistant(1200).is_some() && account.assistant(1201).is_none());
        assert_eq!(account.create(&Map::new()), 1201);
        assert!(account.delete(600));
        assert_eq!(account.ids().len(), 1200);
        let read = account.assistant(2).map(|state| state["calls_direction"].clone());
        assert_eq!(read, Some(json!("receive")));
    }
}
