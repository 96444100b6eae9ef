//! Takes over what another process has left: removes it if it gives no sign of life, and adopts what has no owner.
//!
//! It runs beside the beat and never holds it up: while a process takes over much, the others must not take it for dead as well.

use std::sync::Arc;

use crate::problem::Outcome;
use crate::store::failpoint::{Point, reach};
use crate::store::{Ending, Incarnation, Line, State, StoreError};

use super::{Replica, Session};
use crate::api::records::Records;

/// How many lines are adopted at a time.
const ADOPTED_AT_ONCE: usize = 200;
/// How many lines that nothing has changed lately are looked at.
const MISSED_AT_ONCE: usize = 10_000;

/// What the last beat has shown that is to be done.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Members without a sign of life, each with its last beat.
    pub(super) silent: Vec<(Incarnation, u64)>,
    /// Whether something has no owner.
    pub(super) orphans: bool,
    /// Whether it is time to look for lines that this process has missed.
    pub(super) missed: bool,
}

impl Records {
    /// Does what beats show is due, and hears what others leave, until the membership is over.
    pub(in crate::api::records) async fn take_over(self: Arc<Self>, replica: Arc<Replica>) {
        let news = replica.store.news();
        loop {
            let due = tokio::select! {
                () = replica.is_due.notified() => std::mem::take(&mut *replica.due.lock()),
                () = news.notified() => Due { orphans: true, ..Due::default() },
                () = replica.over.cancelled() => return,
            };
            tokio::select! {
                () = self.see_to(&replica, due) => {}
                () = replica.over.cancelled() => return,
            }
        }
    }

    async fn see_to(self: &Arc<Self>, replica: &Arc<Replica>, due: Due) {
        let Due { silent, mut orphans, missed } = due;
        if orphans || missed {
            self.lines().doubt_held();
        }
        for (id, beat) in silent {
            match replica.store.remove(id, beat).await {
                Ok(true) => {
                    tracing::warn!(member = %id, "another process gives no sign of life; it is removed, and what it owned is adopted");
                    replica.counters.removed.add();
                    orphans = true;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, member = %id, "a process that gives no sign of life cannot be removed");
                }
            }
        }
        if missed {
            self.find_missed(replica, &replica.session()).await;
        }
        if orphans {
            reach(Point::InTakeover);
            self.adopt_all(replica).await;
        }
    }

    /// Takes up lines that this process owns and does not know of: their admission was answered too late, or not at all.
    async fn find_missed(self: &Arc<Self>, replica: &Replica, session: &Session) {
        let idle = replica.settings.session_ttl;
        match replica.store.untouched(session.id, idle, MISSED_AT_ONCE).await {
            Ok(lines) => {
                let is_missed = |line: &&Line| self.lines().changed(line).is_none();
                lines.iter().filter(is_missed).for_each(|line| self.touch(line));
            }
            Err(error) => tracing::warn!(%error, "lines of this process cannot be read"),
        }
    }

    /// Adopts what has no owner, until nothing is left.
    async fn adopt_all(self: &Arc<Self>, replica: &Arc<Replica>) {
        while !self.stop.is_cancelled() && replica.session().fence.is_open() {
            match self.adopt(replica).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "changes without an owner cannot be adopted now");
                    return;
                }
            }
        }
    }

    /// Adopts some; `true` if there may be more.
    async fn adopt(self: &Arc<Self>, replica: &Arc<Replica>) -> Result<bool, StoreError> {
        let session = replica.session();
        let lines = replica.store.adopt(session.id, ADOPTED_AT_ONCE).await?;
        reach(Point::InAdoption);
        let creations = replica.store.adopt_creations(session.id, ADOPTED_AT_ONCE).await?;
        let is_more = lines.len().max(creations.len()) >= ADOPTED_AT_ONCE;
        if !lines.is_empty() {
            tracing::info!(lines = lines.len(), "changes of another process, or of an earlier one, are queued again");
        }
        for line in lines {
            replica.counters.adopted.add();
            self.touch(&line);
        }
        let mut endings = Vec::new();
        for record in creations {
            let was_sent = record.state == State::Sending;
            if was_sent {
                self.report_given_up(&record, true);
            }
            let outcome = if was_sent { Outcome::Unknown } else { Outcome::NotApplied };
            endings.push(Ending { by: Some(session.id), ..self.lost(&record, outcome) });
        }
        if !endings.is_empty() {
            self.finish(endings).await;
        }
        Ok(is_more)
    }
}
