//! The membership of this process among those that share the store.
//!
//! Each beat adds one to a number in the store, and reads those of the others. A member whose number has not changed for
//! `session_ttl`, by this process's own clock, is removed if the number is still the same; then what it owned is adopted
//! (`adoption`). The removed one has stopped by itself before, since it counts from when it *sent* its last beat, and a margin
//! less.
//!
//! Adopting is a loop, not an event: every beat says whether something is left without an owner.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::store::failpoint;
use crate::store::{Beat, Incarnation, Member, StoreError};

use super::adoption::Due;
use super::{Replica, Session};
use crate::api::records::Records;

/// How many beats a session lasts.
const BEATS: u32 = 6;
/// For how long after a failover everything that is adopted counts as started: what a lost commit said of it is gone.
const AFTER_FAILOVER: Duration = Duration::from_secs(300);

/// What this process has seen of the others.
#[derive(Default)]
pub(in crate::api::records) struct Seen {
    /// The beat of each, and when it was seen first.
    beats: HashMap<Incarnation, (u64, Instant)>,
    timeline: Option<u32>,
    /// When a beat was answered last.
    beaten_at: Option<Instant>,
    /// How many beats were answered.
    count: u32,
    is_joined: bool,
    is_failing: bool,
}

impl Seen {
    /// Takes note of the members; those whose beat has stayed the same for `ttl`.
    fn silent(&mut self, members: &[Member], own: Incarnation, ttl: Duration, now: Instant) -> Vec<(Incarnation, u64)> {
        self.beats.retain(|id, _| members.iter().any(|member| member.id == *id));
        let mut silent = Vec::new();
        for member in members.iter().filter(|member| member.id != own) {
            let (beat, since) = self.beats.entry(member.id).or_insert((member.beat, now));
            if *beat != member.beat {
                (*beat, *since) = (member.beat, now);
            }
            if now.duration_since(*since) >= ttl {
                silent.push((member.id, member.beat));
            }
        }
        silent
    }

    /// Forgets for how long the others were silent: this process could not hear them.
    fn forget(&mut self) {
        self.beats.clear();
    }
}

impl Records {
    /// Beats until the membership is over. Nothing else is waited for between two beats.
    pub(in crate::api::records) async fn beat(self: Arc<Self>, replica: Arc<Replica>, mut seen: Seen) {
        let mut next = Instant::now();
        loop {
            next += replica.settings.session_ttl / BEATS;
            tokio::select! {
                () = sleep_until(next) => {}
                () = replica.over.cancelled() => return,
            }
            next = Instant::now();
            self.beat_once(&replica, &mut seen, next).await;
        }
    }

    /// Joins if this process is no member yet, and beats once.
    pub(in crate::api::records) async fn beat_once(&self, replica: &Replica, seen: &mut Seen, started: Instant) {
        let session = replica.session();
        let result = match seen.is_joined {
            true => replica.store.beat(session.id).await,
            false => join(replica, &session).await,
        };
        let beat = match result {
            Ok(beat) => beat,
            Err(error) => {
                if !seen.is_failing {
                    tracing::error!(%error, "the store does not answer; changes of assistants wait");
                }
                seen.is_failing = true;
                return;
            }
        };
        if seen.is_failing {
            tracing::info!("the store answers again");
            seen.is_failing = false;
        }
        // Other statements may have been answered before this one was.
        let was_deaf = seen.beaten_at.is_some_and(|at| at.elapsed() > replica.settings.session_ttl / 2);
        if was_deaf {
            seen.forget();
        }
        seen.beaten_at = Some(Instant::now());
        replica.answered();
        seen.is_joined = beat.is_member;
        let failed_over = seen.timeline.is_some_and(|known| known != beat.timeline);
        seen.timeline = Some(beat.timeline);
        if failed_over || !beat.is_member {
            if failed_over {
                tracing::warn!(
                    timeline = beat.timeline,
                    "the database has failed over; this process begins another session"
                );
                replica.note_failover();
                // What it owned is adopted as that of any other, after the time for which an attempt may last.
                if let Err(error) = replica.store.leave(session.id).await {
                    tracing::warn!(%error, "the session before the failover could not be ended");
                }
            } else {
                tracing::error!("the others have taken this process for dead; it begins another session");
            }
            if !failpoint::is_unfenced() {
                session.fence.close();
            }
            replica.counters.lost.add();
            replica.session.store(Session::begin());
            self.lines().begin_session();
            seen.is_joined = false;
            seen.forget();
            return Box::pin(self.beat_once(replica, seen, Instant::now())).await;
        }
        let ttl = replica.settings.session_ttl;
        let until = if failpoint::is_unfenced() { started + AFTER_FAILOVER } else { started + ttl - ttl / BEATS };
        session.fence.extend(until);
        let silent = seen.silent(&beat.members, session.id, ttl, Instant::now());
        seen.count = seen.count.wrapping_add(1);
        let missed = seen.count.is_multiple_of(BEATS);
        self.observe(replica, &session, beat, Due { silent, missed, orphans: false });
    }

