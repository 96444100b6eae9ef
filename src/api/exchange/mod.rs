//! The exchange of one operation with its vendor: translates it, sends it or shows it in a dry run, and classifies the
//! response.
//!
//! - `prepare` translates, with the catalogs that it needs.
//! - `keyed` is what an idempotency key adds before.
//! - `send` is one request: the way of a plain update.
//! - `turn` is several requests in one turn of the assistant: read, send, read again.
//! - `preview` shows a translation to operators, without an assistant.
//! - `plan` is what takes the place of the one request where the vendor needs several, `assigned` what those have that go to
//!   another object than the assistant.

mod answer;
mod assigned;
mod condition;
mod keyed;
mod partial;
mod plan;
mod prepare;
mod preview;
mod reading;
mod refusal;
mod send;
#[cfg(test)]
mod tests;
mod turn;

use std::mem::take;
use std::sync::Arc;

use bytes::Bytes;
use http::method::InvalidMethod;
use http::{HeaderMap, Method, Response, Uri};
use http_body_util::Full;
use vendors::{CopyReport, Creation, Handling};

use crate::account::Account;
use crate::problem::Problem;
use crate::upstream::{Fence, Permits, QueuedLock};
use crate::value::{AssistantOperation, Lock};

use super::context::Context;
use super::records::{Key, Records, Reservation, carry_out};
use super::request::options::RequestOptions;
use super::request_log::RequestLog;
use super::response::Echoed;

pub(super) use prepare::{deletion, read_catalogs, read_update};
pub(crate) use preview::{Destination, Preview, PreviewOptions, PreviewRefusal, handling_at, preview};
pub(super) use refusal::nothing_applied;
use refusal::of_changes;

/// An operation that changes an assistant, and where it goes.
pub(super) struct Exchange<'a> {
    pub(super) context: &'a Context,
    pub(super) change: Change,
    /// The assistant, as in the path; for a new one the vendor account.
    pub(super) assistant: &'a str,
    pub(super) account: &'a Arc<Account>,
    /// The vendor's id; a new assistant has none.
    pub(super) id: Option<&'a Arc<str>>,
    pub(super) handling: Handling,
    pub(super) options: &'a RequestOptions,
    /// What came before, if the fields are those of another assistant.
    pub(super) copied: Option<&'a Arc<Copied>>,
    /// The caller's idempotency key.
    pub(super) key: Option<&'a Key>,
    /// Where the turn is put afterwards, if another request of the line may follow in it.
    pub(super) slot: Option<&'a TurnSlot>,
}

/// A turn on its way from one request to the next.
#[derive(Debug, Default)]
pub(super) struct TurnSlot {
    turn: Lock<Option<QueuedLock>>,
    /// Until when requests in this turn may begin, if other processes share the order.
    pub(super) fence: Option<Fence>,
}

impl TurnSlot {
    /// An empty one for a turn in which requests may begin until then.
    pub(super) fn fenced(fence: Option<Fence>) -> Self {
        Self { turn: Lock::default(), fence }
    }

    fn put(&self, turn: Option<QueuedLock>) {
        *self.turn.lock() = turn;
    }

    /// The turn, if a request has put it here.
    pub(super) fn into_turn(self) -> Option<QueuedLock> {
        self.turn.into_inner()
    }
}

/// What became of another assistant's fields, which are those of a new one.
#[derive(Debug)]
pub(super) struct Copied {
    pub(super) report: CopyReport,
    /// How many requests it took to read them.
    pub(super) attempts: u32,
}

/// What becomes of the assistant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// Its fields change.
    Update,
    /// It is made.
    Create(&'static Creation),
    /// It is removed.
    Delete,
}

/// A translated request, ready to be sent.
pub(super) struct Prepared {
    pub(super) request: vendors::Request,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    pub(super) place: QueuePlace,
}

/// The place in the order that an operation has before it is sent.
#[derive(Default)]
pub(super) enum QueuePlace {
    /// It gets one when it is sent.
    #[default]
    Later,
    /// Its turn, or its place in the queue for it; with a store it has a number.
    Queued(QueuedLock, Option<u64>),
    /// A ticket among what is delivered later.
    Reserved(Box<Reservation>),
}

impl QueuePlace {
    pub(super) fn into_lock(self) -> Option<QueuedLock> {
        match self {
            Self::Queued(lock, _) => Some(lock),
            Self::Later | Self::Reserved(_) => None,
        }
    }
}

