//! The same for a change of an assistant whose order several processes share.
//!
//! Every change is stored before it is sent, since only its number orders processes. If nothing of its line is under way, it is
//! sent at once by this task; otherwise the owner of the line delivers it, and this task waits for the end.

use std::mem::take;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::classify::failure_problem;
use crate::api::exchange::{Prepared, QueuePlace, TurnSlot};
use crate::problem::{Outcome as Applied, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{Ending, Finished, Line, Mode, Record, State, StoreError, Stored};
use crate::upstream::{Permits, QueuedLock};

use super::{Outcome, Running};
use crate::api::records::answer;
use crate::api::records::cluster::{Entrance, Replica, Session, Wait, lost};
use crate::api::records::key::Key;
use crate::api::records::queue::{Phase, Ticket, is_not_owner};

/// Says that an update kept this process's own order only, because the store was away.
const SWITCHBOARD_ORDER: HeaderName = HeaderName::from_static("switchboard-order");
/// Callers who wait are bounded by the requests in flight.
const NO_LIMIT: usize = usize::MAX;

impl Running {
    /// Carries the change out in the order that all processes share.
    pub(super) async fn in_shared_order(
        &mut self,
        replica: &Arc<Replica>,
        line: Line,
        mut prepared: Prepared,
        permits: Permits,
    ) -> Outcome {
        let mode = if self.key.is_some() { Mode::Keyed } else { Mode::Synchronous };
        let mut record = self.record(mode, 0, &prepared);
        let mut place = take(&mut prepared.place).into_lock();
        let (stored, session, turn) = loop {
            let gate = self.records.pass_gate(&line, place.take(), self.job.options.deadline).await;
            let gate = match gate {
                Ok(gate) => gate,
                Err(problem) => return self.refused(problem).await,
            };
            let is_again = self.key.as_ref().is_some_and(|key| key.again.is_some());
            let turn = match self.job.account.stack.queue_stored(&line.id) {
                // Only if it is held is nothing of the line under way here.
                Ok(turn) => Some(turn).filter(|turn| turn.is_held() && !is_again),
                Err(failure) => return self.refused(failure_problem(failure)).await,
            };
            record.state = if turn.is_some() { State::Sending } else { State::Queued };
            let mut payload = self.records.payload(&self.job, &prepared.request, &self.body);
            let admission = Key::admission(self.key.as_ref(), &record, &mut payload, None);
            match self.records.enter_line(replica, &line, gate, admission, NO_LIMIT).await {
                Ok(Ok(Entrance::Stored(stored, session))) => break (stored, session, turn),
                Ok(Ok(Entrance::Known(state))) => {
                    if let Some(answered) = self.known(state).await? {
                        return Ok(answered);
                    }
                }
                Ok(Err(problem)) => return self.refused(problem).await,
                Err(StoreError::Failed(_)) if replica.settings.local_on_outage && mode == Mode::Synchronous => {
                    return self.in_own_order(prepared, turn, permits).await;
                }
                Err(error) => return self.not_admitted(record.id, error).await,
            }
        };
        record.number = stored.number;
        self.log.record = Some(record.id);
        match turn.filter(|_| stored.is_owned && stored.ahead == 0) {
            Some(turn) => {
                let turn = self.settling(turn, &stored);
                self.send_now(replica, &line, record, prepared, turn, &session, permits).await
            }
            None => {
                if stored.is_owned {
                    let ticket = Ticket { is_waited_for: true, ..Ticket::of(&record, Phase::Waiting) };
                    self.records.admitted(&line, ticket, &stored);
                }
                self.log.report = Some(prepared.request.report);
                let outcome = self.wait_for_owner(replica, &record).await;
                drop(permits);
                outcome
            }
        }
    }

    /// The turn, kept as long as an earlier attempt of another process may still be applied.
    fn settling(&self, turn: QueuedLock, stored: &Stored) -> QueuedLock {
        let left = stored.doubted_ago.and_then(|ago| self.job.account.stack.settle().checked_sub(ago));
        match left {
            Some(left) => turn.unsettled(Instant::now() + left),
            None => turn,
        }
    }

    /// Sends it in this task, which has the turn and owns the line.
    #[expect(clippy::too_many_arguments, reason = "all of it is one change on its way")]
    async fn send_now(
        &mut self,
        replica: &Arc<Replica>,
        line: &Line,
        mut record: Record,
        mut prepared: Prepared,
        turn: QueuedLock,
        session: &Arc<Session>,
        permits: Permits,
    ) -> Outcome {
        record.state = State::Sending;
        let slot = TurnSlot::fenced(Some(session.fence.clone()));
        let settled = turn.settled(self.job.options.deadline).await.map_err(failure_problem);
        let outcome = match settled {
            Ok(()) => {
                prepared.place = QueuePlace::Queued(turn, Some(record.number));
                self.send(prepared, permits, &slot).await
            }
            Err(problem) => self.job.finished(Err(problem)),
        };
        if let Err(problem) = &outcome
            && is_not_owner(problem)
        {
            // Whoever owns the line goes on with it: another process, or this one, if the others have not missed it.
            self.records.touch(line);
            let problem = Problem { outcome: Applied::Unknown, ..lost(StoreError::Unknown(problem.detail.clone())) };
            return self.job.finished(Err(problem));
        }
        let end = self.end(&outcome);
        reach(Point::BeforeFinish);
        let state = end.state;
        let ending = self.shared_ending(&record, end, session);
        let is_stored = self.records.finish_shared(replica, line, ending, slot.into_turn()).await;
        self.records.metrics.ended(&record.vendor, record.operation, state.as_str());
        reach(Point::AfterFinish);
        match is_stored || self.is_told_anyway(&outcome) {
            true => outcome,
            false => self.job.finished(Err(lost(StoreError::Unknown("the end of the change".to_owned())))),
        }
    }

    /// Whether the caller gets an answer that is not stored. The change may be sent once more then, by who takes the line over:
    /// another answer would be kept under its key, and what the vendor refused now it may apply.
    fn is_told_anyway(&self, outcome: &Outcome) -> bool {
        match outcome {
            Ok(_) => self.key.is_none(),
            Err(problem) => problem.outcome != Applied::NotApplied,
        }
    }

    fn shared_ending(&self, record: &Record, end: super::End, session: &Session) -> Ending {
        let reply = self.records.reply(record, &end.answer);
        let is_lax = record.mode == Mode::Synchronous;
        Ending { by: Some(session.id), reply, is_lax, ..self.ending(record, end) }
    }

    /// Waits for the end that the owner of the line brings about.
    async fn wait_for_owner(&mut self, replica: &Arc<Replica>, record: &Record) -> Outcome {
        let (gone, is_plain) = (self.gone.clone(), self.key.is_none());
        let left = async move {
            if is_plain {
                gone.cancelled().await;
            } else {
                std::future::pending::<()>().await;
            }
            super::withdrawn()
        };
        let started = Instant::now();
        let session = replica.session();
        let wait = {
            let this = &*self;
            let given_up = |problem: &Problem| {
                let end = this.end(&this.job.finished(Err(problem.clone())));
                this.shared_ending(record, end, &session)
            };
            this.records.await_end(replica, &this.job, record.id, left, given_up).await
        };
        self.log.queued += started.elapsed();
        match wait {
            Wait::Ended(answer) => {
                if let Ok(Some(ended)) = self.records.store.record(record.id).await {
                    self.log.attempts = ended.attempts;
                }
                Ok(answer::delivered(&answer))
            }
            Wait::Withdrawn(problem) => {
                let state = self.end(&Err(problem.clone())).state;
                self.records.metrics.ended(&record.vendor, record.operation, state.as_str());
                self.job.finished(Err(problem))
            }
            Wait::Lost(problem) => self.job.finished(Err(problem)),
        }
    }

    /// Sends it in the order of this process alone, as the store is away and the configuration allows that.
    async fn in_own_order(
        &mut self,
        mut prepared: Prepared,
        turn: Option<QueuedLock>,
        permits: Permits,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        prepared.place = turn.map_or(QueuePlace::Later, |turn| QueuePlace::Queued(turn, None));
        self.log.record = None;
        let outcome = self.send(prepared, permits, &TurnSlot::default()).await;
        outcome.map(|mut response| {
            response.headers_mut().insert(SWITCHBOARD_ORDER, HeaderValue::from_static("local"));
            response
        })
    }
}

impl crate::api::records::Records {
    /// Stores the end of a change for a caller who does not wait longer if the store fails; whether it is stored now.
    async fn finish_shared(
        self: &Arc<Self>,
        replica: &Arc<Replica>,
        line: &Line,
        ending: Ending,
        turn: Option<QueuedLock>,
    ) -> bool {
        match self.store.finish(vec![ending.clone()]).await {
            Ok(finished) => {
                replica.answered();
                self.after_end(replica, line, &finished).await;
                matches!(finished[..], [Finished::Done { .. }])
            }
            Err(_) => {
                let (records, replica, line) = (Arc::clone(self), Arc::clone(replica), line.clone());
                let turn = self.unless_others_go_on(turn);
                self.tasks.spawn(async move {
                    // At a drain the store still has the change, which keeps what comes next behind it.
                    let Some(finished) = records.finish(vec![ending]).await else { return };
                    drop(turn); // the next change is sent only now
                    records.after_end(&replica, &line, &finished).await;
                });
                false
            }
        }
    }

    /// What follows in the line after a change that its own task has sent.
    async fn after_end(self: &Arc<Self>, replica: &Replica, line: &Line, finished: &[Finished]) {
        if matches!(finished, [Finished::Done { left: 0 }]) {
            return;
        }
        match self.stop.is_cancelled() {
            true => self.hand_over(replica, line).await,
            false => self.touch(line),
        }
    }
}