    /// Takes note of what a beat has shown, and has done what is due.
    fn observe(&self, replica: &Replica, session: &Session, beat: Beat, due: Due) {
        replica.count.store(beat.members.len().max(1), Ordering::Release);
        replica.open.store(beat.open, Ordering::Release);
        let is_leader = beat.members.iter().map(|member| member.id).min() == Some(session.id);
        let led = replica.is_leader.swap(is_leader, Ordering::AcqRel);
        if is_leader && (beat.callbacks_due || !led) {
            self.callbacks.look();
        }
        *replica.members.lock() = beat.members;
        if beat.orphans || due.missed || !due.silent.is_empty() {
            let mut pending = replica.due.lock();
            // What an earlier beat has shown may not be done yet.
            *pending = Due { orphans: pending.orphans || beat.orphans, missed: pending.missed || due.missed, ..due };
            drop(pending);
            replica.is_due.notify_one();
        }
    }
}

impl Replica {
    fn note_failover(&self) {
        *self.failed_over_at.lock() = Some(Instant::now());
    }

    /// Whether the database has failed over lately, so that what it says of attempts may be older than they are.
    pub(super) fn has_failed_over(&self) -> bool {
        let at = *self.failed_over_at.lock();
        at.is_some_and(|at| at.elapsed() < AFTER_FAILOVER)
    }
}

async fn join(replica: &Replica, session: &Session) -> Result<Beat, StoreError> {
    replica.store.join(session.id, replica.settings.name.clone(), env!("CARGO_PKG_VERSION")).await?;
    replica.store.beat(session.id).await
}

#[cfg(test)]
mod tests {
    use crate::api::records::cluster::membership::*;
    use crate::store::Timestamp;

    fn member(id: Incarnation, beat: u64) -> Member {
        Member {
            id,
            beat,
            name: String::new(),
            version: String::new(),
            lines: 0,
            joined_at: Timestamp::now(),
            silent: Duration::ZERO,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_is_silent_when_its_beat_has_stayed_the_same_for_the_whole_time_by_our_own_clock() {
        let (mut seen, ttl) = (Seen::default(), Duration::from_secs(6));
        let (own, other) = (Incarnation::generate(), Incarnation::generate());
        let start = Instant::now();
        let mut at = |seconds: u64, beat| {
            seen.silent(&[member(own, 1), member(other, beat)], own, ttl, start + Duration::from_secs(seconds))
        };
        assert_eq!(at(0, 7), []);
        assert_eq!(at(5, 7), []);
        assert_eq!(at(6, 8), [], "it beats");
        assert_eq!(at(11, 8), []);
        assert_eq!(at(12, 8), [(other, 8)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_seen_before_this_process_was_cut_off_does_not_count() {
        let (mut seen, ttl) = (Seen::default(), Duration::from_secs(6));
        let (own, other) = (Incarnation::generate(), Incarnation::generate());
        let members = [member(other, 7)];
        assert_eq!(seen.silent(&members, own, ttl, Instant::now()), []);
        seen.forget();
        assert_eq!(seen.silent(&members, own, ttl, Instant::now() + ttl), []);
    }
}
