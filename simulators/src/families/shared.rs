//! What the three vendors' accounts have in common: the contract's data, ids, and the time.

use serde_json::{Map, Value, json};

use crate::{clock, contracts::FamilyContract};

use super::{
    Refusal,
    errors::Shape,
    members::{Finding, Problem, Strictness, check},
    table::Row,
};

/// The contract's data and how the vendor reads.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) shape: Shape,
    pub(super) api: Value,
    pub(super) objects: Value,
    pub(super) seeds: Value,
    pub(super) catalogs: Value,
    /// How many assistants there are from the start, if more than the contract has.
    pub(super) assistants: u64,
    strictness: Strictness,
}

impl Shared {
    /// Reads the contract; the error says which vendor has no behaviour here.
    pub(super) fn new(contract: &FamilyContract, api: Value, assistants: u64) -> Result<Self, String> {
        let (shape, strictness) = match contract.vendor {
            "elevenlabs" => (Shape::Detail, Strictness { optional_nulls: false, partial: true }),
            "retell" => (Shape::Prose, Strictness { optional_nulls: false, partial: false }),
            "vapi" => (Shape::Sentences, Strictness { optional_nulls: true, partial: false }),
            other => return Err(format!("simulators/src/families has no file for {other}")),
        };
        let (objects, seeds, catalogs) = (contract.objects(), contract.seeds(), contract.catalogs());
        Ok(Self { shape, api, objects, seeds, catalogs, assistants, strictness })
    }

    /// What is wrong with the body of an operation.
    pub(super) fn check(&self, row: &Row, body: &Value) -> Vec<Finding> {
        let schema = row.object.as_ref().map(|object| &self.objects["objects"][object]);
        let mut findings = schema.map(|schema| check(&self.objects, schema, body, self.strictness)).unwrap_or_default();
        // A retired word is taken, and another is stored.
        let is_retired = |finding: &Finding| {
            let word = super::merge::at(body, &finding.dotted()).and_then(Value::as_str);
            word.is_some_and(|word| self.api["retired_models"].get(word).is_some())
        };
        findings.retain(|finding| !matches!(finding.problem, Problem::Choice(_)) || !is_retired(finding));
        let missing = row.required.iter().filter(|name| name.as_str().is_some_and(|name| body.get(name).is_none()));
        findings.extend(missing.map(|name| Finding { path: vec![name.clone()], problem: Problem::Missing }));
        findings
    }

    /// A list of the seeds.
    pub(super) fn seeded(&self, name: &str) -> Vec<Value> {
        self.seeds[name].as_array().cloned().unwrap_or_default()
    }

    /// The object that a creation starts with.
    pub(super) fn fresh(&self, name: &str) -> Map<String, Value> {
        self.seeds[name].as_object().cloned().unwrap_or_default()
    }

    /// How many copies of a seed there are beside the seeds.
    pub(super) fn copies(&self, seeds: usize) -> u64 {
        self.assistants.saturating_sub(seeds as u64)
    }
}

/// Counts writes and new objects: the vendor's time, and ids that are never given again.
#[derive(Debug, Default)]
pub(super) struct Counter {
    writes: u64,
    made: u64,
}

impl Counter {
    /// The time of a new write, in seconds since 1970.
    pub(super) const fn seconds(&mut self) -> u64 {
        self.writes += 1;
        clock::START + self.writes
    }

    /// The time of a new write, in ISO 8601 with milliseconds.
    pub(super) fn time_stamp(&mut self) -> String {
        self.writes += 1;
        clock::time_stamp(self.writes, false).replace('Z', ".000Z")
    }

    /// A number that no other object of this run has.
    pub(super) const fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}

/// The size of a page, from a parameter's text.
pub(super) fn page_size(row: &Row, name: &'static str, text: Option<&str>) -> Result<usize, Refusal> {
    let [usual, most] = row.page_size;
    let Some(text) = text else { return Ok(usual.try_into().unwrap_or(usize::MAX)) };
    match text.parse::<u64>() {
        Err(_) => Err(Refusal::Query(name, Problem::Type(vec!["integer".to_owned()]))),
        Ok(0) => Err(Refusal::Query(name, Problem::Below(json!(1)))),
        Ok(size) if size > most => Err(Refusal::Query(name, Problem::Above(json!(most)))),
        Ok(size) => Ok(size.try_into().unwrap_or(usize::MAX)),
    }
}