impl Exchange<'_> {
    /// Translates `body`, sends it and returns the response.
    ///
    /// # Errors
    /// The request is invalid or the vendor did not carry it out.
    pub(super) async fn run(
        &self,
        body: Bytes,
        permits: Permits,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        if let Some(key) = self.key {
            return Box::pin(self.run_keyed(key, body, permits, log)).await;
        }
        let mut prepared = match self.prepare(&body).await {
            Ok(prepared) => prepared,
            Err(problem) => return self.presented(Err(problem)),
        };
        if let Some(records) = self.records(&prepared) {
            return Box::pin(carry_out(self, records, prepared, body, permits, log)).await;
        }
        // As `carry_on`, which as a future of its own would hold all of this twice.
        if self.is_in_turn() {
            return self.presented(Box::pin(self.in_turn(prepared, body, Some(permits), log)).await);
        }
        drop(body); // The translated body replaces it while the vendor is called.
        if let Some(response) = self.at_once(&mut prepared, log) {
            return self.presented(Ok(response));
        }
        self.presented(self.send(prepared, Some(permits), log).await)
    }

    /// Carries out what is translated.
    ///
    /// # Errors
    /// The vendor did not carry it out.
    pub(super) async fn carry_on(
        &self,
        mut prepared: Prepared,
        body: Bytes,
        permits: Option<Permits>,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        if self.is_in_turn() {
            // Boxed because it is large and rare.
            return Box::pin(self.in_turn(prepared, body, permits, log)).await;
        }
        drop(body);
        match self.at_once(&mut prepared, log) {
            Some(response) => Ok(response),
            None => self.send(prepared, permits, log).await,
        }
    }

    /// Whether the assistant is read before or afterwards, or written in several requests.
    fn is_in_turn(&self) -> bool {
        let has_plan = self.account.dialect.plan.is_some() && !matches!(self.change, Change::Delete);
        self.options.if_match.is_some() || self.options.representation || has_plan
    }

    /// The response to what is not sent: a dry run, or an update of which nothing is left.
    fn at_once(&self, prepared: &mut Prepared, log: &mut RequestLog) -> Option<Response<Full<Bytes>>> {
        if self.options.dry_run {
            let response = self.dry_run(prepared);
            log.report = Some(take(&mut prepared.request.report));
            return Some(response);
        }
        let is_nothing = self.is_nothing(&prepared.request);
        is_nothing.then(|| self.nothing_to_send(take(&mut prepared.request.report), log))
    }

    /// Deletes the assistant.
    ///
    /// # Errors
    /// The vendor did not delete it.
    pub(super) async fn delete(
        &self,
        call: vendors::Call,
        permits: Permits,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let id = self.id.map_or("", |id| &**id);
        let prepared = self.prepare_deletion(call, id)?;
        match self.records(&prepared) {
            Some(records) => carry_out(self, records, prepared, Bytes::new(), permits, log).await,
            None => self.presented(self.carry_on(prepared, Bytes::new(), Some(permits), log).await),
        }
    }

    /// The result as its caller gets it: a problem names the fields of a copy as its request does, and the preferences that
    /// were applied are listed.
    ///
    /// # Errors
    /// The problem.
    pub(super) fn presented(
        &self,
        result: Result<Response<Full<Bytes>>, Problem>,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let result = match self.copied {
            Some(copied) => result.map_err(|problem| of_changes(problem, copied)),
            None => result,
        };
        match self.change {
            Change::Delete => result,
            Change::Update | Change::Create(_) => self.options.mark(result),
        }
    }

    /// Where this is written down: nowhere without a store, and not if nothing is sent.
    fn records(&self, prepared: &Prepared) -> Option<&Arc<Records>> {
        let records = self.context.records.as_ref()?;
        (!self.options.dry_run && !self.is_nothing(&prepared.request)).then_some(records)
    }

    /// Whether nothing of an update is left to send.
    fn is_nothing(&self, request: &vendors::Request) -> bool {
        matches!(self.change, Change::Update) && request.is_empty()
    }

    /// Why the vendor would not be sent these fields; `None` if it would.
    pub(super) async fn refusal(&self, body: &[u8]) -> Option<Problem> {
        self.prepare(body).await.err()
    }

    /// The word in logs.
    pub(super) fn operation(&self) -> AssistantOperation {
        match self.change {
            Change::Update => AssistantOperation::Update,
            Change::Create(_) if self.copied.is_some() => AssistantOperation::Copy,
            Change::Create(_) => AssistantOperation::Create,
            Change::Delete => AssistantOperation::Delete,
        }
    }

    fn copy_report(&self) -> Option<&CopyReport> {
        self.copied.map(|copied| &copied.report)
    }

    fn echoed(&self) -> Echoed<'_> {
        let (vendor, request_id) = (&*self.account.name, self.context.request_id.as_str());
        Echoed { assistant: self.assistant, vendor, request_id }
    }

    /// Adds the method and URI with which the request is shown or sent.
    pub(super) fn complete(
        &self,
        request: vendors::Request,
        place: QueuePlace,
        headers: HeaderMap,
    ) -> Result<Prepared, Problem> {
        let (method, uri) = self.method_and_uri(request.method, &request.path)?;
        Ok(Prepared { request, method, uri, headers, place })
    }

    fn method_and_uri(&self, method: &str, path: &str) -> Result<(Method, Uri), Problem> {
        const IMPOSSIBLE: &str = "the vendor's request could not be built";
        let uri = self.account.stack.uri(path).map_err(|error| Problem::internal(IMPOSSIBLE, error))?;
        let method = method.parse().map_err(|error: InvalidMethod| Problem::internal(IMPOSSIBLE, error))?;
        Ok((method, uri))
    }
}
