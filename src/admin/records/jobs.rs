//! Bulk replays: a job sends dead changes again one after another, each by the ordinary replay, so that the order of an
//! assistant's changes and the guard against newer ones hold. The newest goes first: an older one that it overtakes is then
//! refused as superseded. A job is of this process and ends with it; what it has sent again are ordinary records.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::admin::documents::records::MOST_COUNTED;
use crate::admin::{Operator, Shared};
use crate::api::request::query::{self, must};
use crate::api::{Context, RecordList, Replay, query_names, required, store_problem};
use crate::problem::{Code, Problem};
use crate::store::{Record, State, UpdateId};
use crate::telemetry::event::Who;
use crate::value::Lock;

/// What chooses the dead changes of a job.
const FILTERS: [&str; 7] = ["vendor", "assistant", "client", "reason", "older", "since", "until"];
/// How many are sent again in a second, unless the request says how many.
const RATE: u32 = 20;
const MAX_RATE: u32 = 100;
/// How long a job waits while the queue is full or the store does not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// How many jobs are kept after their end.
const MOST_JOBS: usize = 10;
/// How many results of a job are kept; the audit log has every replay.
const MOST_RESULTS: usize = 1000;

/// The jobs of this process, oldest first.
#[derive(Default)]
pub(crate) struct Jobs(Lock<VecDeque<Arc<Job>>>);

struct Job {
    id: Uuid,
    filter: String,
    rate: u32,
    started: SystemTime,
    changes: Vec<UpdateId>,
    cancel: CancellationToken,
    progress: Lock<Progress>,
}

#[derive(Default)]
struct Progress {
    state: JobState,
    replayed: usize,
    superseded: usize,
    refused: usize,
    waits_for: Option<&'static str>,
    ended: Option<SystemTime>,
    results: VecDeque<Tried>,
}

/// What a job does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    /// It goes on.
    #[default]
    Running,
    /// It has tried all.
    Done,
    /// An operator has stopped it.
    Canceled,
    /// The gateway is shutting down.
    Stopped,
}

/// What became of one change of a job.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tried {
    /// The dead change.
    pub(crate) update: String,
    /// Its assistant; `None` if its record is kept no longer.
    pub(crate) assistant: Option<String>,
    /// `replayed`, `superseded` or `refused`.
    pub(crate) result: &'static str,
    /// The record that sends it again.
    pub(crate) replayed_as: Option<String>,
    /// Why not.
    pub(crate) code: Option<&'static str>,
    pub(crate) detail: Option<String>,
}

/// A job as operators see it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct JobDocument {
    pub(crate) job: String,
    pub(crate) state: JobState,
    /// The filter that chose the changes, as a query.
    pub(crate) filter: String,
    pub(crate) rate_per_second: u32,
    pub(crate) count: usize,
    pub(crate) replayed: usize,
    pub(crate) superseded: usize,
    pub(crate) refused: usize,
    pub(crate) not_tried: usize,
    /// The problem that it waits for to be over.
    pub(crate) waits_for: Option<&'static str>,
    pub(crate) started_at: String,
    pub(crate) ended_at: Option<String>,
    /// The newest first; only where one job is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<Vec<Tried>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) results_left_off: Option<usize>,
}

/// Starts a job that sends again every dead change that fits the filter and was not sent again yet.
///
/// # Errors
/// There is no store, the query is invalid, another number fits than it says, a job runs, or the store fails.
pub(crate) async fn start(operator: &Operator, query: Option<&str>) -> Result<JobDocument, Problem> {
    let context = &operator.context;
    let records = required(context.records.as_ref())?;
    query_names(query, &[&FILTERS[..], &["count", "rate"]].concat())?;
    let count = number(query, "count", MOST_COUNTED)?.ok_or_else(|| {
        must("count", "be there: how many dead changes you mean, which `counts.open` of `GET /admin/dead` says")
    })?;
    let rate = number(query, "rate", MAX_RATE as usize)?.map_or(RATE, |rate| rate as u32);
    let names = [&FILTERS[..], &["count", "rate"]].concat();
    let list = RecordList::of_all(&context.gateway, "dead", query, &names, &[State::Dead])?.not_replayed();
    let mut changes = Vec::new();
    let all = list.each(records, |record| {
        changes.extend(list.has_reason(record).then_some(record.id));
        changes.len() <= MOST_COUNTED
    });
    if !all.await? {
        let detail =
            format!("more than {MOST_COUNTED} dead changes match; choose fewer by `vendor`, `reason` or `since`");
        return Err(conflict(detail));
    }
    if changes.len() != count {
        let (matches, verb) = (changes.len(), if count == 1 { "is" } else { "are" });
        return Err(conflict(format!(
            "the filter matches {matches} dead changes that were not sent again yet, and `count` is {count}: look at what {verb} meant, and send the number again"
        )));
    }
    let filter = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(name, _)| FILTERS.contains(&&**name)),
        )
        .finish();
    let (id, started) = (Uuid::now_v7(), SystemTime::now());
    let cancel = CancellationToken::new();
    let job = Arc::new(Job { id, filter, rate, started, changes, cancel, progress: Lock::default() });
    let shared = &operator.shared;
    shared.jobs.add(Arc::clone(&job))?;
    let document = job.document(true);
    shared.shutdown.spawn(run(Arc::clone(shared), context.clone(), job));
    Ok(document)
}

