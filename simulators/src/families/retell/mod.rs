//! Retell AI: an agent and its LLM are two objects with versions of the same number; a published version never changes.

mod model_config;
mod versions;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::http::{VendorResponse, query};

use super::{
    Account, Answer, Ask, Refusal, merge, pages,
    phone_numbers::PhoneNumbers,
    shared::{Counter, Shared, page_size},
};

use versions::Versioned;

/// The answer for an object that does not exist.
pub(super) const NOT_FOUND: Refusal = Refusal::Documented("422-not-found");
/// The answer of a call about versions for one that does not exist.
const NO_VERSION: Refusal = Refusal::Documented("404-no-such-version");

/// The sample account.
#[derive(Debug)]
pub(super) struct Retell {
    shared: Arc<Shared>,
    agents: Vec<Versioned>,
    llms: Vec<Versioned>,
    numbers: PhoneNumbers,
    counter: Counter,
}

impl Retell {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let seeded = |list: &str, id: &'static str| -> Vec<Versioned> {
            shared.seeded(list).into_iter().filter_map(|seed| Versioned::from_seed(id, seed)).collect()
        };
        let (mut agents, mut llms) = (seeded("agents", "agent_id"), seeded("llms", "llm_id"));
        for copy in 1..=shared.copies(agents.len()) {
            let (id, llm) = (format!("agent_1{copy:031}"), format!("llm_1{copy:031}"));
            let (Some(agent), Some(engine)) = (agents.first(), llms.first()) else { break };
            let mut agent = agent.copy("agent_id", &id);
            for document in agent.documents_mut() {
                document.insert("agent_name".to_owned(), json!(format!("Agent {copy}")));
                document["response_engine"]["llm_id"] = json!(llm);
            }
            llms.push(engine.copy("llm_id", &llm));
            agents.push(agent);
        }
        let numbers = PhoneNumbers::new(shared.seeded("phone_numbers"), "phone_number", "422-not-found");
        Self { shared, agents, llms, numbers, counter: Counter::default() }
    }

    fn now(&mut self) -> Value {
        json!(self.counter.seconds() * 1000)
    }

    fn agent(&mut self, id: &str) -> Result<&mut Versioned, Refusal> {
        self.agents.iter_mut().find(|agent| agent.id == id).ok_or(NOT_FOUND)
    }

    fn llm(&mut self, id: &str) -> Result<&mut Versioned, Refusal> {
        self.llms.iter_mut().find(|llm| llm.id == id).ok_or(NOT_FOUND)
    }

    fn create_llm(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let (number, now) = (self.counter.number(), self.now());
        let id = format!("llm_{number:032x}");
        let mut document = started("llm_id", &id);
        document.extend(self.shared.fresh("new_llm"));
        let mut body = ask.body.clone();
        if !body.contains_key("model") && !body.contains_key("s2s_model") {
            // The default's twins are shown as well.
            body.entry("model_config").or_insert_with(|| json!({}));
        }
        let body = model_config::settled(&self.shared.api, &document, body)?;
        merge::top(&mut document, &body);
        document.insert("last_modification_timestamp".to_owned(), now);
        self.llms.push(Versioned::new(id, document.clone()));
        Ok(document.into())
    }

    fn create_agent(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let body = self.with_engine(ask.body.clone())?;
        let (number, now) = (self.counter.number(), self.now());
        let id = format!("agent_{number:032x}");
        let mut document = started("agent_id", &id);
        document.insert("base_version".to_owned(), Value::Null);
        document.extend(self.shared.fresh("new_agent"));
        merge::top(&mut document, &body);
        document.insert("last_modification_timestamp".to_owned(), now);
        self.agents.push(Versioned::new(id, document.clone()));
        Ok(document.into())
    }

    /// The body with the version of its LLM, which has to exist.
    fn with_engine(&mut self, mut body: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let Some(engine) = body.get_mut("response_engine") else { return Ok(body) };
        if let Some(id) = engine["llm_id"].as_str().map(str::to_owned) {
            let newest = self.llm(&id)?.newest_number();
            if engine["version"].is_null() {
                engine["version"] = json!(newest);
            }
        }
        Ok(body)
    }

    fn update_agent(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        self.agent(ask.id)?.draft(version(ask).as_deref())?;
        let body = self.with_engine(ask.body.clone())?;
        let now = self.now();
        let document = self.agent(ask.id)?.draft(version(ask).as_deref())?;
        for (name, value) in body {
            match (document.get_mut(&name), value) {
                (Some(Value::Object(stored)), Value::Object(sent)) if name == "contact_memory_config" => {
                    merge::top(stored, &sent);
                }
                (_, value) => drop(document.insert(name, value)),
            }
        }
        document.insert("last_modification_timestamp".to_owned(), now);
        Ok(document.clone().into())
    }

    fn update_llm(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let stored = self.llm(ask.id)?.draft(version(ask).as_deref())?.clone();
        let body = model_config::settled(&self.shared.api, &stored, ask.body.clone())?;
        let now = self.now();
        let document = self.llm(ask.id)?.draft(version(ask).as_deref())?;
        merge::top(document, &body);
        document.insert("last_modification_timestamp".to_owned(), now);
        Ok(document.clone().into())
    }

    /// A new draft of the agent and of its LLM, with a number above all of both.
    fn create_version(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let base = ask.body.get("base_version").map(ToString::to_string);
        let agent = self.agents.iter().find(|agent| agent.id == ask.id).ok_or(NO_VERSION)?;
        let mut draft = agent.at(base.as_deref()).cloned().ok_or(NO_VERSION)?;
        let mut number = agent.newest_number() + 1;
        let now = self.now();
        let engine = &draft["response_engine"];
        let (llm, of_llm) = (engine["llm_id"].as_str().map(str::to_owned), engine["version"].to_string());
        if let Some(llm) = self.llms.iter_mut().find(|known| Some(&known.id) == llm.as_ref()) {
            number = number.max(llm.newest_number() + 1);
            let copied = llm.at(Some(&of_llm)).or_else(|| llm.newest()).cloned();
            draft["response_engine"]["version"] = json!(number);
            llm.add(number, copied.unwrap_or_default(), now.clone());
        }
        draft.insert("base_version".to_owned(), ask.body["base_version"].clone());
        draft.insert("assigned_tags".to_owned(), json!([]));
        draft.insert("version_title".to_owned(), Value::Null);
        draft.insert("version_description".to_owned(), Value::Null);
        Ok(self.agent(ask.id)?.add(number, draft, now).into())
    }

    /// Publishes a version in place, and that of its LLM; no number and no tag moves.
    fn publish(&mut self, ask: &Ask<'_>) -> Result<(), Refusal> {
        let version = ask.body.get("version").map(ToString::to_string);
        let agent = self.agents.iter_mut().find(|agent| agent.id == ask.id).ok_or(NO_VERSION)?;
        let document = agent.at_mut(version.as_deref()).ok_or(NO_VERSION)?;
        document.insert("is_published".to_owned(), json!(true));
        for name in ["version_title", "version_description"] {
            if let Some(text) = ask.body.get(name) {
                document.insert(name.to_owned(), text.clone());
            }
        }
        let engine = &document["response_engine"];
        let (llm, of_llm) = (engine["llm_id"].as_str().map(str::to_owned), engine["version"].to_string());
        let llm = self.llms.iter_mut().find(|known| Some(&known.id) == llm.as_ref());
        if let Some(document) = llm.and_then(|llm| llm.at_mut(Some(&of_llm))) {
            document.insert("is_published".to_owned(), json!(true));
        }
        Ok(())
    }

    fn delete(&mut self, ask: &Ask<'_>) -> Result<(), Refusal> {
        let list = if ask.row.name == "delete-llm" { &mut self.llms } else { &mut self.agents };
        let before = list.len();
        list.retain(|object| object.id != ask.id);
        if list.len() == before { Err(NOT_FOUND) } else { Ok(()) }
    }

    /// Summaries of the agents, latest change first.
    fn list(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        // The page has them in the query, the SDK in the body.
        let in_query = |name| query::decoded(ask.query, name);
        let limit = in_query("limit").or_else(|| ask.body.get("limit").map(ToString::to_string));
        let size = page_size(ask.row, "limit", limit.as_deref())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let after = in_query("pagination_key").or_else(|| ask.body.get("pagination_key").and_then(text));
        let wanted =
            ask.body.get("filter_criteria").and_then(|filter| text(&filter["query"])).map(|q| q.to_lowercase());
        let mut found: Vec<_> = self.agents.iter().filter_map(|agent| Some((agent, agent.newest()?))).collect();
        found.retain(|(agent, newest)| {
            let name = newest["agent_name"].as_str().unwrap_or_default().to_lowercase();
            wanted.as_ref().is_none_or(|wanted| name.contains(wanted) || agent.id.contains(wanted.as_str()))
        });
        found.sort_by_key(|(_, newest)| std::cmp::Reverse(newest["last_modification_timestamp"].as_u64()));
        if ask.body.get("sort_order").is_some_and(|order| order == "ascending") {
            found.reverse();
        }
        let (shown, next) = pages::page(&found, |(agent, _)| &agent.id, after.as_deref(), size);
        let items: Vec<_> = shown.iter().map(|(agent, newest)| agent.summary(newest)).collect();
        Ok(listed(&items, next))
    }

    /// The versions of an agent, newest first.
    fn list_versions(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let agent = self.agents.iter().find(|agent| agent.id == ask.id).ok_or(NO_VERSION)?;
        let size = page_size(ask.row, "limit", query::decoded(ask.query, "limit").as_deref())?;
        let after = query::decoded(ask.query, "pagination_key");
        let mut rows: Vec<_> = agent.summaries();
        if query::decoded(ask.query, "sort_order").as_deref() != Some("ascending") {
            rows.reverse();
        }
        let (shown, next) = pages::page(&rows, |(number, _)| number, after.as_deref(), size);
        let items: Vec<_> = shown.iter().map(|(_, row)| row.clone()).collect();
        Ok(listed(&items, next))
    }

    fn delete_version(&mut self, ask: &Ask<'_>) -> Result<(), Refusal> {
        let version = version(ask);
        let agent = self.agents.iter_mut().find(|agent| agent.id == ask.id).ok_or(NO_VERSION)?;
        if version.is_some() && agent.remove(version.as_deref()) { Ok(()) } else { Err(NO_VERSION) }
    }
}

