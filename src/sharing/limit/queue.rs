//! Who waits for a token of a limit, in the order of arrival.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::value::Taken;

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Waiter>);

#[derive(Debug)]
struct Waiter {
    /// How long it waits for the token; `None` if it waits for the store only.
    until: Option<Instant>,
    answer: oneshot::Sender<Taken>,
}

impl Queue {
    pub(super) fn join(&mut self, until: Option<Instant>) -> oneshot::Receiver<Taken> {
        let (answer, receiver) = oneshot::channel();
        self.0.push_back(Waiter { until, answer });
        receiver
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Whether one waits for a token.
    pub(super) fn has_patient(&self) -> bool {
        self.0.iter().any(|waiter| waiter.until.is_some() && !waiter.answer.is_closed())
    }

    /// Takes out those who do not wait any more.
    pub(super) fn forget_gone(&mut self) {
        self.0.retain(|waiter| !waiter.answer.is_closed());
    }

    /// Gives the first one a token; `false` if there is none that takes it.
    pub(super) fn give(&mut self, left: u32) -> bool {
        while let Some(waiter) = self.0.pop_front() {
            if waiter.answer.send(Ok(left)).is_ok() {
                return true;
            }
        }
        false
    }

    /// Answers those whose token would come too late, if the next one comes after `next` and others each `interval`.
    pub(super) fn refuse_late(&mut self, now: Instant, next: Duration, interval: Duration) {
        let mut stay = VecDeque::with_capacity(self.0.len());
        let mut wait = next;
        for waiter in self.0.drain(..) {
            if waiter.until.is_some_and(|until| now + wait < until) {
                wait = wait.saturating_add(interval);
                stay.push_back(waiter);
            } else {
                // Who is gone needs no answer.
                let _ = waiter.answer.send(Err(wait));
            }
        }
        self.0 = stay;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn tokens_go_to_the_first_who_still_waits() {
        let mut queue = Queue::default();
        let (gone, mut first, mut second) = (queue.join(None), queue.join(None), queue.join(None));
        drop(gone);
        assert!(queue.give(7));
        assert_eq!((first.try_recv(), second.try_recv().is_err()), (Ok(Ok(7)), true));
        assert!(queue.give(6));
        assert!(!queue.give(5), "there is no one left");
    }

    #[test]
    fn those_are_refused_whose_token_comes_too_late_and_the_others_move_up() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let mut at_once = queue.join(None);
        let mut soon = queue.join(Some(now + SECOND));
        let mut patient: Vec<_> = (0..5).map(|_| queue.join(Some(now + 4 * SECOND))).collect();
        queue.refuse_late(now, 2 * SECOND, SECOND);
        assert_eq!(at_once.try_recv(), Ok(Err(2 * SECOND)));
        assert_eq!(soon.try_recv(), Ok(Err(2 * SECOND)));
        assert_eq!(queue.len(), 2);
        let refused: Vec<_> = patient.iter_mut().map(|one| one.try_recv().ok()).collect();
        assert_eq!(refused, [None, None, Some(Err(4 * SECOND)), Some(Err(4 * SECOND)), Some(Err(4 * SECOND))]);
        assert!(queue.has_patient());
        drop(patient);
        assert!(!queue.has_patient());
        queue.forget_gone();
        assert_eq!(queue.len(), 0);
    }
}
