//! What other replicas tell of an account changes its pause and its breaker.

use std::sync::Arc;
use std::time::Duration;

use super::PauseCause;
use super::breaker::circuit::Circuit;
use super::layers::retry_after_gate::Pause;
use crate::value::AccountSignals;

/// The state of one stack, for other replicas.
#[derive(Debug)]
pub(crate) struct Signals {
    pub(crate) pause: Arc<Pause>,
    pub(crate) circuit: Arc<Circuit>,
}

impl AccountSignals for Signals {
    fn pause(&self, left: Duration, is_unavailable: bool) {
        let cause = if is_unavailable { PauseCause::Unavailable } else { PauseCause::Limited };
        self.pause.hear(left, cause);
    }

    fn open(&self, left: Duration) {
        self.circuit.hear_open(left);
    }

    fn close(&self) {
        self.circuit.hear_closed();
    }
}
