//! One limit that replicas keep together.
//!
//! A replica takes tokens in blocks (`block`) and gives them to its requests. Those that find none wait together for one
//! round trip (`queue`). While the store does not answer, the replica keeps its `share`.

mod block;
mod queue;
mod share;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::desk::StoreRequests;
use crate::store::shared::{Grant, TokenRequest};
use crate::value::{Later, Lock, SharedLimit, Taken};
use block::{LAPSE, Usage, pace};
use queue::Queue;
use share::Share;

/// A limit.
#[derive(Debug)]
pub(super) struct Limit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    key: Arc<str>,
    interval: Duration,
    burst: u32,
    desk: Arc<StoreRequests>,
    state: Lock<State>,
}

#[derive(Debug)]
struct State {
    /// Tokens of the last block, which lapse then.
    held: u32,
    lapses_at: Instant,
    queue: Queue,
    /// Whether a task serves the queue.
    is_served: bool,
    /// There is no token before.
    next_at: Option<Instant>,
    /// What the last grant has left in the row.
    left: u32,
    usage: Usage,
    /// Only while the store does not answer.
    share: Option<Share>,
    /// Whether tokens were given meanwhile, which the row does not know.
    is_emptied: bool,
}

/// What the task that serves the queue does next.
enum Step {
    Ask(TokenRequest),
    Sleep(Instant),
    End,
}

impl Limit {
    pub(super) fn new(key: &str, interval: Duration, burst: NonZeroU32, desk: Arc<StoreRequests>) -> Self {
        let now = Instant::now();
        let state = State {
            held: 0,
            lapses_at: now,
            queue: Queue::default(),
            is_served: false,
            next_at: None,
            left: burst.get(),
            usage: Usage::new(now),
            share: None,
            is_emptied: false,
        };
        let interval = interval.max(Duration::from_nanos(1));
        Self(Arc::new(Inner { key: key.into(), interval, burst: burst.get(), desk, state: Lock::new(state) }))
    }
}

impl SharedLimit for Limit {
    fn take_now(&self) -> Option<Taken> {
        self.0.take_now()
    }

    fn take(&self, until: Option<Instant>) -> Later<'_, Taken> {
        Box::pin(Inner::take(&self.0, until))
    }
}

impl Inner {
    fn take_now(&self) -> Option<Taken> {
        let (now, mut state) = (Instant::now(), self.state.lock());
        state.usage.add(now);
        if state.queue.has_patient() {
            return Some(Err(self.estimate(&state, now)));
        }
        if state.held > 0 && now < state.lapses_at {
            state.held -= 1;
            return Some(Ok(state.left.saturating_add(state.held)));
        }
        state.held = 0;
        if !self.desk.is_up() {
            return Some(self.alone(&mut state));
        }
        state.return_from_share();
        state.next_at.filter(|next| *next > now).map(|next| Err(next - now))
    }

    /// How long one that comes now would wait.
    fn estimate(&self, state: &State, now: Instant) -> Duration {
        let next = state.next_at.map(|next| next.saturating_duration_since(now)).unwrap_or_default();
        next + self.interval.saturating_mul(state.queue.len())
    }

    async fn take(this: &Arc<Self>, until: Option<Instant>) -> Taken {
        match (this.take_now(), until) {
            (Some(Ok(left)), _) => return Ok(left),
            (Some(Err(wait)), None) => return Err(wait),
            (Some(Err(wait)), Some(until)) if Instant::now() + wait >= until => return Err(wait),
            _ => {}
        }
        let answer = {
            let mut state = this.state.lock();
            let answer = state.queue.join(until);
            if !std::mem::replace(&mut state.is_served, true) {
                this.desk.spawn(Arc::clone(this).serve());
            }
            answer
        };
        let answered = match until {
            None => timeout(this.desk.timeout(), answer).await,
            Some(until) => timeout_at(until, answer).await,
        };
        match (answered, until) {
            (Ok(Ok(taken)), _) => taken,
            (Err(_), Some(_)) => Err(this.interval),
            // The store does not answer in time.
            _ => this.alone(&mut this.state.lock()),
        }
    }

    /// Serves those that wait, until there are none.
    async fn serve(self: Arc<Self>) {
        loop {
            let step = self.step();
            match step {
                Step::End => return,
                Step::Sleep(until) => sleep_until(until).await,
                Step::Ask(request) => {
                    let (asked_at, block) = (Instant::now(), request.block);
                    let wanted = request.tokens;
                    if let Some(grant) = self.desk.take(request).await {
                        self.granted(grant, wanted, block, asked_at);
                    }
                }
            }
        }
    }

    fn step(&self) -> Step {
        let (now, mut state) = (Instant::now(), self.state.lock());
        state.queue.forget_gone();
        if !self.desk.is_up() {
            return self.step_alone(&mut state, now);
        }
        state.return_from_share();
        if let Some(next) = state.next_at.filter(|next| *next > now) {
            state.queue.refuse_late(now, next - now, self.interval);
            if state.queue.len() > 0 {
                return Step::Sleep(next);
            }
        }
        let (replicas, waiting) = (self.desk.replicas(), state.queue.len());
        if waiting == 0 {
            state.is_served = false;
            return Step::End;
        }
        let block = state.usage.block(now, self.interval, self.burst, replicas);
        Step::Ask(TokenRequest {
            key: Arc::clone(&self.key),
            interval: self.interval,
            burst: self.burst,
            tokens: waiting.saturating_add(block - 1),
            block,
            replicas,
            is_emptied: state.is_emptied,
        })
    }

    fn step_alone(&self, state: &mut State, now: Instant) -> Step {
        while state.queue.len() > 0 {
            match self.alone(state) {
                Ok(left) => {
                    state.queue.give(left);
                }
                Err(wait) => {
                    let interval = self.interval.saturating_mul(self.desk.replicas());
                    state.queue.refuse_late(now, wait, interval);
                    state.next_at = Some(now + wait);
                    if state.queue.len() > 0 {
                        return Step::Sleep(now + wait);
                    }
                }
            }
        }
        state.is_served = false;
        Step::End
    }

    fn granted(&self, grant: Grant, wanted: u32, block: u32, asked_at: Instant) {
        let (now, mut state) = (Instant::now(), self.state.lock());
        state.is_emptied = false;
        state.left = grant.left;
        let mut tokens = grant.tokens;
        while tokens > 0 && state.queue.give(grant.left) {
            tokens -= 1;
        }
        // What those left who did not wait for it is not held, if it is more than a block.
        state.held = tokens.min(block.saturating_sub(1));
        state.lapses_at = asked_at + LAPSE;
        let is_short = grant.tokens < wanted;
        state.next_at = is_short.then(|| now + pace(grant.wait, self.interval, self.burst));
        let wait = grant.wait;
        if is_short {
            state.queue.refuse_late(now, wait, self.interval);
        }
    }

    /// A token of this replica's share.
    fn alone(&self, state: &mut State) -> Taken {
        let replicas = self.desk.replicas();
        if state.share.is_none() {
            state.share = Share::new(self.interval, self.burst, replicas);
            state.next_at = None;
        }
        state.share.as_mut().map_or(Err(self.interval), Share::take)
    }
}

impl State {
    /// The store answers again.
    fn return_from_share(&mut self) {
        if let Some(share) = self.share.take() {
            self.is_emptied |= share.is_used();
            self.next_at = None;
        }
    }
}
