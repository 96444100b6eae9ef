//! ElevenLabs Agents: one document per agent, merged at every depth, committed to a branch, with some values rewritten.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::http::{VendorResponse, query};

use super::{
    Account, Answer, Ask, Refusal, merge, pages,
    phone_numbers::PhoneNumbers,
    shared::{Counter, Shared, page_size},
};

/// Models that speak English only.
const ENGLISH_ONLY: [&str; 2] = ["eleven_flash_v2", "eleven_turbo_v2"];
const LANGUAGE: &str = "conversation_config.agent.language";
const TTS_MODEL: &str = "conversation_config.tts.model_id";
const PROMPT: &str = "conversation_config.agent.prompt";
const PRIVACY: &str = "platform_settings.privacy";

/// A branch of an agent with every version of it, oldest first, as `GET` tells them.
#[derive(Debug, Clone)]
struct Branch {
    id: String,
    name: String,
    description: String,
    versions: Vec<Value>,
}

/// An agent; the first branch is main.
#[derive(Debug, Clone)]
struct Agent {
    id: String,
    branches: Vec<Branch>,
}

impl Agent {
    fn from_seed(seed: Value) -> Option<Self> {
        let text = |member: &str| seed[member].as_str().map(str::to_owned);
        let (id, branch) = (text("agent_id")?, text("branch_id")?);
        let main = Branch { id: branch, name: "Main".to_owned(), description: String::new(), versions: vec![seed] };
        Some(Self { id, branches: vec![main] })
    }

    /// The newest version of main.
    fn head(&self) -> &Value {
        self.branches.first().and_then(|main| main.versions.last()).unwrap_or(&Value::Null)
    }
}

/// The sample account.
#[derive(Debug)]
pub(super) struct ElevenLabs {
    shared: Arc<Shared>,
    agents: Vec<Agent>,
    numbers: PhoneNumbers,
    counter: Counter,
}

