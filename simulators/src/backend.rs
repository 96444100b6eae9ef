//! The vendor itself: authenticates, finds the assistant, validates, applies and answers.
//!
//! That order is the framework's, and callers can see it: a wrong token hides whether an assistant exists, and an
//! unknown assistant hides what is wrong with its update.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header;
use serde_json::{Map, Value, json};

use crate::{
    account::{Account, merged},
    answer::Answer,
    catalogs::Catalogs,
    contracts::Contract,
    dialect::Dialect,
    drift::Drift,
    drifted::Drifted,
    initial_state::initial_state,
    list_item::list_item,
    page_rules,
    paginator::page,
    preference::{is_json, wants_json},
    record::Received,
    rejection::Rejections,
    route::Route,
    rules::{Findings, Rules},
};

/// One vendor's behaviour and the state of its sample account.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) contract: &'static Contract,
    /// `http://` and the address it listens on.
    pub(crate) origin: String,
    dialect: Dialect,
    rules: Rules,
    catalogs: Catalogs,
    authorization: String,
    strict: bool,
    drifted: Drifted,
    /// An assistant as the page's list shows it.
    sample: Value,
    account: Mutex<Account>,
}

/// How the vendor differs from its page.
#[derive(Debug, Default)]
pub(crate) struct Manner {
    /// Refuses unknown keys.
    pub(crate) strict: bool,
    /// What has changed.
    pub(crate) drift: Vec<Drift>,
}

/// An update as the vendor reads it.
#[derive(Debug, Default)]
pub(crate) struct Update {
    fields: Map<String, Value>,
    findings: Findings,
}

impl Update {
    /// The keys that the page does not know.
    pub(crate) fn unknown_keys(&self) -> &[String] {
        &self.findings.unknown_keys
    }
}

impl Backend {
    /// Builds the vendor from its contract; the error says what is wrong with that.
    pub(crate) fn new(
        contract: &'static Contract,
        token: &str,
        manner: Manner,
        origin: String,
    ) -> Result<Self, String> {
        let parsed = |text| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
        let schema = parsed(contract.schema)?;
        let drifted = Drifted::new(manner.drift, &schema)?;
        let rules = Rules::new(drifted.schema(schema))?;
        let catalogs = Catalogs::new(parsed(contract.catalogs)?);
        let dialect = Dialect::of(rules.schema());
        let initial = initial_state(rules.schema(), dialect, &catalogs);
        Ok(Self {
            contract,
            origin,
            dialect,
            rules,
            catalogs,
            authorization: format!("Bearer {token}"),
            strict: manner.strict,
            drifted,
            sample: parsed(contract.assistants)?["body"]["data"][0].take(),
            account: Mutex::new(Account::new(dialect, initial)),
        })
    }

    /// Reads an update as the framework does: what is not a JSON object, by its content type and in fact, is empty.
    pub(crate) fn read_update(&self, request: &Received) -> Update {
        let sent = request.json.as_ref().filter(|_| request.header("content-type").is_some_and(is_json));
        let Some(Value::Object(fields)) = sent else {
            return Update::default();
        };
        let mut fields = fields.clone();
        let unknown = self.drifted.incoming(&mut fields);
        let mut findings = self.rules.check(&Value::Object(fields.clone()));
        findings.unknown_keys.extend(unknown);
        Update { fields, findings }
    }

    /// The assistant as it is, under the page's names.
    pub(crate) fn state(&self, id: u64) -> Option<Value> {
        self.account().assistant(id).map(Value::Object)
    }

    /// The vendor's answer; `update` is what [`read_update`](Self::read_update) made of the request.
    pub(crate) fn answer(&self, route: Route, request: &Received, update: Update) -> Answer {
        let authenticated = request.header("authorization") == Some(&self.authorization);
        let answer = match route {
            Route::Unknown => {
                let path = request.path.trim_start_matches('/');
                return refusal(request, 404, &format!("The route {path} could not be found."));
            }
            Route::WrongMethod { allow } => return wrong_method(request, allow),
            Route::Update(_) | Route::Read(_) if !authenticated => return self.unauthenticated(request),
            Route::Update(id) => self.update(id, update),
            Route::Read(read) => read(self, request.query.as_deref()),
        };
        match answer {
            Ok(Value::Null) => Answer::message(404, "Assistant not found"),
            Ok(body) => Answer::json(200, &body),
            Err(rejections) => self.invalid(request, &rejections),
        }
    }

