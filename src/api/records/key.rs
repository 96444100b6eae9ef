//! Idempotency keys: what makes two requests the same, and what became of the first.
//!
//! Admission finds a key that was used before, so most requests are not looked up. One is if it is refused before it is
//! admitted, because what is stored under its key comes first, or if the vendor would be asked something before that.

use std::time::Duration;

use bytes::Bytes;
use http::header::IF_MATCH;
use http::request::Parts;
use http::{HeaderValue, Response};
use http_body_util::Full;
use sha2::{Digest, Sha256};

use crate::api::context::Context;
use crate::api::request::options::RequestOptions;
use crate::api::request::prefer::PREFER;
use crate::problem::{Code, Problem};
use crate::store::{Admission, Answer, KeyState, KeyUse, Line, Membership, Mode, Record, Timestamp, UpdateId};
use crate::value::AssistantOperation;

use super::document::add_location;
use super::payload::Payload;
use super::replay::{superseded, with_twins};
use super::{Records, answer, required, store_problem};

/// The `Retry-After` of a request whose key is in use.
const IN_PROGRESS_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The key of a request.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    operation: AssistantOperation,
    pub(super) used: KeyUse,
    /// The first request, if its outcome is unknown.
    pub(super) again: Option<Again>,
    /// Whether it is known what became of the first request.
    is_looked_up: bool,
}

/// An earlier request with a key, of which it is not known whether it was applied.
#[derive(Clone, Debug)]
pub(super) struct Again {
    /// Its record.
    pub(super) id: UpdateId,
    /// Its place in the order.
    pub(super) number: u64,
    /// What its caller got.
    pub(super) answer: Answer,
}

/// What is known of a request by its key.
pub(crate) enum Known {
    /// It was carried out before; this is the response.
    Answered(Response<Full<Bytes>>),
    /// It is to be carried out.
    New(Key),
}

/// SHA-256 of all that makes a request with a key the same request: what it does to what, its query, preferences and
/// condition, and its body. The head is added before it is freed.
#[derive(Debug)]
pub(crate) struct Asked {
    operation: AssistantOperation,
    key: String,
    digest: Sha256,
}

impl Asked {
    /// The head of a request, if it has a key. `target` is what it changes: the account, and the assistant's id there.
    pub(crate) fn of(
        operation: AssistantOperation,
        options: &RequestOptions,
        (account, id): (&str, Option<&str>),
        head: &Parts,
    ) -> Option<Self> {
        let key = options.idempotency_key.clone().filter(|_| !options.dry_run)?;
        let mut asked = Self { operation, key, digest: Sha256::new() };
        asked.add(operation.as_str().as_bytes());
        asked.add(account.as_bytes());
        asked.add(id.unwrap_or_default().as_bytes());
        asked.add(head.uri.query().unwrap_or_default().as_bytes());
        for name in [&PREFER, &IF_MATCH] {
            let values: Vec<_> = head.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            asked.add(&values.join(&b","[..]));
        }
        Some(asked)
    }

    fn add(&mut self, part: &[u8]) {
        self.digest.update(part.len().to_be_bytes());
        self.digest.update(part);
    }
}

impl Key {
    /// The key of a request with this body.
    pub(crate) fn of(context: &Context, asked: Asked, body: &[u8]) -> Self {
        let mut asked = asked;
        asked.add(body);
        let Asked { operation, key, digest } = asked;
        let client = context.client_name().map(str::to_owned);
        let used = KeyUse { client, key, fingerprint: digest.finalize().into(), now: Timestamp::now() };
        Self { operation, used, again: None, is_looked_up: false }
    }

    /// What the store is asked to admit: a change, with its key if it has one. If that is of a request that is sent again, its
    /// place in the order guards the change.
    pub(super) fn admission(
        key: Option<&Self>,
        record: &Record,
        payload: &mut Payload,
        member: Option<Membership>,
    ) -> Admission {
        let again = key.and_then(|key| key.again.as_ref());
        payload.guard = again.map(|again| again.number).or(payload.guard);
        Admission {
            record: record.clone(),
            body: payload.to_bytes(),
            key: key.map(|key| key.used.clone()),
            again: again.map(|again| again.id),
            member,
        }
    }

    /// What became of an earlier request with the key.
    ///
    /// # Errors
    /// The key came with another request, or the first one is under way, or the store fails.
    pub(crate) async fn look_up(&self, context: &Context, options: &RequestOptions) -> Result<Known, Problem> {
        if self.is_looked_up {
            return Ok(Known::New(self.clone()));
        }
        let records = required(context.records.as_ref())?;
        match records.store.look_up(self.used.clone()).await.map_err(store_problem)? {
            Some(state) => records.answered(context, options, self, state).await,
            None => Ok(Known::New(Self { is_looked_up: true, ..self.clone() })),
        }
    }

