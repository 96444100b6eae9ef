//! What a drain keeps of the order until the process ends, so that nothing overtakes what the next process reads.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;

use tokio::sync::watch;

use crate::api::records::Records;
use crate::store::Line;
use crate::upstream::QueuedLock;
use crate::value::Lock;

/// Places in the order, and the lines of those that were the turn of a change whose end could not be stored.
#[derive(Default)]
pub(in crate::api::records) struct Kept {
    places: Lock<Vec<Box<dyn Any + Send>>>,
    lines: watch::Sender<HashSet<Line>>,
}

impl Kept {
    pub(super) fn keep(&self, place: impl Send + 'static) {
        self.places.lock().push(Box::new(place));
    }

    /// Keeps the turn of a line, which ends the waits for it.
    pub(super) fn keep_turn(&self, line: Option<Line>, turn: QueuedLock) {
        self.keep(turn);
        self.lines.send_modify(|lines| lines.extend(line));
    }

    /// Waits until the turn of that line is kept.
    async fn turn_of(&self, line: &Line) {
        // The sender is here.
        let _ = self.lines.subscribe().wait_for(|lines| lines.contains(line)).await;
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("lines", &*self.lines.borrow()).finish_non_exhaustive()
    }
}

impl Records {
    /// Waits until a drain leaves older changes of the line, which nothing may overtake: they wait, or the end of one of them could
    /// not be stored.
    pub(in crate::api::records) async fn cut_off(&self, line: Option<Line>) {
        self.stop.cancelled().await;
        match line {
            None => std::future::pending::<()>().await,
            Some(line) if self.lines().has(&line) => {}
            Some(line) => self.kept.turn_of(&line).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use crate::api::records::double::{Double, record};
    use crate::api::records::queue::kept::*;
    use crate::problem::Outcome;

    #[tokio::test(start_paused = true)]
    async fn at_a_drain_who_waits_behind_a_change_whose_end_cannot_be_stored_is_cut_off_and_no_other() {
        let records = Double::of(Vec::new()).records();
        let ended = record(1, None);
        let line = ended.line().unwrap();
        let other = Line { id: "8".into(), ..line.clone() };
        let turn = records.upstream.queue_stored(&line.scope, &line.id).unwrap();
        let next = records.upstream.queue_stored(&line.scope, &line.id).unwrap();
        let ending = records.lost(&ended, Outcome::Unknown);
        records.finish_for_caller(ending, Some(line.clone()), Some(turn)).await;
        let minute = Duration::from_secs(60);
        assert!(timeout(minute, records.cut_off(Some(line.clone()))).await.is_err(), "the store may work again");
        records.drain();
        assert!(timeout(minute, records.cut_off(Some(line))).await.is_ok());
        assert!(!next.is_held(), "nothing overtakes it");
        assert!(timeout(minute, records.cut_off(Some(other))).await.is_err());
        assert!(timeout(minute, records.cut_off(None)).await.is_err());
    }
}
