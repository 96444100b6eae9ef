//! The vendors with an API of their own: nested documents, string ids, other verbs, another shape of errors each.
//!
//! `table` finds the operation, `members` checks the body against the contract, `merge` and `pages` are shared by all, and
//! each vendor has a file that says what its operations do to its sample account. `errors` writes refusals.

mod elevenlabs;
mod errors;
mod members;
mod merge;
mod pages;
mod phone_numbers;
mod retell;
mod shared;
mod table;
mod vapi;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::Method;
use serde_json::{Map, Value};

use crate::{
    contracts::FamilyContract,
    drift::Drift,
    http::{Received, VendorResponse},
};

use errors::{Refusal, Shape};
use members::{Finding, Problem};
use shared::Shared;
use table::Table;

pub(crate) use table::{Route, named};

/// The response of an operation, or why it is refused.
type Answer = Result<VendorResponse, Refusal>;

/// A request that may be done: its operation, its id, its query, and its body without members that do not exist.
struct Ask<'a> {
    row: &'a table::Row,
    id: &'a str,
    query: Option<&'a str>,
    body: Map<String, Value>,
}

/// What one vendor's operations do to its sample account.
trait Account: fmt::Debug + Send {
    /// Does what is asked.
    fn answer(&mut self, ask: &Ask<'_>) -> Answer;
    /// An object of the account as a reading request tells it.
    fn document(&self, id: &str) -> Option<Value>;
    /// Every version of it, oldest first.
    fn versions(&self, id: &str) -> Vec<Value>;
    /// The ids of the assistants, oldest first.
    fn ids(&self) -> Vec<String>;
}

/// One vendor's behaviour and the state of its sample account.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) contract: &'static FamilyContract,
    /// `http://` and the simulator's address.
    pub(crate) origin: String,
    table: Table,
    shared: Arc<Shared>,
    /// The header of the credential, and its value.
    auth: (String, String),
    strict: bool,
    /// Paths that are accepted and have no effect.
    ignored: Vec<String>,
    account: Mutex<Box<dyn Account>>,
}

impl Family {
    /// Builds the vendor from its contract; the error says what is wrong with it, or which drift does not fit it.
    pub(crate) fn new(
        contract: &'static FamilyContract,
        token: &str,
        (strict, drift, assistants): (bool, Vec<Drift>, u64),
        origin: String,
    ) -> Result<Self, String> {
        let ignored = |drift| match drift {
            Drift::Ignored(path) => Ok(path),
            _ => Err("of the kinds of drift, a vendor with nested documents has ignore=PATH only".to_owned()),
        };
        let ignored = drift.into_iter().map(ignored).collect::<Result<_, _>>()?;
        let api = contract.api();
        let table = Table::new(&api)?;
        let text = |member: &str| api["auth"][member].as_str().unwrap_or_default().to_owned();
        let auth = (text("header"), format!("{}{token}", text("scheme")));
        let shared = Arc::new(Shared::new(contract, api, assistants)?);
        let account = Mutex::new(account(&shared));
        Ok(Self { contract, origin, table, shared, auth, strict, ignored, account })
    }

