//! Withdraws changes that wait, and dead ones that are not to be sent again.

use crate::problem::{Code, Problem};
use crate::store::{Line, Mode, Record, State, Timestamp};

use super::replay::Replaying;
use super::{Records, store_problem};

impl Records {
    /// Withdraws a change that waits. With `on_dead = "hold"` also a dead one that holds up its line.
    ///
    /// # Errors
    /// `already_started`, or the store fails.
    pub async fn cancel(&self, record: &Record) -> Result<Record, Problem> {
        let started = |detail: &str| Err(Problem::new(Code::AlreadyStarted, detail));
        let Some(line) = record.line() else { return started("a creation is sent at once, so it cannot be canceled") };
        let now = Timestamp::now();
        match (record.state, record.mode) {
            (State::Queued, Mode::Asynchronous) => {}
            // What an earlier process has left has no caller any more.
            (State::Queued, _) if self.lines().has_without_caller(&line, record.id) => {}
            (State::Queued, _) => return started("its caller waits for it; it ends with that request"),
            (State::Dead, _) if record.holds || self.lines().has_held(&line, record.id) => {
                if self.discard_body(record, &line).await? {
                    return self.known_record(record.id).await;
                }
            }
            (State::Sending, _) => return started("it is being sent"),
            (state, _) => return started(&format!("it has ended: {}", state.as_str())),
        }
        let calls_back = self.calls_back(record);
        match self.store.cancel(record.id, now, calls_back).await.map_err(store_problem)? {
            Some(canceled) => {
                self.call_back(record);
                self.lines().remove(&line, record.id);
                self.endings.ended(record.id, None);
                self.metrics.ended(&canceled.vendor, canceled.operation, canceled.state.as_str());
                Ok(canceled)
            }
            None => started("it is being sent, or has ended"),
        }
    }

    /// Discards a dead change: it cannot be sent again, and holds up its line no longer.
    ///
    /// # Errors
    /// `already_started`: it is not dead, or a replay of it waits or has ended; or the store fails.
    pub async fn discard(&self, record: &Record) -> Result<Record, Problem> {
        let started = |detail: String| Err(Problem::new(Code::AlreadyStarted, detail));
        let _not_replayed_meanwhile = Replaying::begin(self, record.id)?;
        let Some(line) = record.line().filter(|_| record.state == State::Dead) else {
            return started(format!("only a dead change can be discarded; this one is {}", record.state.as_str()));
        };
        if let Some(last) = self.store.replay_of(record.id).await.map_err(store_problem)?
            && last.state != State::Dead
        {
            return started(format!("it was replayed as {}, which is {}", last.id, last.state.as_str()));
        }
        match self.discard_body(record, &line).await? {
            true => self.known_record(record.id).await,
            false => started("what it would send is kept no longer, so there is nothing to discard".to_owned()),
        }
    }

    /// Whether there was a body of it.
    async fn discard_body(&self, dead: &Record, line: &Line) -> Result<bool, Problem> {
        let discarded = self.store.discard(dead.id, State::Canceled, Timestamp::now()).await.map_err(store_problem)?;
        self.lines().remove(line, dead.id);
        Ok(discarded)
    }
}
