//! The layers of a stack that bound, order and time requests.

pub(super) mod attempt;
pub(super) mod deadline;
pub(super) mod fair_share;
pub(super) mod in_flight;
pub(super) mod keyed_lock;
pub(super) mod lock_scope;
pub(super) mod queue_limit;
pub(super) mod rate;
pub(super) mod retry_after_gate;
pub(super) mod serialize;
