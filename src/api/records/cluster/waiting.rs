//! A caller's wait for the end of a change that the owner of its line delivers.
//!
//! If this process is the owner, its task of the line tells the end at once. The end of what another one delivers is found by
//! asking the store, every 25 ms, for all changes that anything waits for here.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::api::classify::failure_problem;
use crate::problem::{Code, Outcome, Problem};
use crate::store::{Answer, Ending, Record, StoreError, UpdateId, Withdrawn};

use super::Replica;
use crate::api::records::job::Job;
use crate::api::records::{Records, store_problem};

/// The pause between two questions.
const POLL: Duration = Duration::from_millis(25);
/// How often a caller who waits gets the problem that the vendor is down.
const LOOK_UP: Duration = Duration::from_millis(250);
/// How much longer than its timeout the store may be silent before those who wait are answered.
const SILENCE: Duration = Duration::from_secs(2);
/// How long an attempt under way is waited for after the deadline.
const GRACE: Duration = Duration::from_millis(500);

/// How a wait ended.
pub(in crate::api::records) enum Wait {
    /// The change has ended, with this answer.
    Ended(Answer),
    /// It was withdrawn, for this reason.
    Withdrawn(Problem),
    /// It is not known what becomes of it.
    Lost(Problem),
}

impl Replica {
    /// Tells the poller that something waits.
    pub(in crate::api::records) fn wait(&self) {
        self.waits.notify_one();
    }
}

impl Records {
    /// Asks the store for the ends of changes that anything waits for, until the membership is over.
    pub(in crate::api::records) async fn poll(self: Arc<Self>, replica: Arc<Replica>) {
        loop {
            tokio::select! {
                () = sleep(POLL) => {}
                () = replica.over.cancelled() => return,
            }
            let ids = self.endings.waited_for();
            if ids.is_empty() {
                tokio::select! {
                    () = replica.waits.notified() => continue,
                    () = replica.over.cancelled() => return,
                }
            }
            match replica.store.ended(ids).await {
                Ok(ended) => {
                    replica.answered();
                    ended.into_iter().for_each(|(id, answer)| self.endings.ended(id, answer.as_ref()));
                }
                // The beat says so in the log.
                Err(_) => sleep(LOOK_UP).await,
            }
        }
    }

    /// Waits for the end of a change until its caller's deadline, or until its vendor is known to be down. `gone` ends when
    /// the caller leaves; `given_up` makes the record's end of a problem.
    pub(in crate::api::records) async fn await_end(
        &self,
        replica: &Replica,
        job: &Job,
        id: UpdateId,
        gone: impl Future<Output = Problem> + Send,
        given_up: impl Fn(&Problem) -> Ending + Send + Sync,
    ) -> Wait {
        let mut waiting = self.endings.waiting(id);
        replica.wait();
        tokio::pin!(gone);
        let deadline = job.options.deadline;
        let problem = loop {
            if let Err(down) = job.account.stack.check_up(deadline) {
                break failure_problem(down);
            }
            let silence = replica.store.timeout() + SILENCE;
            let tick = (Instant::now() + LOOK_UP).min(deadline);
            tokio::select! {
                biased;
                answer = waiting.ended(tick) => match answer {
                    Some(Some(answer)) => return Wait::Ended(answer),
                    Some(None) => return self.end_of(id).await,
                    None if Instant::now() >= deadline => break failure_problem(crate::upstream::Failure::in_queue()),
                    None if replica.silence() >= silence => return Wait::Lost(silent()),
                    None => {}
                },
                left = &mut gone => break left,
            }
        };
        match replica.store.withdraw(given_up(&problem)).await {
            Ok(Withdrawn::Done) => Wait::Withdrawn(problem),
            Ok(Withdrawn::Gone) => self.end_of(id).await,
            Ok(Withdrawn::Sending) => match waiting.ended((deadline + GRACE).max(Instant::now() + GRACE)).await {
                Some(Some(answer)) => Wait::Ended(answer),
                _ => Wait::Lost(under_way(&problem)),
            },
            Err(error) => Wait::Lost(lost(error)),
        }
    }

    /// The end of a change that has one.
    async fn end_of(&self, id: UpdateId) -> Wait {
        match self.store.record(id).await {
            Ok(Some(Record { answer: Some(answer), .. })) => Wait::Ended(answer),
            Ok(Some(record)) if record.doubted_at.is_some() => {
                let detail = "the change was withdrawn after an attempt that may have been applied";
                Wait::Lost(Problem { outcome: Outcome::Unknown, ..Problem::new(Code::AlreadyStarted, detail) })
            }
            Ok(Some(record)) => {
                let detail = format!("the change was {} before it was sent", record.state.as_str());
                Wait::Withdrawn(Problem::new(Code::AlreadyStarted, detail))
            }
            Ok(None) => Wait::Lost(silent()),
            Err(error) => Wait::Lost(lost(error)),
        }
    }
}

/// The problem of a change that is stored, of whose end the store says nothing.
fn silent() -> Problem {
    lost(StoreError::Unknown("no answer".to_owned()))
}

/// Whatever the store says, the change is in it, and may be delivered.
pub(in crate::api::records) fn lost(error: StoreError) -> Problem {
    store_problem(StoreError::Unknown(error.to_string()))
}

fn under_way(problem: &Problem) -> Problem {
    let detail = "the time allowed ended while the change was being sent; its record says what becomes of it";
    Problem { outcome: Outcome::Unknown, detail: detail.to_owned(), ..problem.clone() }
}