impl ElevenLabs {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let seeds = shared.seeded("agents");
        let copies = (1..=shared.copies(seeds.len())).filter_map(|copy| {
            let mut agent = seeds.first()?.clone();
            agent["agent_id"] = json!(format!("agent_1{copy:027}"));
            agent["name"] = json!(format!("Agent {copy}"));
            Some(agent)
        });
        let agents = seeds.iter().cloned().chain(copies).filter_map(Agent::from_seed).collect();
        let numbers =
            PhoneNumbers::new(shared.seeded("phone_numbers"), "phone_number_id", "404-phone-number-not-found");
        Self { shared, agents, numbers, counter: Counter::default() }
    }

    fn agent(&self, id: &str) -> Result<&Agent, Refusal> {
        self.agents.iter().find(|agent| agent.id == id).ok_or_else(|| not_found(id))
    }

    /// The version that the query asks for: by default the newest of main.
    fn read(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let agent = self.agent(ask.id)?;
        if let Some(version) = query::decoded(ask.query, "version_id") {
            let mut all = agent.branches.iter().flat_map(|branch| &branch.versions);
            let found = all.find(|document| document["version_id"] == version.as_str());
            return found.map(|found| self.shown(found)).ok_or_else(|| not_found(&version));
        }
        let branch = query::decoded(ask.query, "branch_id");
        let found = match branch {
            None => agent.branches.first(),
            Some(branch) => agent.branches.iter().find(|known| known.id == branch),
        };
        let newest = found.and_then(|branch| branch.versions.last());
        newest.map(|newest| self.shown(newest)).ok_or(Refusal::Documented("404-branch-not-found"))
    }

    /// A stored version with what other objects add to it.
    fn shown(&self, stored: &Value) -> Value {
        let mut shown = stored.clone();
        let assigned = |number: &&Value| number["assigned_agent"]["agent_id"] == stored["agent_id"];
        let without = |number: &Value| {
            let mut number = number.clone();
            merge::remove(&mut number, "assigned_agent");
            number
        };
        shown["phone_numbers"] = self.numbers.all().iter().filter(assigned).map(without).collect();
        shown
    }

    fn create(&mut self, ask: &Ask<'_>) -> Answer {
        let mut document = self.shared.fresh("new_agent");
        merge::deep(&mut document, &ask.body);
        document.shift_remove("version_description");
        let (number, now) = (self.counter.number(), self.counter.seconds());
        let (id, branch) = (format!("agent_0{number:027}"), format!("agtbrch_{number:028}"));
        let mut document = Value::Object(document);
        document["agent_id"] = json!(id);
        document["metadata"] = json!({ "created_at_unix_secs": now, "updated_at_unix_secs": now });
        for (member, value) in [("whatsapp_accounts", json!([])), ("workflow", json!({ "edges": {}, "nodes": {} }))] {
            if document.get(member).is_none() {
                document[member] = value;
            }
        }
        document["branch_id"] = json!(branch);
        document["main_branch_id"] = json!(branch);
        document["version_id"] = json!(format!("agtvrsn_{:028}", self.counter.number() + 1000));
        self.settled(&mut document, &ask.body)?;
        self.agents.extend(Agent::from_seed(document));
        Ok(VendorResponse::json(ask.row.status, &json!({ "agent_id": id })))
    }

    /// Merges the body into the newest version of the branch, and commits the result as a new version.
    fn update(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let agent = self.agent(ask.id)?;
        let at = match query::decoded(ask.query, "branch_id") {
            None => Some(0),
            Some(branch) => agent.branches.iter().position(|known| known.id == branch),
        };
        let branch = at.and_then(|at| agent.branches.get(at)).ok_or(Refusal::Documented("404-branch-not-found"))?;
        let mut document = branch.versions.last().cloned().unwrap_or_default();
        let mut update = ask.body.clone();
        update.shift_remove("version_description");
        if let Some(stored) = document.as_object_mut() {
            merge::deep(stored, &update);
        }
        self.settled(&mut document, &ask.body)?;
        document["version_id"] = json!(format!("agtvrsn_{:028}", self.counter.number() + 1000));
        document["metadata"]["updated_at_unix_secs"] = json!(self.counter.seconds());
        let agent = self.agents.iter_mut().find(|agent| agent.id == ask.id);
        let branch = agent.and_then(|agent| agent.branches.get_mut(at.unwrap_or_default()));
        if let Some(branch) = branch {
            branch.versions.push(document.clone());
        }
        Ok(self.shown(&document))
    }

    /// Refuses what does not fit together, and rewrites what the vendor rewrites without a word.
    fn settled(&self, document: &mut Value, update: &Map<String, Value>) -> Result<(), Refusal> {
        let sent = Value::Object(update.clone());
        let at = |path: &str| merge::at(document, path).cloned().unwrap_or_default();
        let is_sent = |member: &str| merge::at(&sent, &format!("{PROMPT}.{member}")).is_some();
        if is_sent("tools") && is_sent("tool_ids") {
            return Err(Refusal::Documented("400-tools-and-tool-ids"));
        }
        let model = at(TTS_MODEL);
        if at(LANGUAGE) != "en" && ENGLISH_ONLY.iter().any(|only| model == *only) {
            return Err(Refusal::Documented("400-non-english-model"));
        }
        let mut rewritten = Vec::new();
        if !model.as_str().is_some_and(|model| model.contains("v3")) {
            rewritten.push(("conversation_config.tts.expressive_mode".to_owned(), json!(false)));
        }
        if at(&format!("{PRIVACY}.retention_days")).as_i64().is_none_or(|days| days == -1) {
            for member in ["delete_audio", "delete_transcript_and_pii"] {
                rewritten.push((format!("{PRIVACY}.{member}"), json!(false)));
            }
        }
        if at("conversation_config.turn.turn_model") == "turn_v3"
            && at("conversation_config.asr.provider") == "elevenlabs"
        {
            rewritten.push(("conversation_config.asr.provider".to_owned(), json!("scribe_realtime")));
        }
        if is_sent("tool_ids") {
            let ids = at(&format!("{PROMPT}.tool_ids"));
            rewritten.push((format!("{PROMPT}.tools"), self.tools(&ids)));
        } else if is_sent("tools") {
            rewritten.push((format!("{PROMPT}.tool_ids"), json!([])));
        }
        for (path, value) in rewritten {
            if merge::at(document, &path).is_some() {
                merge::set(document, &path, value);
            }
        }
        Ok(())
    }

    /// The configurations of tools, which answers show beside their ids.
    fn tools(&self, ids: &Value) -> Value {
        let known = self.shared.catalogs["tools"]["tools"].as_array().map_or(&[][..], Vec::as_slice);
        let of = |id: &Value| known.iter().find(|tool| tool["id"] == *id).map(|tool| tool["tool_config"].clone());
        ids.as_array().into_iter().flatten().filter_map(of).collect()
    }

    /// Summaries only, a page at a time.
    fn list(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let size = page_size(ask.row, "page_size", query::decoded(ask.query, "page_size").as_deref())?;
        let (cursor, search) = (query::decoded(ask.query, "cursor"), query::decoded(ask.query, "search"));
        let archived = query::decoded(ask.query, "archived");
        let fits = |agent: &&Agent| {
            let head = agent.head();
            let name = head["name"].as_str().unwrap_or_default().to_lowercase();
            let is_archived = head["platform_settings"]["archived"] == true;
            search.as_ref().is_none_or(|search| name.contains(&search.to_lowercase()))
                && archived.as_ref().is_none_or(|archived| (archived == "true") == is_archived)
        };
        let found: Vec<_> = self.agents.iter().filter(fits).collect();
        let (shown, next) = pages::page(&found, |agent| &agent.id, cursor.as_deref(), size);
        let agents: Vec<_> = shown.iter().map(|agent| summary(agent.head())).collect();
        Ok(json!({ "agents": agents, "has_more": next.is_some(), "next_cursor": next }))
    }

    /// A page of the voices.
    fn voices(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let size = page_size(ask.row, "page_size", query::decoded(ask.query, "page_size").as_deref())?;
        let (token, search) = (query::decoded(ask.query, "next_page_token"), query::decoded(ask.query, "search"));
        let all = self.shared.catalogs[pages::VOICES].as_array().map_or(&[][..], Vec::as_slice);
        let fits = |voice: &&Value| {
            let name = voice["name"].as_str().unwrap_or_default().to_lowercase();
            search.as_ref().is_none_or(|search| name.contains(&search.to_lowercase()))
        };
        let found: Vec<_> = all.iter().filter(fits).collect();
        let key = |voice: &&'_ Value| voice["voice_id"].as_str().unwrap_or_default().to_owned();
        let keyed: Vec<_> = found.iter().map(|voice| (key(voice), *voice)).collect();
        let (shown, next) = pages::page(&keyed, |(id, _)| id, token.as_deref(), size);
        let voices: Vec<_> = shown.iter().map(|(_, voice)| *voice).collect();
        Ok(json!({ "voices": voices, "has_more": next.is_some(), "total_count": found.len(), "next_page_token": next }))
    }

    fn branches(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let agent = self.agent(ask.id)?;
        let shown = |branch: &Branch| {
            let newest = branch.versions.last().map(|version| version["metadata"]["updated_at_unix_secs"].clone());
            json!({
                "id": branch.id, "name": branch.name, "agent_id": agent.id, "description": branch.description,
                "created_at": agent.head()["metadata"]["created_at_unix_secs"], "last_committed_at": newest,
                "is_archived": false, "draft_exists": false,
            })
        };
        let results: Vec<_> = agent.branches.iter().map(shown).collect();
        Ok(json!({ "meta": { "total": results.len() }, "results": results }))
    }

    fn create_branch(&mut self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let text = |member: &str| ask.body.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let parent = text("parent_version_id");
        let number = self.counter.number() + 1000;
        let agent = self.agents.iter_mut().find(|agent| agent.id == ask.id).ok_or_else(|| not_found(ask.id))?;
        let mut versions = agent.branches.iter().flat_map(|branch| &branch.versions);
        let Some(base) = versions.find(|version| version["version_id"] == parent.as_str()) else {
            return Err(not_found(&parent));
        };
        let (id, version) = (format!("agtbrch_{number:028}"), format!("agtvrsn_{number:028}"));
        let mut document = base.clone();
        document["branch_id"] = json!(id);
        document["version_id"] = json!(version);
        let branch =
            Branch { id: id.clone(), name: text("name"), description: text("description"), versions: vec![document] };
        agent.branches.push(branch);
        Ok(json!({ "created_branch_id": id, "created_version_id": version }))
    }

    /// Changes a number; `agent_id` assigns it.
    fn phone_number(&mut self, ask: &Ask<'_>) -> Answer {
        let Self { agents, numbers, .. } = self;
        numbers.answer(ask, |body| {
            let mut update = body.clone();
            if let Some(id) = update.shift_remove("agent_id") {
                let (branch, environment) = (update.shift_remove("branch_id"), update.shift_remove("environment"));
                let assigned = match id.as_str() {
                    None => Value::Null,
                    Some(id) => {
                        let agent = agents.iter().find(|agent| agent.id == id).ok_or_else(|| not_found(id))?;
                        let branch = branch.filter(|branch| !branch.is_null());
                        if branch.as_ref().is_some_and(|id| !agent.branches.iter().any(|known| *id == known.id)) {
                            return Err(Refusal::Documented("404-branch-not-found"));
                        }
                        json!({
                            "agent_id": id, "agent_name": agent.head()["name"],
                            "environment": environment.unwrap_or_default(), "branch_id": branch.unwrap_or_default(),
                        })
                    }
                };
                update.insert("assigned_agent".to_owned(), assigned);
            }
            Ok(update)
        })
    }
}

