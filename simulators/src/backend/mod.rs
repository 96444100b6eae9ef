//! The vendor's behaviour: authenticates, finds the assistant, validates, applies the update and builds the response.
//!
//! The order is that of the vendor's framework and visible to callers: a wrong token hides whether an assistant exists,
//! and an unknown assistant hides what is wrong with its update.

mod account;
mod catalogs;
mod field_names;
mod initial_state;
mod list_item;
mod pagination;
mod routes;
mod stateful_rules;

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header;
use serde_json::{Map, Value, json};

use crate::{
    contracts::Contract,
    drift::{ActiveDrift, Drift},
    http::{
        Received, VendorResponse,
        accept::{is_json, wants_json},
    },
    validation::{SchemaReport, SchemaRules, ValidationErrors},
};

use account::{Account, merged};
use catalogs::Catalogs;
use field_names::FieldNames;
use initial_state::initial_state;
use list_item::list_item;
use pagination::page;

pub(crate) use routes::Route;

/// One vendor's behaviour and the state of its sample account.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) contract: &'static Contract,
    /// `http://` and the simulator's address.
    pub(crate) origin: String,
    names: FieldNames,
    rules: SchemaRules,
    catalogs: Catalogs,
    authorization: String,
    strict: bool,
    drift: ActiveDrift,
    /// The documented list's example of an assistant.
    sample: Value,
    account: Mutex<Account>,
}

/// How the vendor differs from its documentation.
#[derive(Debug, Default)]
pub(crate) struct Deviations {
    /// Whether unknown keys are rejected.
    pub(crate) strict: bool,
    /// What has changed since the documentation was written.
    pub(crate) drift: Vec<Drift>,
}

/// An update as the vendor reads it.
#[derive(Debug, Default)]
pub(crate) struct Update {
    fields: Map<String, Value>,
    checked: SchemaReport,
}

impl Update {
    /// The keys that are not documented.
    pub(crate) fn unknown_keys(&self) -> &[String] {
        &self.checked.unknown_keys
    }
}

impl Backend {
    /// Builds the vendor from its contract; the error says what is wrong with the contract.
    pub(crate) fn new(
        contract: &'static Contract,
        token: &str,
        deviations: Deviations,
        origin: String,
    ) -> Result<Self, String> {
        let parsed = |text| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
        let schema = parsed(contract.schema)?;
        let drift = ActiveDrift::new(deviations.drift, &schema)?;
        let rules = SchemaRules::new(drift.schema(schema))?;
        let catalogs = Catalogs::new(parsed(contract.catalogs)?);
        let names = FieldNames::of(rules.schema());
        let initial = initial_state(rules.schema(), names, &catalogs);
        Ok(Self {
            contract,
            origin,
            names,
            rules,
            catalogs,
            authorization: format!("Bearer {token}"),
            strict: deviations.strict,
            drift,
            sample: parsed(contract.assistants)?["body"]["data"][0].take(),
            account: Mutex::new(Account::new(names, initial)),
        })
    }

    /// Reads an update as the framework does: anything but a JSON object, sent as JSON, is an empty update.
    pub(crate) fn read_update(&self, request: &Received) -> Update {
        let sent = request.json.as_ref().filter(|_| request.header("content-type").is_some_and(is_json));
        let Some(Value::Object(fields)) = sent else {
            return Update::default();
        };
        let mut fields = fields.clone();
        let unknown = self.drift.incoming(&mut fields);
        let mut checked = self.rules.check(&Value::Object(fields.clone()));
        checked.unknown_keys.extend(unknown);
        Update { fields, checked }
    }

    /// The assistant's current state, under the documented names.
    pub(crate) fn state(&self, id: u64) -> Option<Value> {
        self.account().assistant(id).map(Value::Object)
    }

    /// The vendor's response; `update` is the result of [`read_update`](Self::read_update).
    pub(crate) fn respond(&self, route: Route, request: &Received, update: Update) -> VendorResponse {
        let authenticated = request.header("authorization") == Some(&self.authorization);
        let result = match route {
            Route::Unknown => {
                let path = request.path.trim_start_matches('/');
                return framework_error(request, 404, &format!("The route {path} could not be found."));
            }
            Route::WrongMethod { allow } => return wrong_method(request, allow),
            Route::Update(_) | Route::Read(_) if !authenticated => return self.unauthenticated(request),
            Route::Update(id) => self.update(id, update),
            Route::Read(read) => read(self, request.query.as_deref()),
        };
        match result {
            Ok(Value::Null) => VendorResponse::message(404, "Assistant not found"),
            Ok(body) => VendorResponse::json(200, &body),
            Err(errors) => self.invalid(request, &errors),
        }
    }