    /// What a request gets that is refused before it is admitted: what an earlier one with its key has got, if there is one.
    ///
    /// # Errors
    /// There is none, or as of [`Self::look_up`].
    pub(crate) async fn refused(
        &self,
        context: &Context,
        options: &RequestOptions,
        problem: Problem,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        match self.look_up(context, options).await? {
            Known::Answered(response) => Ok(response),
            Known::New(_) => Err(problem),
        }
    }

    /// The same for one that the store did not admit as `own`, which it may have stored all the same.
    ///
    /// # Errors
    /// The same; if the store fails again, its first failure says more.
    pub(super) async fn not_admitted(
        &self,
        context: &Context,
        options: &RequestOptions,
        own: UpdateId,
        problem: Problem,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let Some(records) = context.records.as_ref().filter(|_| !self.is_looked_up) else { return Err(problem) };
        let known = match records.store.look_up(self.used.clone()).await {
            Ok(Some(state)) if state != KeyState::InProgress(own) => {
                records.answered(context, options, self, state).await?
            }
            _ => return Err(problem),
        };
        match known {
            Known::Answered(response) => Ok(response),
            Known::New(_) => Err(problem),
        }
    }
}

impl Records {
    /// What a request gets whose key has been used before.
    pub(super) async fn answered(
        &self,
        context: &Context,
        options: &RequestOptions,
        key: &Key,
        state: KeyState,
    ) -> Result<Known, Problem> {
        let operation = key.operation;
        match state {
            KeyState::OtherRequest => {
                let detail = "this Idempotency-Key came before with another request; use a new key for each request";
                Err(Problem::new(Code::IdempotencyKeyReused, detail))
            }
            KeyState::InProgress(id) if options.respond_async && operation != AssistantOperation::Create => {
                let record = self.known_record(id).await?;
                Ok(Known::Answered(self.accepted(context, options, &record)?))
            }
            KeyState::InProgress(_) => {
                let detail = "the first request with this Idempotency-Key is under way";
                Err(Problem::new(Code::IdempotencyInProgress, detail).after(IN_PROGRESS_RETRY_AFTER))
            }
            KeyState::Ended { id, answer, unknown: Some(number) } if may_repeat(operation) => {
                let again = Some(Again { id, number, answer });
                Ok(Known::New(Key { again, is_looked_up: true, ..key.clone() }))
            }
            KeyState::Ended { id, answer, .. } => {
                let mut response = answer::replayed(&answer);
                self.say_where(&mut response, context, id).await;
                Ok(Known::Answered(response))
            }
        }
    }

    /// Adds where the record is of a change that was to be delivered later. Its first answer, a 202, has said it too. The
    /// answer is there without the record, so that one that is kept no longer, or a store that fails, is no problem.
    async fn say_where(&self, response: &mut Response<Full<Bytes>>, context: &Context, id: UpdateId) {
        if let Ok(Some(record)) = self.store.record(id).await
            && record.mode == Mode::Asynchronous
        {
            add_location(response, context, &record);
        }
    }

    /// What a request gets whose admission finds its key in use: it is answered, or admitted once more to be sent again.
    ///
    /// # Errors
    /// As of [`Key::look_up`], or the key was taken again meanwhile.
    pub(super) async fn known_at_admission(
        &self,
        context: &Context,
        options: &RequestOptions,
        key: Option<&Key>,
        state: KeyState,
    ) -> Result<Known, Problem> {
        let key = key.ok_or_else(|| Problem::new(Code::Internal, "a change without a key has one"))?;
        match self.answered(context, options, key, state).await? {
            Known::New(_) if key.again.is_some() => {
                Err(Problem::new(Code::IdempotencyInProgress, "its key is in use; try again"))
            }
            known => Ok(known),
        }
    }

    /// Refuses to send again what newer changes have overtaken. What was called before counts, so call it in the turn.
    ///
    /// # Errors
    /// `superseded`, with the fields and the records.
    pub(super) async fn check_newer(&self, line: Line, number: u64, record: &Record) -> Result<(), Problem> {
        let fields = with_twins(&record.fields);
        let newer = self.store.newer(line, number, fields).await.map_err(store_problem)?;
        match newer.is_empty() {
            true => Ok(()),
            false => Err(superseded(record, &newer)),
        }
    }
}

/// Whether a change may be sent again after an unknown outcome.
fn may_repeat(operation: AssistantOperation) -> bool {
    matches!(operation, AssistantOperation::Update | AssistantOperation::Delete)
}
