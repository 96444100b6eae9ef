//! One file per command.

pub(super) mod check;
pub(super) mod compare;
pub(super) mod completions;
pub(super) mod coverage;
#[cfg(feature = "simulators")]
pub(super) mod demo;
pub(super) mod explain;
pub(super) mod health;
pub(super) mod history;
pub(super) mod keygen;
pub(super) mod man;
pub(super) mod queue;
pub(super) mod serve;
#[cfg(feature = "simulators")]
pub(super) mod simulate;
pub(super) mod status;
