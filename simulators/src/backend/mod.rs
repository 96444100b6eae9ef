//! The vendor's behaviour: authenticates, finds the assistant, validates, applies the update and builds the response.
//!
//! The order is that of the vendor's framework and visible to callers: a wrong token hides whether an assistant exists,
//! and an unknown assistant hides what is wrong with its update.

mod account;
mod catalogs;
mod creation;
mod field_names;
mod initial_state;
mod list_item;
mod operation;
mod pagination;
mod reads;
mod resources;
mod routes;
mod stateful_rules;
mod writes;

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::{Method, header};
use serde_json::{Map, Value};

use crate::{
    contracts::Contract,
    drift::{ActiveDrift, Drift},
    http::{
        Received, VendorResponse,
        accept::{is_json, wants_json},
    },
    validation::{SchemaReport, SchemaRules, ValidationErrors},
};

use account::Account;
use catalogs::Catalogs;
use creation::Creation;
use field_names::FieldNames;
use initial_state::initial_state;
use reads::Listing;
use resources::Resources;
use routes::Routes;

pub(crate) use operation::Operation;
pub(crate) use routes::{Route, Target};

/// One vendor's behaviour and the state of its sample account.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) contract: &'static Contract,
    /// `http://` and the simulator's address.
    pub(crate) origin: String,
    routes: Routes,
    names: FieldNames,
    rules: SchemaRules,
    creation: Creation,
    catalogs: Catalogs,
    resources: Resources,
    /// The sample numbers and providers.
    samples: Value,
    authorization: String,
    strict: bool,
    drift: ActiveDrift,
    listing: Listing,
    account: Mutex<Account>,
}

/// How the vendor differs from its documentation, and how large its account is.
#[derive(Debug, Default)]
pub(crate) struct Deviations {
    /// Whether unknown keys are rejected.
    pub(crate) strict: bool,
    /// What has changed since the documentation was written.
    pub(crate) drift: Vec<Drift>,
    /// How many assistants are listed from the start.
    pub(crate) assistants: u64,
}

/// A request's body as the vendor reads it.
#[derive(Debug, Default)]
pub(crate) struct Body {
    fields: Map<String, Value>,
    checked: SchemaReport,
}

impl Body {
    /// The same without these fields.
    pub(crate) fn without(mut self, fields: &[String]) -> Self {
        for field in fields {
            self.fields.shift_remove(field);
        }
        self
    }

    /// The keys that are not documented.
    pub(crate) fn unknown_keys(&self) -> &[String] {
        &self.checked.unknown_keys
    }
}

/// The response of an operation, or what is wrong with the request.
type Answer = Result<VendorResponse, ValidationErrors>;

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
        let routes = Routes::new(&parsed(contract.operations)?)?;
        let mut samples = parsed(contract.resources)?;
        let resources = Resources::new(&samples)?;
        let endpoint = parsed(contract.endpoint)?;
        let unsampled = routes.row(Operation::List).map_or(&[][..], |row| &row.unsampled);
        let listing = Listing::new(&parsed(contract.assistants)?, endpoint["base_url"].as_str(), &origin, unsampled);
        Ok(Self {
            contract,
            origin,
            creation: Creation::new(contract, &drift, &initial)?,
            routes,
            names,
            rules,
            catalogs,
            samples: samples["resources"].take(),
            authorization: format!("Bearer {token}"),
            strict: deviations.strict,
            drift,
            listing,
            account: Mutex::new(Account::new(names, initial, deviations.assistants, resources.initial())),
            resources,
        })
    }

    /// Where a request leads.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Route<'_> {
        self.routes.of(method, path)
    }

    /// Reads a body as the framework does: anything but a JSON object, sent as JSON, is an empty one.
    pub(crate) fn read_body(&self, route: Route<'_>, request: &Received) -> Body {
        let Some(row) = route.row().filter(|row| !row.reads()) else { return Body::default() };
        let sent = request.json.as_ref().filter(|_| request.header("content-type").is_some_and(is_json));
        let mut fields = sent.and_then(Value::as_object).cloned();
        if row.operation == Operation::Update && fields.is_none() {
            return Body::default();
        }
        let assistant = matches!(row.operation, Operation::Update | Operation::Create);
        let mut fields = fields.take().unwrap_or_default();
        let unknown = if assistant { self.drift.incoming(&mut fields) } else { Vec::new() };
        let rules = match row.operation {
            Operation::Update => Some(&self.rules),
            Operation::Create => Some(&self.creation.rules),
            Operation::Resource(kind, verb) => self.resources.rules(kind, verb),
            _ => row.request.as_ref(),
        };
        let mut checked = rules.map(|rules| rules.check(&Value::Object(fields.clone()))).unwrap_or_default();
        checked.unknown_keys.extend(unknown);
        Body { fields, checked }
    }

    /// The assistant's current state, under the documented names.
    pub(crate) fn state(&self, id: u64) -> Option<Value> {
        self.account().assistant(id).map(Value::Object)
    }

    /// The ids of the assistants that lists show.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.account().ids()
    }

    /// The vendor's response; `body` is the result of [`read_body`](Self::read_body).
    pub(crate) fn respond(&self, route: Route<'_>, request: &Received, body: Body) -> VendorResponse {
        let (row, ids) = match route {
            Route::Unknown => {
                let path = request.path.trim_start_matches('/');
                return framework_error(request, 404, &format!("The route {path} could not be found."));
            }
            Route::WrongMethod => return wrong_method(request, &self.routes.allowed(&request.path)),
            Route::Operation(row, ids) => (row, ids),
        };
        if request.header("authorization") != Some(&self.authorization) {
            return self.unauthenticated(request);
        }
        let query = request.query.as_deref();
        let [id, _] = ids;
        let answer = match row.operation {
            Operation::Create => self.create(row, body),
            Operation::Update => self.update(row, id, body),
            Operation::Delete => Ok(self.delete(row, id)),
            Operation::List => self.list(row, query),
            Operation::ListOutbound | Operation::ListUnpaged => Ok(self.list_at_once(row)),
            Operation::Catalog(catalog) => self.catalog(row, catalog, query),
            Operation::Webhook(kind, on) => self.webhook(row, (kind, on), &body),
            Operation::Resource(kind, verb) => self.resource(row, (kind, verb), ids, query, body),
            Operation::Account => Ok(Self::me(row)),
        };
        answer.unwrap_or_else(|errors| self.invalid(request, &errors))
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
        self.account().reset(self.resources.initial());
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
