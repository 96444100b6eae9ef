//! An object with versions. A published version is never changed.

use serde_json::{Map, Value, json};

use super::super::Refusal;

/// An agent or an LLM with its versions, oldest first; there is at least one.
#[derive(Debug, Clone)]
pub(super) struct Versioned {
    pub(super) id: String,
    versions: Vec<Map<String, Value>>,
}

impl Versioned {
    pub(super) fn new(id: String, first: Map<String, Value>) -> Self {
        Self { id, versions: vec![first] }
    }

    /// Reads the list of versions that a seed has; `member` is the object's id.
    pub(super) fn from_seed(member: &str, seed: Value) -> Option<Self> {
        let Value::Array(versions) = seed else { return None };
        let versions: Vec<_> = versions.into_iter().filter_map(|version| version.as_object().cloned()).collect();
        let id = versions.first()?.get(member)?.as_str()?.to_owned();
        Some(Self { id, versions })
    }

    /// The same object under another id.
    pub(super) fn copy(&self, member: &str, id: &str) -> Self {
        let mut copy = self.clone();
        id.clone_into(&mut copy.id);
        for document in &mut copy.versions {
            document.insert(member.to_owned(), json!(id));
        }
        copy
    }

    /// Every version, oldest first.
    pub(super) fn documents(&self) -> Vec<Value> {
        self.versions.iter().cloned().map(Value::Object).collect()
    }

    pub(super) fn documents_mut(&mut self) -> &mut [Map<String, Value>] {
        &mut self.versions
    }

    pub(super) fn newest(&self) -> Option<&Map<String, Value>> {
        self.versions.last()
    }

    pub(super) fn newest_number(&self) -> u64 {
        self.versions.iter().filter_map(|version| version["version"].as_u64()).max().unwrap_or_default()
    }

    fn index(&self, version: Option<&str>) -> Option<usize> {
        let Some(wanted) = version.filter(|wanted| *wanted != "latest") else {
            return self.versions.len().checked_sub(1);
        };
        self.versions.iter().position(|document| {
            let tags = document.get("assigned_tags").and_then(Value::as_array);
            wanted.parse::<u64>().is_ok_and(|number| document["version"] == number)
                || tags.is_some_and(|tags| tags.iter().any(|tag| tag == wanted))
        })
    }

    /// The version with this number or tag, by default the latest.
    pub(super) fn at(&self, version: Option<&str>) -> Option<&Map<String, Value>> {
        self.versions.get(self.index(version)?)
    }

    /// The same, to be changed by the vendor itself.
    pub(super) fn at_mut(&mut self, version: Option<&str>) -> Option<&mut Map<String, Value>> {
        let at = self.index(version)?;
        self.versions.get_mut(at)
    }

    /// The version that an update changes; refused if it is published.
    pub(super) fn draft(&mut self, version: Option<&str>) -> Result<&mut Map<String, Value>, Refusal> {
        let document = self.at_mut(version).ok_or(super::NOT_FOUND)?;
        if document["is_published"] == true {
            return Err(Refusal::Documented("422-published"));
        }
        Ok(document)
    }

    /// Adds a draft with this number.
    pub(super) fn add(&mut self, number: u64, mut document: Map<String, Value>, now: Value) -> Map<String, Value> {
        document.insert("version".to_owned(), json!(number));
        document.insert("is_published".to_owned(), json!(false));
        document.insert("last_modification_timestamp".to_owned(), now);
        self.versions.push(document.clone());
        document
    }

    /// Removes a version, unless it is the only one; whether it did.
    pub(super) fn remove(&mut self, version: Option<&str>) -> bool {
        let at = self.index(version).filter(|_| self.versions.len() > 1);
        at.map(|at| self.versions.remove(at)).is_some()
    }

    /// The row of the list of agents.
    pub(super) fn summary(&self, newest: &Map<String, Value>) -> Value {
        let mut tags = Map::new();
        for version in &self.versions {
            for tag in version.get("assigned_tags").and_then(Value::as_array).into_iter().flatten() {
                tags.insert(tag.as_str().unwrap_or_default().to_owned(), json!({ "version": version["version"] }));
            }
        }
        json!({
            "agent_id": self.id, "agent_name": newest["agent_name"], "channel": "voice", "is_suspended": false,
            "tags": tags, "user_modified_timestamp": newest["last_modification_timestamp"],
            "is_transfer_agent": newest.get("is_transfer_agent"),
        })
    }

    /// The rows of the list of versions with their numbers, oldest first.
    pub(super) fn summaries(&self) -> Vec<(String, Value)> {
        const MEMBERS: [&str; 6] = [
            "version",
            "is_published",
            "base_version",
            "version_title",
            "version_description",
            "last_modification_timestamp",
        ];
        let row = |version: &Map<String, Value>| {
            let row = MEMBERS.iter().map(|name| ((*name).to_owned(), version.get(*name).cloned().unwrap_or_default()));
            (version["version"].to_string(), Value::Object(row.collect()))
        };
        self.versions.iter().map(row).collect()
    }
}
