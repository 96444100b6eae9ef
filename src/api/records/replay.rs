//! Sends a dead change again, as a new record: checked and translated as the gateway is configured now.

use std::sync::Arc;

use tokio::time::Instant;
use vendors::Field;

use crate::api::context::Context;
use crate::api::exchange::{Change, Prepared, QueuePlace, deletion, read_update};
use crate::api::request::query::{self, FIELDS, FORCE};
use crate::problem::{Code, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{FieldName, Mode, Record, State, Timestamp, UpdateId};
use crate::value::AssistantOperation;

use super::asynchronous::{Entered, Entry, Way};
use super::job::Job;
use super::job::fields;
use super::payload::{Payload, Restored};
use super::{Records, store_problem};

/// What of a dead change is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Replay {
    /// All of it, unless a newer change has one of its fields.
    #[default]
    Whole,
    /// The fields that no newer change has.
    Remaining,
    /// All of it, over newer changes.
    Forced,
}

impl Replay {
    /// What the query of a request asks for: `fields=remaining` or `force=true`.
    ///
    /// # Errors
    /// One has another value, or both are there.
    pub(crate) fn of_query(query: Option<&str>) -> Result<Self, Problem> {
        let remaining = query::word(query, FIELDS, &["remaining"])?.is_some();
        match (remaining, query::flag(query, FORCE)?) {
            (false, false) => Ok(Self::Whole),
            (true, false) => Ok(Self::Remaining),
            (false, true) => Ok(Self::Forced),
            (true, true) => {
                let detail = "the query parameters `fields=remaining` and `force=true` exclude each other: the one leaves out what newer changes have set, the other sends it";
                Err(Problem::new(Code::InvalidRequest, detail))
            }
        }
    }
}

impl Records {
    /// Sends a dead change again, as a new record.
    ///
    /// # Errors
    /// It is not dead, was replayed already, or newer changes have its fields; or it is not valid any more.
    pub async fn replay(self: &Arc<Self>, context: &Context, dead: &Record, replay: Replay) -> Result<Record, Problem> {
        let _one_at_a_time = Replaying::begin(self, dead.id)?;
        let line = dead.line().filter(|_| dead.state == State::Dead);
        let line = line.ok_or_else(|| {
            let detail = format!("only a dead change can be replayed; this one is {}", dead.state.as_str());
            Problem::new(Code::AlreadyStarted, detail)
        })?;
        if let Some(last) = self.store.replay_of(dead.id).await.map_err(store_problem)?
            && last.state != State::Dead
        {
            let detail = format!("it was replayed as {}, which is {}", last.id, last.state.as_str());
            return Err(Problem::new(Code::AlreadyStarted, detail));
        }
        let kept = self.store.bodies(vec![dead.id]).await.map_err(store_problem)?.pop().flatten();
        let payload = kept.as_deref().and_then(Payload::read);
        let restored = payload.and_then(|payload| payload.restore(Instant::now() + context.gateway.request_timeout));
        let mut restored = restored.ok_or_else(|| {
            Problem::new(Code::AlreadyStarted, "what it would send is kept no longer, so it cannot be replayed")
        })?;
        let is_held = dead.holds || self.lines().has_held(&line, dead.id);
        if !is_held && replay != Replay::Forced {
            let newer = self.newer_than(dead).await?;
            let is_overtaken = |field: &str| newer.iter().any(|record| overlaps(record, field));
            match replay {
                Replay::Remaining if dead.operation == AssistantOperation::Update => {
                    let left: Vec<_> = dead.fields.iter().filter(|field| !is_overtaken(field)).cloned().collect();
                    if left.is_empty() {
                        return Err(superseded(dead, &newer));
                    }
                    restored.body = only(&restored.body, &left)?.into();
                }
                _ if !newer.is_empty() => return Err(superseded(dead, &newer)),
                _ => {}
            }
        }
        let guard = (!is_held && replay != Replay::Forced).then_some(dead.number);
        self.enter_replay(context, dead, restored, (is_held, guard)).await
    }

