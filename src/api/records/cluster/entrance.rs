//! Admits changes of assistants whose order several processes share.
//!
//! The order of the admissions of one assistant in this process is that in which their requests were read: a *gate* for each
//! line is held from then until the statement is given to the store, which carries statements about one line out in the order
//! in which it gets them. The commit gives the change its number.

use std::sync::Arc;

use tokio::time::Instant;

use crate::api::classify::failure_problem;
use crate::problem::Problem;
use crate::store::failpoint::{Point, reach};
use crate::store::{Admission, Admitted, KeyState, Line, Membership, StoreError, Stored};
use crate::upstream::{Failure, QueuedLock};

use super::{Replica, Session};
use crate::api::records::reservation::full_problem;
use crate::api::records::{Records, queue};

/// What became of an admission.
pub(in crate::api::records) enum Entrance {
    /// It is stored, in this session.
    Stored(Stored, Arc<Session>),
    /// Its key has been used meanwhile.
    Known(KeyState),
}

impl Records {
    /// A place at the gate of a line.
    ///
    /// # Errors
    /// None at present; the gate has no limit.
    pub(in crate::api::records) fn gate(&self, line: &Line) -> Result<QueuedLock, Failure> {
        self.upstream.queue_stored(&format!("{}\0admission", line.scope).into(), &line.id)
    }

    /// Waits at the gate.
    ///
    /// # Errors
    /// The deadline passed.
    pub(in crate::api::records) async fn pass_gate(
        &self,
        line: &Line,
        place: Option<QueuedLock>,
        deadline: Instant,
    ) -> Result<QueuedLock, Problem> {
        let place = place.map_or_else(|| self.gate(line), Ok).map_err(failure_problem)?;
        place.held(deadline).await.map_err(failure_problem)
    }

    /// Stores a change, and opens the gate for the next one. What is stored may be that its line is full or its key in use.
    ///
    /// # Errors
    /// No more may wait, or the store fails. With `StoreError::Unknown` it may have been stored.
    pub(in crate::api::records) async fn enter_line(
        self: &Arc<Self>,
        replica: &Replica,
        line: &Line,
        gate: QueuedLock,
        mut admission: Admission,
        most_in_line: usize,
    ) -> Result<Result<Entrance, Problem>, StoreError> {
        let session = replica.session();
        let most_in_line = most_in_line.try_into().unwrap_or(u64::MAX);
        admission.member = Some(Membership { id: session.id, most_in_line });
        reach(Point::BeforeAdmit);
        let admitted = self.store.admit(admission);
        drop(gate);
        let admitted = match admitted.await {
            Ok(admitted) => admitted,
            Err(error) => {
                if matches!(error, StoreError::Unknown(_)) {
                    // If it was stored, this process may own the line.
                    self.touch(line);
                }
                return Err(error);
            }
        };
        replica.answered();
        reach(Point::AfterAdmit);
        Ok(match admitted {
            Admitted::Stored(stored) => Ok(Entrance::Stored(stored, session)),
            Admitted::Known(state) => Ok(Entrance::Known(state)),
            Admitted::Full => Err(full_problem(queue::Full::Line)),
        })
    }

    /// Refuses what would wait when as much waits in all as may.
    ///
    /// # Errors
    /// `queue_full`.
    pub(in crate::api::records) fn check_total(&self, replica: &Replica, most: usize) -> Result<(), Problem> {
        match usize::try_from(replica.open()).is_ok_and(|open| open < most) {
            true => Ok(()),
            false => Err(full_problem(queue::Full::All)),
        }
    }
}
