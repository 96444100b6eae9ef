//! The context of a request, which its layers read and add to.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use tokio::time::Instant;
use vendors::AccountNames;

use crate::access::Client;
use crate::account::Account;
use crate::gateway::Gateway;
use crate::http::path::{Assistant, Reference};
use crate::http::request_id::RequestId;
use crate::http::trace_context::TraceContext;
use crate::problem::{Code, Problem};
use crate::routing::Route;
use crate::store::Record;
use crate::telemetry::event::{RecordMoved, Who};
use crate::telemetry::{RequestTrace, Telemetry};
use crate::value::Rights;

use super::records::Records;

/// What is known of a request before its operation runs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The generation that the request started with and keeps to its end.
    pub gateway: Arc<Gateway>,
    /// The records of changes, if there is a store.
    pub records: Option<Arc<Records>>,
    /// Where the request is reported.
    pub telemetry: Telemetry,
    /// The request's id.
    pub request_id: RequestId,
    /// The trace that the request belongs to.
    pub trace: TraceContext,
    /// Where its spans go, if it is traced.
    pub recording: Option<Arc<RequestTrace>>,
    /// The path, for `instance`.
    pub path: Arc<str>,
    /// When the request arrived.
    pub arrived: Instant,
    /// The address that it came from.
    pub peer: Option<IpAddr>,
    /// Who sent it; `None` before authentication and where there is none.
    pub client: Option<Arc<Client>>,
    /// The response headers for the client's limit: `RateLimit-Policy` and `RateLimit`.
    pub rate_limit: Option<[HeaderValue; 2]>,
}

impl Context {
    /// The client's name, if it has one.
    pub fn client_name(&self) -> Option<&str> {
        self.client.as_deref().map(|client| &*client.name)
    }