    async fn enter_replay(
        self: &Arc<Self>,
        context: &Context,
        dead: &Record,
        restored: Restored,
        (is_held, guard): (bool, Option<u64>),
    ) -> Result<Record, Problem> {
        let Restored { body, handling, options, .. } = restored;
        let gone = || {
            let detail = format!("the vendor account `{}` is configured no longer", dead.vendor);
            Problem::new(Code::UnknownAssistant, detail)
        };
        let account = Arc::clone(context.gateway.routes.accounts.get(&*dead.vendor).ok_or_else(gone)?);
        let change = match dead.operation {
            AssistantOperation::Delete => Change::Delete,
            _ => Change::Update,
        };
        let job = Job::restored(context.clone(), change, dead, Arc::clone(&account), handling, options);
        let (request, reserved) = match change {
            // The account may have another dialect now.
            Change::Delete => {
                let id = job.id.as_deref().unwrap_or_default();
                (job.exchange(None).prepare_deletion(deletion(&account)?, id)?.request, None)
            }
            _ => match job.exchange(None).prepare(&body).await? {
                Prepared { request, place: QueuePlace::Reserved(reserved), .. } if !is_held => {
                    (request, Some(*reserved))
                }
                Prepared { request, .. } => (request, None),
            },
        };
        if request.is_empty() && matches!(change, Change::Update) {
            return Err(Problem::new(Code::ValidationFailed, "nothing of it is left to send at this vendor"));
        }
        let way = match (&self.replica, reserved, dead.line(), &job.id) {
            (Some(replica), ..) => Way::Shared(Arc::clone(replica), None),
            (None, _, Some(line), _) if is_held => {
                Way::Own(self.reserve_instead_of(dead.id, line, &account, &context.gateway.queue)?)
            }
            (None, Some(reserved), ..) => Way::Own(reserved),
            (None, None, _, Some(id)) => Way::Own(self.reserve(&context.gateway, &account, id)?),
            (None, None, ..) => return Err(Problem::new(Code::Internal, "a creation has no line")),
        };
        let expires_at = Timestamp::now().after(context.gateway.queue.max_age);
        let mut record = job.record(Mode::Asynchronous, 0, fields(&request), expires_at);
        (record.replay_of, record.client) = (Some(dead.id), dead.client.clone());
        let payload = self.payload(&job, &request, &body).guarded(guard);
        reach(Point::BeforeReplay);
        let entered = self.enter(Entry { record, payload, key: None }, way, &job).await?;
        reach(Point::AfterReplay);
        match entered {
            Entered::Stored(record) => Ok(*record),
            Entered::Answered(_) => Err(Problem::new(Code::Internal, "a replay has no key")),
        }
    }
}

impl Records {
    /// The newer changes that stand against a replay of a dead one; none if it holds its place in the line.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn newer_than(&self, dead: &Record) -> Result<Vec<Record>, Problem> {
        let Some(line) = dead.line().filter(|line| !dead.holds && !self.lines().has_held(line, dead.id)) else {
            return Ok(Vec::new());
        };
        self.store.newer(line, dead.number, with_twins(&dead.fields)).await.map_err(store_problem)
    }
}

/// A dead change that is being replayed. Two replays at once would both find that it was not replayed yet.
pub(super) struct Replaying<'a> {
    records: &'a Records,
    dead: UpdateId,
}

impl<'a> Replaying<'a> {
    pub(super) fn begin(records: &'a Records, dead: UpdateId) -> Result<Self, Problem> {
        match records.replaying.lock().insert(dead) {
            true => Ok(Self { records, dead }),
            false => Err(Problem::new(Code::AlreadyStarted, "it is being replayed")),
        }
    }
}

impl Drop for Replaying<'_> {
    fn drop(&mut self) {
        self.records.replaying.lock().remove(&self.dead);
    }
}

fn overlaps(record: &Record, field: &str) -> bool {
    let has = |field: &str| record.fields.iter().any(|other| other == field);
    record.operation == AssistantOperation::Delete || has(field) || twin(field).is_some_and(has)
}

/// These fields and their twins, which are other forms of the same.
pub(super) fn with_twins(fields: &[FieldName]) -> Vec<String> {
    let twins = fields.iter().filter_map(|field| twin(field)).map(str::to_owned);
    fields.iter().map(ToString::to_string).chain(twins).collect()
}

fn twin(field: &str) -> Option<&'static str> {
    Field::from_name(field)?.twin().map(Field::name)
}

/// The problem of fields that newer changes have.
pub(super) fn superseded(older: &Record, newer: &[Record]) -> Problem {
    let overtaken = |field: &&FieldName| newer.iter().any(|record| overlaps(record, field));
    let fields: Vec<_> = older.fields.iter().filter(overtaken).map(ToString::to_string).collect();
    Problem::superseded(&fields, newer.iter().map(|record| record.id.to_string()).collect())
}

/// The update with these fields alone; their values keep their text.
fn only(body: &[u8], fields: &[FieldName]) -> Result<Vec<u8>, Problem> {
    let update = read_update(body)?;
    let mut out = b"{".to_vec();
    for entry in update.entries.iter().filter(|entry| fields.contains(&entry.key)) {
        if out.len() > 1 {
            out.push(b',');
        }
        vendors::json::push_string(&mut out, &entry.key);
        out.push(b':');
        out.extend_from_slice(entry.value.text().as_bytes());
    }
    out.push(b'}');
    Ok(out)
}