/// All jobs that are kept, newest first.
pub(crate) fn jobs(operator: &Operator) -> Vec<JobDocument> {
    operator.shared.jobs.0.lock().iter().rev().map(|job| job.document(false)).collect()
}

/// One job, which `id` names, with its results.
///
/// # Errors
/// There is none.
pub(crate) fn job(operator: &Operator, query: Option<&str>) -> Result<JobDocument, Problem> {
    query_names(query, &["id"])?;
    let id = query::text(query, "id")?.ok_or_else(|| must("id", "be there: the member `job` of a job"))?;
    Ok(operator.shared.jobs.find(&id)?.document(true))
}

/// Stops a job. What it has sent again stays.
///
/// # Errors
/// There is none, or it has ended.
pub(crate) fn cancel(operator: &Operator, id: &str) -> Result<JobDocument, Problem> {
    let job = operator.shared.jobs.find(id)?;
    {
        let mut progress = job.progress.lock();
        if progress.state != JobState::Running {
            return Err(Problem::new(Code::AlreadyStarted, "this job has ended"));
        }
        progress.end(JobState::Canceled);
    }
    job.cancel.cancel();
    Ok(job.document(true))
}

/// A number from 1, if it is there.
fn number(query: Option<&str>, name: &str, most: usize) -> Result<Option<usize>, Problem> {
    let Some(text) = query::text(query, name)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.map(Some).ok_or_else(|| must(name, &format!("be a whole number from 1 to {most}")))
}

fn conflict(detail: String) -> Problem {
    Problem { status: Some(StatusCode::CONFLICT), ..Problem::new(Code::InvalidRequest, detail) }
}

impl Jobs {
    fn add(&self, job: Arc<Job>) -> Result<(), Problem> {
        let mut jobs = self.0.lock();
        if let Some(running) = jobs.iter().find(|job| job.progress.lock().state == JobState::Running) {
            let detail = format!("the job {} runs already, and there is one at a time", running.id);
            return Err(Problem::new(Code::AlreadyStarted, detail));
        }
        jobs.push_back(job);
        if jobs.len() > MOST_JOBS {
            jobs.pop_front();
        }
        Ok(())
    }

    fn find(&self, id: &str) -> Result<Arc<Job>, Problem> {
        let found = id.parse::<Uuid>().ok().and_then(|id| self.0.lock().iter().find(|job| job.id == id).cloned());
        let detail = "there is no job of this id: jobs end with their process, and the last ten are kept";
        found.ok_or_else(|| Problem::new(Code::NotFound, detail))
    }
}

impl Job {
    fn document(&self, with_results: bool) -> JobDocument {
        let progress = self.progress.lock();
        let tried = progress.tried();
        let time = |time| humantime::format_rfc3339_millis(time).to_string();
        JobDocument {
            job: self.id.to_string(),
            state: progress.state,
            filter: self.filter.clone(),
            rate_per_second: self.rate,
            count: self.changes.len(),
            replayed: progress.replayed,
            superseded: progress.superseded,
            refused: progress.refused,
            not_tried: self.changes.len() - tried,
            waits_for: progress.waits_for,
            started_at: time(self.started),
            ended_at: progress.ended.map(time),
            results: with_results.then(|| progress.results.iter().rev().cloned().collect()),
            results_left_off: with_results.then(|| tried - progress.results.len()),
        }
    }
}

