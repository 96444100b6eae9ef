//! Translates an operation into the vendor's request.

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};
use vendors::{
    CatalogKind, CatalogSet, Catalogs, ItemCode, Refused, Report, Request, SentFields, Target, Update, missing_lookups,
    translate_creation, translate_request,
};

use crate::account::Account;
use crate::api::classify::{catalog_problem, failure_problem};
use crate::api::context::Context;
use crate::api::request::prefer;
use crate::problem::{Code, Problem};

use super::refusal::refusal_problem;
use super::{Change, Exchange, Prepared, QueuePlace};

/// The account's operation that deletes assistants.
///
/// # Errors
/// Its dialect documents none.
pub(in crate::api) fn deletion(account: &Account) -> Result<vendors::Call, Problem> {
    account.dialect.operations.delete.ok_or_else(|| {
        let detail = format!("{} documents no operation that deletes assistants", account.dialect.title);
        Problem::new(Code::UnsupportedByVendor, detail)
    })
}

impl<'a> Exchange<'a> {
    /// Reads and translates the fields. Only a catalog may make it wait.
    pub(in crate::api) async fn prepare(&self, body: &[u8]) -> Result<Prepared, Problem> {
        let context = self.context;
        let update = read_update(body)?;
        let headers = self.account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
        let unknown = CatalogSet::default();
        let mut target = self.target(&unknown);
        let (live, place) = self
            .live_catalogs(&update, &headers)
            .await
            .map_err(|problem| self.other_errors(&update, &target).unwrap_or(problem))?;
        target.catalogs.live = &live;
        let started = context.recording.as_ref().map(|_| Instant::now());
        let translated = self.translate(&update, &target);
        if let (Some(recording), Some(started)) = (&context.recording, started) {
            recording.internal_span("translate", started, translated.is_err().then_some("refused"));
        }
        let mut request = translated.map_err(|refused| {
            for hint in &refused.hints {
                let (vendor, key) = (&*self.account.name, &hint.key);
                tracing::info!(vendor, key, "an update has a name or id that is in no catalog; the key can add it");
            }
            refusal_problem(refused, self.change, &target)
        })?;
        if let Some(copied) = self.copy_report() {
            request.report.dropped.splice(0..0, copied.dropped.iter().cloned());
            request.report.warnings.splice(0..0, copied.warnings.iter().cloned());
        }
        request.report.warnings.extend(self.options.unknown_preferences.iter().map(|name| prefer::warning(name)));
        self.complete(request, place, headers)
    }

    /// The request of a deletion, which has no body.
    pub(in crate::api) fn prepare_deletion(&self, call: vendors::Call, id: &str) -> Result<Prepared, Problem> {
        let context = self.context;
        let headers = self.account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
        let request = Request {
            method: call.method,
            repeatable: call.repeatable,
            path: call.path_of(id),
            body: Vec::new(),
            report: Report::default(),
            sent: SentFields::default(),
        };
        self.complete(request, QueuePlace::Later, headers)
    }

    /// Where the fields go, with these catalogs of the vendor.
    pub(super) fn target<'b>(&'b self, live: &'b CatalogSet) -> Target<'b> {
        Target {
            dialect: self.account.dialect,
            vendor: &self.account.name,
            id: self.id.map_or("", |id| &**id),
            handling: self.handling,
            policies: &self.account.policies,
            catalogs: Catalogs { configured: &self.account.configured, live },
            accounts: self.context,
        }
    }

    fn translate(&self, update: &Update<'_>, target: &Target<'_>) -> Result<Request, Refused> {
        match self.change {
            Change::Create(creation) => translate_creation(update, creation, target),
            Change::Update | Change::Delete => translate_request(update, target),
        }
    }

    /// The errors of an update other than unresolved names. The caller can fix these at once.
    pub(super) fn other_errors(&self, update: &Update<'_>, target: &Target<'_>) -> Option<Problem> {
        let mut refused = self.translate(update, target).err()?;
        refused.items.list.retain(|item| item.code != ItemCode::UnresolvedName);
        (!refused.items.is_empty()).then(|| refusal_problem(refused, self.change, target))
    }

    /// The vendor's catalogs that this update needs besides the configured ones. While they are read, which may take
    /// time, the update already waits for the assistant's lock, so that no later update overtakes it.
    pub(super) async fn live_catalogs(
        &self,
        update: &Update<'_>,
        headers: &HeaderMap,
    ) -> Result<(CatalogSet, QueuePlace), Problem> {
        let missing = self.missing_catalogs(update);
        if missing.is_empty() {
            return Ok((CatalogSet::default(), QueuePlace::Later));
        }
        let place = self.place()?;
        Ok((self.catalogs(&missing, headers).await?, place))
    }

    /// The kinds of the vendor's catalogs that this update needs besides the configured ones.
    fn missing_catalogs(&self, update: &Update<'_>) -> Vec<CatalogKind> {
        let account = self.account;
        let known = Catalogs { configured: &account.configured, live: &CatalogSet::default() };
        missing_lookups(update, account.dialect, &account.policies, &known)
    }

    /// Whether the vendor may be asked for catalogs before this is translated.
    pub(super) fn needs_catalogs(&self, body: &[u8]) -> bool {
        read_update(body).is_ok_and(|update| !self.missing_catalogs(&update).is_empty())
    }

    /// A place in the order, from now on.
    fn place(&self) -> Result<QueuePlace, Problem> {
        let Self { context, account, id, options, .. } = self;
        let Some(id) = id.filter(|_| !options.dry_run) else { return Ok(QueuePlace::Later) };
        match &context.records {
            None => account.stack.queue_update(id).map(|lock| QueuePlace::Queued(lock, None)).map_err(failure_problem),
            Some(records) if records.shares_order() => records.gate_of(&context.gateway, account, id),
            Some(records) if options.respond_async => {
                let reserved = records.reserve(&context.gateway, account, id)?;
                Ok(QueuePlace::Reserved(Box::new(reserved)))
            }
            Some(records) => {
                let (lock, number) = records.queue(account, id).map_err(failure_problem)?;
                Ok(QueuePlace::Queued(lock, Some(number)))
            }
        }
    }

    /// The vendor's catalogs of these kinds.
    pub(super) async fn catalogs(&self, kinds: &[CatalogKind], headers: &HeaderMap) -> Result<CatalogSet, Problem> {
        read_catalogs(self.context, self.account, kinds, headers, self.options.deadline).await
    }
}

/// An account's catalogs of these kinds, as far as its vendor has them.
///
/// # Errors
/// One of them cannot be read now.
pub(in crate::api) async fn read_catalogs(
    context: &Context,
    account: &Account,
    kinds: &[CatalogKind],
    headers: &HeaderMap,
    deadline: Instant,
) -> Result<CatalogSet, Problem> {
    let reader = account.catalog_reader(headers.clone());
    let started = Instant::now();
    let fetch = Box::pin(account.live.get(kinds, &reader)); // Boxed because it is large and rare.
    // The fetch may have been started by another update with a later deadline.
    let read = timeout_at(deadline, fetch).await;
    if let Some(recording) = &context.recording {
        let failed = !matches!(read, Ok(Ok(_)));
        recording.internal_span("catalogs", started, failed.then_some("unavailable"));
    }
    let live = read.map_err(|_| {
        Problem::new(Code::VendorTimeout, "The time allowed ended while the vendor's catalog was being read.")
    })?;
    live.map_err(|failure| catalog_problem(account, failure))
}

/// The fields of a request.
pub(in crate::api) fn read_update(body: &[u8]) -> Result<Update<'_>, Problem> {
    Update::read(body).map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))
}