    /// Where a request leads.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Route<'_> {
        self.table.of(method, path)
    }

    /// The members of the body that do not exist, dotted.
    pub(crate) fn unknown_members(&self, route: &Route<'_>, request: &Received) -> Vec<String> {
        let findings = route.row().zip(request.json.as_ref()).map(|(row, body)| self.shared.check(row, body));
        let unknown = |finding: Finding| (finding.problem == Problem::Unknown).then(|| finding.dotted());
        findings.into_iter().flatten().filter_map(unknown).collect()
    }

    /// The vendor's response; the values at the paths in `dropped` are accepted and have no effect.
    pub(crate) fn respond(&self, route: &Route<'_>, request: &Received, dropped: &[String]) -> VendorResponse {
        let answer = self.answer(route, request, dropped);
        answer.unwrap_or_else(|refusal| refusal.response(self.contract, self.shared.shape))
    }

    fn answer(&self, route: &Route<'_>, request: &Received, dropped: &[String]) -> Answer {
        let what = || format!("{} {}", request.method, request.path);
        let (row, id) = match route {
            Route::Unknown => return Err(Refusal::NoRoute(what())),
            Route::WrongMethod => return Err(Refusal::WrongMethod(what())),
            Route::Operation(row, id) => (*row, id.as_str()),
        };
        self.authenticated(request)?;
        let mut body = self.body(row, request)?;
        for path in self.ignored.iter().chain(dropped) {
            merge::remove(&mut body, path);
        }
        let Value::Object(body) = body else { return Err(Refusal::NotJson) };
        if let Some(catalog) = row.catalog.as_deref().filter(|name| *name != pages::VOICES || self.lists_plainly()) {
            return Ok(VendorResponse::json(row.status, &self.shared.catalogs[catalog]));
        }
        self.account().answer(&Ask { row, id, query: request.query.as_deref(), body })
    }

    /// Whether voices come without pages.
    fn lists_plainly(&self) -> bool {
        self.shared.shape != Shape::Detail
    }

    fn authenticated(&self, request: &Received) -> Result<(), Refusal> {
        let (header, wanted) = &self.auth;
        match request.header(header) {
            Some(sent) if sent == wanted => Ok(()),
            None if self.shared.shape == Shape::Detail => Err(Refusal::Documented("401-needs-authorization")),
            _ if self.shared.shape == Shape::Detail => Err(Refusal::Documented("401-invalid-api-key")),
            _ => Err(Refusal::Documented("401-unauthorized")),
        }
    }

    /// The body without members that do not exist, or what is wrong with it.
    fn body(&self, row: &table::Row, request: &Received) -> Result<Value, Refusal> {
        if !row.has_body() || (request.body.is_empty() && row.reads) {
            return Ok(Value::Object(Map::new()));
        }
        let Some(body) = request.json.clone().filter(Value::is_object) else { return Err(Refusal::NotJson) };
        let refuses_unknown = self.strict || self.shared.shape == Shape::Sentences;
        let (unknown, wrong): (Vec<_>, Vec<_>) =
            self.shared.check(row, &body).into_iter().partition(|finding| finding.problem == Problem::Unknown);
        if refuses_unknown && !unknown.is_empty() {
            return Err(Refusal::Body(unknown.into_iter().chain(wrong).collect()));
        }
        if !wrong.is_empty() {
            return Err(Refusal::Body(wrong));
        }
        let mut known = body;
        // From the last, so that the indices of those before stay.
        for finding in unknown.iter().rev() {
            merge::remove_member(&mut known, &finding.path);
        }
        Ok(known)
    }

    /// The documented body for a status: of the vendor's answers, else in its shape.
    pub(crate) fn documented(&self, status: u16) -> Value {
        let slugs = self.contract.slugs();
        let answers = slugs.iter().filter_map(|slug| self.contract.answer(slug));
        let found = answers.into_iter().find_map(|(of, body)| (of == status).then_some(body));
        found.unwrap_or_else(|| errors::plain(self.shared.shape, status))
    }

    /// An object of the account as a reading request tells it.
    pub(crate) fn document(&self, id: &str) -> Option<Value> {
        self.account().document(id)
    }

    /// Every version of it, oldest first.
    pub(crate) fn versions(&self, id: &str) -> Vec<Value> {
        self.account().versions(id)
    }

    /// The ids of the assistants, oldest first.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.account().ids()
    }

    /// Returns the account to its initial state.
    pub(crate) fn reset(&self) {
        *self.account() = account(&self.shared);
    }

    fn account(&self) -> MutexGuard<'_, Box<dyn Account>> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn account(shared: &Arc<Shared>) -> Box<dyn Account> {
    match shared.shape {
        Shape::Detail => Box::new(elevenlabs::ElevenLabs::new(Arc::clone(shared))),
        Shape::Prose => Box::new(retell::Retell::new(Arc::clone(shared))),
        Shape::Sentences => Box::new(vapi::Vapi::new(Arc::clone(shared))),
    }
}