impl Account for ElevenLabs {
    fn answer(&mut self, ask: &Ask<'_>) -> Answer {
        let shown = match ask.row.name {
            "create" => return self.create(ask),
            "update" => self.update(ask)?,
            "read" => self.read(ask)?,
            "list" => self.list(ask)?,
            "delete" => {
                self.agent(ask.id)?;
                self.agents.retain(|agent| agent.id != ask.id);
                Value::Null
            }
            "list-voices" => self.voices(ask)?,
            "list-branches" => self.branches(ask)?,
            "create-branch" => self.create_branch(ask)?,
            _ => return self.phone_number(ask),
        };
        Ok(VendorResponse::json(ask.row.status, &shown))
    }

    fn document(&self, id: &str) -> Option<Value> {
        let agent = self.agent(id).ok().map(|agent| self.shown(agent.head()));
        agent.or_else(|| self.numbers.all().iter().find(|number| number["phone_number_id"] == id).cloned())
    }

    fn versions(&self, id: &str) -> Vec<Value> {
        let branches = self.agent(id).map(|agent| &agent.branches).into_iter().flatten();
        branches.flat_map(|branch| &branch.versions).cloned().collect()
    }

    fn ids(&self) -> Vec<String> {
        self.agents.iter().map(|agent| agent.id.clone()).collect()
    }
}

fn not_found(id: &str) -> Refusal {
    Refusal::Said("404-agent-not-found", format!("Agent with ID {id} not found"))
}

fn summary(agent: &Value) -> Value {
    json!({
        "agent_id": agent["agent_id"], "name": agent["name"],
        "voice_id": agent["conversation_config"]["tts"]["voice_id"], "tags": agent["tags"],
        "created_at_unix_secs": agent["metadata"]["created_at_unix_secs"],
        "updated_at_unix_secs": agent["metadata"]["updated_at_unix_secs"],
        "access_info": agent["access_info"], "last_call_time_unix_secs": null,
        "archived": agent["platform_settings"]["archived"],
    })
}