impl Progress {
    fn tried(&self) -> usize {
        self.replayed + self.superseded + self.refused
    }

    fn end(&mut self, state: JobState) {
        if self.state == JobState::Running {
            (self.state, self.ended, self.waits_for) = (state, Some(SystemTime::now()), None);
        }
    }

    fn add(&mut self, tried: Tried) {
        match tried.result {
            "replayed" => self.replayed += 1,
            "superseded" => self.superseded += 1,
            _ => self.refused += 1,
        }
        self.waits_for = None;
        self.results.push_back(tried);
        if self.results.len() > MOST_RESULTS {
            self.results.pop_front();
        }
    }
}

async fn run(shared: Arc<Shared>, context: Context, job: Arc<Job>) {
    let state = replay_all(&shared, context, &job).await;
    let mut progress = job.progress.lock();
    progress.end(state);
    let (tried, count) = (progress.tried(), job.changes.len());
    if state == JobState::Stopped {
        tracing::warn!(job = %job.id, tried, count, "a bulk replay ended with the process; what it has not tried stays dead");
    } else {
        let (replayed, superseded, refused) = (progress.replayed, progress.superseded, progress.refused);
        tracing::info!(job = %job.id, ?state, replayed, superseded, refused, count, "a bulk replay has ended");
    }
}

/// A job ends between two replays: one that has begun is carried to its end.
async fn replay_all(shared: &Shared, mut context: Context, job: &Job) -> JobState {
    let stopped = async || {
        tokio::select! {
            biased;
            () = job.cancel.cancelled() => JobState::Canceled,
            () = shared.shutdown.soft().cancelled() => JobState::Stopped,
        }
    };
    let mut ticks = interval(Duration::from_secs(1) / job.rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for id in &job.changes {
        tokio::select! {
            biased;
            state = stopped() => return state,
            _ = ticks.tick() => {}
        }
        // Each is sent again as the gateway is configured then.
        context.gateway = shared.reloader.gateway();
        while let Some(waits_for) = replay_one(job, &context, *id).await {
            job.progress.lock().waits_for = Some(waits_for);
            tokio::select! {
                biased;
                state = stopped() => return state,
                () = sleep(PAUSE) => {}
            }
            context.gateway = shared.reloader.gateway();
        }
    }
    JobState::Done
}

/// Sends one again, and notes what became of it; the problem's code if it is to be tried once more.
async fn replay_one(job: &Job, context: &Context, id: UpdateId) -> Option<&'static str> {
    let mut assistant = None;
    let replayed = replay(context, id, &mut assistant).await;
    let problem = match replayed {
        Ok(replay) => {
            let replayed_as = Some(replay.id.to_string());
            let tried =
                Tried { update: id.to_string(), assistant, result: "replayed", replayed_as, code: None, detail: None };
            job.progress.lock().add(tried);
            return None;
        }
        Err(problem) => problem,
    };
    let code = problem.code.as_str();
    if matches!(problem.code, Code::QueueFull | Code::StoreUnavailable) {
        return Some(code);
    }
    let result = if problem.code == Code::Superseded { "superseded" } else { "refused" };
    let (code, detail) = (Some(code), Some(problem.detail));
    job.progress.lock().add(Tried { update: id.to_string(), assistant, result, replayed_as: None, code, detail });
    None
}

async fn replay(context: &Context, id: UpdateId, assistant: &mut Option<String>) -> Result<Record, Problem> {
    let records = required(context.records.as_ref())?;
    let record = records.store.record(id).await.map_err(store_problem)?;
    let gone = || Problem::new(Code::UpdateNotFound, "its record is kept no longer");
    let record = record.ok_or_else(gone)?;
    *assistant = Some(record.assistant.clone());
    let replay = match records.replay(context, &record, Replay::Whole).await {
        // It is this job's own if a try before was stored and the store could not say so.
        Err(problem) if problem.code == Code::AlreadyStarted => {
            let last = records.store.replay_of(id).await.map_err(store_problem)?;
            last.filter(|last| last.request_id == context.request_id.as_str()).ok_or(problem)?
        }
        replayed => replayed?,
    };
    context.replayed(&record, &replay, Who::Operator);
    Ok(replay)
}