    /// Checks that the caller has all of these rights. `what` takes them: the operation, or a header.
    ///
    /// # Errors
    /// `forbidden`, with the words that are missing in the client's `operations`.
    pub fn check_rights(&self, needed: Rights, what: &str) -> Result<(), Problem> {
        let missing = self.client.as_deref().map_or(Rights::NONE, |client| needed.without(client.operations));
        if missing == Rights::NONE {
            return Ok(());
        }
        let words: Vec<_> = missing.iter().map(|right| format!("`{}`", right.as_str())).collect();
        let (words, verb) = (words.join(" and "), if words.len() == 1 { "is" } else { "are" });
        let detail = format!("{what} takes {words}, which {verb} not among this client's `operations`");
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Records for the audit log that a change was withdrawn.
    pub(crate) fn canceled(&self, record: &Record, by: Who) {
        self.telemetry.moved(&self.moved(record, by));
    }

    /// Records for the audit log that a dead change is sent again as `replay`.
    pub(crate) fn replayed(&self, record: &Record, replay: &Record, by: Who) {
        self.telemetry.moved(&RecordMoved { replayed_as: Some(replay.id.0), ..self.moved(record, by) });
    }

    /// Records for the audit log that an operator discarded a dead change, and why.
    pub(crate) fn discarded(&self, record: &Record, reason: &str) {
        self.telemetry.moved(&RecordMoved { reason: Some(reason), ..self.moved(record, Who::Operator) });
    }

    fn moved<'a>(&'a self, record: &'a Record, by: Who) -> RecordMoved<'a> {
        RecordMoved {
            request_id: self.request_id.as_str(),
            by,
            peer: self.peer,
            update: record.id.0,
            client: record.client.as_deref(),
            operation: record.operation,
            assistant: &record.assistant,
            vendor: &record.vendor,
            vendor_id: record.vendor_id.as_deref(),
            replayed_as: None,
            reason: None,
        }
    }

    /// Whether the caller may use a vendor account.
    pub fn may_use_vendor(&self, vendor: &str) -> bool {
        self.client.as_deref().is_none_or(|client| client.may_use_vendor(vendor))
    }

    /// The vendor accounts that the caller may use, by name.
    pub fn accounts(&self) -> impl Iterator<Item = Arc<Account>> {
        let mut accounts: Vec<_> = self.gateway.routes.accounts.values().cloned().collect();
        accounts.retain(|account| self.may_use_vendor(&account.name));
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        accounts.into_iter()
    }

    /// Checks that the caller may use the route's vendor, and the assistant by its name in the path or by `vendor:id`.
    ///
    /// # Errors
    /// `forbidden`, which reveals neither the vendor nor the id.
    pub fn authorize(&self, segment: &str, route: &Route) -> Result<(), Problem> {
        let may = self.may_use_assistant(segment, &route.account.name, &route.id);
        if may { Ok(()) } else { Err(forbidden(segment)) }
    }

    /// Whether the caller may use an assistant under this name, which is `id` at `vendor`.
    pub fn may_use_assistant(&self, name: &str, vendor: &str, id: &str) -> bool {
        self.client.as_deref().is_none_or(|client| client.may_use(name, vendor, id))
    }

    /// Whether some vendor takes this text as an id.
    fn is_id_somewhere(&self, text: &str) -> bool {
        self.gateway.routes.accounts.values().any(|account| account.dialect.is_id(text))
    }

    /// What the caller may have meant by an assistant that leads nowhere, the nearest first; only what it may use.
    pub fn meant(&self, assistant: &Assistant<'_>) -> Vec<String> {
        match assistant.reference() {
            Reference::VendorId { vendor, id } => {
                let accounts: Vec<_> = self.accounts().filter(|account| account.dialect.is_id(id)).collect();
                let named = |vendor: &str| (format!("{vendor}:{id}"), vendor.to_owned());
                let near = vendors::nearest_names(vendor, accounts.iter().map(|account| &*account.name));
                let near = near.into_iter().map(named);
                near.filter(|(name, vendor)| self.may_use_assistant(name, vendor, id)).map(|(name, _)| name).collect()
            }
            Reference::Name(text) | Reference::Id(text) => {
                let near = self.gateway.routes.named_like(text);
                let may = near.filter(|(name, named)| self.may_use_assistant(name, &named.account.name, &named.id));
                may.map(|(name, _)| name.to_owned()).take(3).collect()
            }
        }
    }

    /// Checks that the caller could use an assistant that does not exist. Callers who could not get the same response in
    /// both cases, so that trying names does not reveal which exist. `vendor` is the vendor that it would be at, if that
    /// is known.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn authorize_unknown(&self, assistant: &Assistant<'_>, vendor: Option<&str>) -> Result<(), Problem> {
        let Some(client) = &self.client else { return Ok(()) };
        let name = assistant.as_str();
        let may = match assistant.reference() {
            Reference::VendorId { vendor, .. } => client.may_use_vendor(vendor) && client.may_use_assistant(name),
            // No assistant can have this name, so that there is nothing to reveal.
            Reference::Id(_) if vendor.is_none() && !self.is_id_somewhere(name) => true,
            Reference::Name(_) | Reference::Id(_) => client.may_use_assistant(name),
        };
        let may = may && vendor.is_none_or(|vendor| client.may_use_vendor(vendor));
        if may { Ok(()) } else { Err(forbidden(name)) }
    }
}

/// The accounts that `vendor_options` may name; suggested are only those that the caller may use.
impl AccountNames for Context {
    fn has(&self, name: &str) -> bool {
        self.gateway.routes.accounts.contains_key(name)
    }

    fn nearest(&self, name: &str) -> Option<&str> {
        let names = self.gateway.routes.accounts.keys().map(|name| &**name);
        vendors::nearest(name, names.filter(|name| self.may_use_vendor(name)))
    }
}

/// `; did you mean …?` with at most three of these; empty if there are none.
pub(super) fn did_you_mean(nearest: &[String]) -> String {
    let quoted: Vec<_> = nearest.iter().take(3).map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => format!("; did you mean {only}?"),
        Some((last, rest)) => format!("; did you mean {} or {last}?", rest.join(", ")),
    }
}

fn forbidden(assistant: &str) -> Problem {
    Problem::new(Code::Forbidden, format!("this client may not use the assistant `{assistant}`"))
}

#[cfg(test)]
impl Context {
    /// A request to a gateway without vendors, of which nothing more is known.
    pub(crate) fn example(headers: &http::HeaderMap) -> Self {
        use crate::config::{Environment, load_text};

        let settings = load_text("", &Environment::default()).unwrap();
        let gateway = Gateway::build(settings, None, &crate::upstream::Tasks::default()).unwrap();
        Self {
            gateway: Arc::new(gateway),
            records: None,
            telemetry: Telemetry::default(),
            request_id: RequestId::from_headers(headers),
            trace: TraceContext::start(),
            recording: None,
            path: "/".into(),
            arrived: Instant::now(),
            peer: None,
            client: None,
            rate_limit: None,
        }
    }
}