    /// Applies an update; `null` if there is no such assistant.
    fn update(&self, id: Option<u64>, update: Update) -> Result<Value, ValidationErrors> {
        let mut account = self.account();
        let Some((id, state)) = id.and_then(|id| Some((id, account.assistant(id)?))) else {
            return Ok(Value::Null);
        };
        let SchemaReport { unknown_keys, mut errors } = update.checked;
        let state = merged(state, &update.fields, &self.rules, &self.catalogs);
        stateful_rules::check(self.names, &self.catalogs, id, &update.fields, &state, &mut errors);
        for key in unknown_keys.iter().filter(|_| self.strict) {
            errors.add(key, format!("The {} field is prohibited.", key.replace('_', " ")));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let shown = |field| self.names.current(&state, field);
        let mut body = json!({
            "message": "Assistant updated successfully",
            "data": { "id": id, "name": shown("name"), "status": state.get("status"), "type": shown("type"), "mode": shown("mode") },
        });
        self.drift.shown(&mut body["data"]);
        account.store(id, state);
        Ok(body)
    }

    pub(crate) fn languages(&self, _query: Option<&str>) -> Result<Value, ValidationErrors> {
        Ok(self.drift.catalog("languages", self.catalogs.entries("languages").into()))
    }

    pub(crate) fn voices(&self, query: Option<&str>) -> Result<Value, ValidationErrors> {
        Ok(self.drift.catalog("voices", self.catalogs.voices(query)))
    }

    /// The account that the token belongs to.
    pub(crate) fn me(&self, _query: Option<&str>) -> Result<Value, ValidationErrors> {
        Ok(json!({ "name": "Sample Account", "email": "account@example.com", "total_balance": 100 }))
    }

    pub(crate) fn models(&self, query: Option<&str>) -> Result<Value, ValidationErrors> {
        let speech = query.is_some_and(|query| query.contains("multimodal") || query.contains("dualplex"));
        let name = if speech { "multimodal_models" } else { "models" };
        Ok(self.drift.catalog(name, self.catalogs.models(self.names, query)?))
    }

    pub(crate) fn list(&self, query: Option<&str>) -> Result<Value, ValidationErrors> {
        let listed = self.account().listed();
        let items: Vec<_> = listed.iter().map(|state| self.listed(state)).collect();
        page(&items, query, &format!("{}/api/user/assistants/get", self.origin))
    }

    /// An assistant as lists show it. Members that updates do not set have the values of the documented example.
    fn listed(&self, state: &Map<String, Value>) -> Value {
        let mut item = list_item(self.names, &self.catalogs, state);
        if let (Some(members), Some(sample)) = (item.as_object_mut(), self.sample.as_object()) {
            for (name, value) in sample {
                members.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        self.drift.shown(&mut item);
        item
    }

    fn unauthenticated(&self, request: &Received) -> VendorResponse {
        if wants_json(request.header("accept")) {
            VendorResponse::message(401, "Unauthenticated.")
        } else {
            VendorResponse::redirect(&format!("{}/login", self.origin))
        }
    }

    fn invalid(&self, request: &Received, errors: &ValidationErrors) -> VendorResponse {
        if wants_json(request.header("accept")) {
            return VendorResponse::json(422, &self.drift.error_body(errors.body()));
        }
        let back = request.header("referer").map_or_else(|| format!("{}/", self.origin), str::to_owned);
        VendorResponse::redirect(&back)
    }

    /// Returns every assistant to its initial state.
    pub(crate) fn reset(&self) {
        self.account().reset();
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wrong_method(request: &Received, allow: &str) -> VendorResponse {
    let (method, path) = (&request.method, request.path.trim_start_matches('/'));
    let message = format!("The {method} method is not supported for route {path}. Supported methods: {allow}.");
    framework_error(request, 405, &message).with(header::ALLOW, allow)
}

/// An error that the framework reports before the vendor's own code runs.
fn framework_error(request: &Received, status: u16, message: &str) -> VendorResponse {
    if wants_json(request.header("accept")) {
        VendorResponse::message(status, message)
    } else {
        VendorResponse::html(status)
    }
}