impl Account for Retell {
    fn answer(&mut self, ask: &Ask<'_>) -> Answer {
        let version = version(ask);
        let read = |object: &Versioned| object.at(version.as_deref()).cloned().map(Value::Object).ok_or(NOT_FOUND);
        let shown = match ask.row.name {
            "create" => self.create_agent(ask)?,
            "create-llm" => self.create_llm(ask)?,
            "update" => self.update_agent(ask)?,
            "update-llm" => self.update_llm(ask)?,
            "read" => read(self.agent(ask.id)?)?,
            "read-llm" => read(self.llm(ask.id)?)?,
            "list" => self.list(ask)?,
            "list-versions" => self.list_versions(ask)?,
            "create-version" => self.create_version(ask)?,
            "publish" | "delete" | "delete-llm" | "delete-version" => {
                match ask.row.name {
                    "publish" => self.publish(ask)?,
                    "delete-version" => self.delete_version(ask)?,
                    _ => self.delete(ask)?,
                }
                return Ok(VendorResponse::empty(ask.row.status));
            }
            "list-phone-numbers" => listed(self.numbers.all(), None),
            _ => return self.numbers.answer(ask, |body| Ok(body.clone())),
        };
        Ok(VendorResponse::json(ask.row.status, &shown))
    }

    fn document(&self, id: &str) -> Option<Value> {
        let object = self.agents.iter().chain(&self.llms).find(|object| object.id == id);
        let newest = object.and_then(Versioned::newest).cloned().map(Value::Object);
        newest.or_else(|| self.numbers.all().iter().find(|number| number["phone_number"] == id).cloned())
    }

    fn versions(&self, id: &str) -> Vec<Value> {
        let object = self.agents.iter().chain(&self.llms).find(|object| object.id == id);
        object.map(Versioned::documents).unwrap_or_default()
    }

    fn ids(&self) -> Vec<String> {
        self.agents.iter().map(|agent| agent.id.clone()).collect()
    }
}

/// The version that the query names: a number, or for reads a tag.
fn version(ask: &Ask<'_>) -> Option<String> {
    query::decoded(ask.query, "version")
}

/// The first members of a new object.
fn started(member: &str, id: &str) -> Map<String, Value> {
    let members = [(member, json!(id)), ("version", json!(0)), ("is_published", json!(false))];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn listed(items: &[Value], next: Option<String>) -> Value {
    let mut page = json!({ "items": items, "has_more": next.is_some() });
    if let Some(next) = next {
        page["pagination_key"] = json!(next);
    }
    page
}