    /// Applies an update; `null` if there is no such assistant.
    fn update(&self, id: Option<u64>, update: Update) -> Result<Value, Rejections> {
        let mut account = self.account();
        let Some((id, state)) = id.and_then(|id| Some((id, account.assistant(id)?))) else {
            return Ok(Value::Null);
        };
        let Findings { unknown_keys, mut rejections } = update.findings;
        let state = merged(state, &update.fields, &self.rules, &self.catalogs);
        page_rules::check(self.dialect, &self.catalogs, id, &update.fields, &state, &mut rejections);
        for key in unknown_keys.iter().filter(|_| self.strict) {
            rejections.add(key, format!("The {} field is prohibited.", key.replace('_', " ")));
        }
        if !rejections.is_empty() {
            return Err(rejections);
        }
        let shown = |field| self.dialect.current(&state, field);
        let mut answer = json!({
            "message": "Assistant updated successfully",
            "data": { "id": id, "name": shown("name"), "status": state.get("status"), "type": shown("type"), "mode": shown("mode") },
        });
        self.drifted.shown(&mut answer["data"]);
        account.store(id, state);
        Ok(answer)
    }

    pub(crate) fn languages(&self, _query: Option<&str>) -> Result<Value, Rejections> {
        Ok(self.drifted.catalog("languages", self.catalogs.entries("languages").into()))
    }

    pub(crate) fn voices(&self, query: Option<&str>) -> Result<Value, Rejections> {
        Ok(self.drifted.catalog("voices", self.catalogs.voices(query)))
    }

    /// Whose key it is.
    pub(crate) fn me(&self, _query: Option<&str>) -> Result<Value, Rejections> {
        Ok(json!({ "name": "Sample Account", "email": "account@example.com", "total_balance": 100 }))
    }

    pub(crate) fn models(&self, query: Option<&str>) -> Result<Value, Rejections> {
        let several = query.is_some_and(|query| query.contains("multimodal") || query.contains("dualplex"));
        let name = if several { "multimodal_models" } else { "models" };
        Ok(self.drifted.catalog(name, self.catalogs.models(self.dialect, query)?))
    }

    pub(crate) fn list(&self, query: Option<&str>) -> Result<Value, Rejections> {
        let listed = self.account().listed();
        let items: Vec<_> = listed.iter().map(|state| self.listed(state)).collect();
        page(&items, query, &format!("{}/api/user/assistants/get", self.origin))
    }

    /// An assistant as lists show it; what updates do not touch is as in the page's sample.
    fn listed(&self, state: &Map<String, Value>) -> Value {
        let mut item = list_item(self.dialect, &self.catalogs, state);
        if let (Some(members), Some(sample)) = (item.as_object_mut(), self.sample.as_object()) {
            for (name, value) in sample {
                members.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        self.drifted.shown(&mut item);
        item
    }

    fn unauthenticated(&self, request: &Received) -> Answer {
        if wants_json(request.header("accept")) {
            Answer::message(401, "Unauthenticated.")
        } else {
            Answer::redirect(&format!("{}/login", self.origin))
        }
    }

    fn invalid(&self, request: &Received, rejections: &Rejections) -> Answer {
        if wants_json(request.header("accept")) {
            return Answer::json(422, &self.drifted.refusal(rejections.body()));
        }
        let back = request.header("referer").map_or_else(|| format!("{}/", self.origin), str::to_owned);
        Answer::redirect(&back)
    }

    /// Gives every assistant back what it held at first.
    pub(crate) fn reset(&self) {
        self.account().reset();
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wrong_method(request: &Received, allow: &str) -> Answer {
    let (method, path) = (&request.method, request.path.trim_start_matches('/'));
    let message = format!("The {method} method is not supported for route {path}. Supported methods: {allow}.");
    refusal(request, 405, &message).with(header::ALLOW, allow)
}

/// What the framework answers before the vendor's own code is reached.
fn refusal(request: &Received, status: u16, message: &str) -> Answer {
    if wants_json(request.header("accept")) { Answer::message(status, message) } else { Answer::html(status) }
}
