//! Records of changes: what waits, what is dead, what became of all, one of them, and sending many again.

pub(in crate::console) mod dead;
pub(in crate::console) mod forms;
pub(in crate::console) mod history;
pub(in crate::console) mod job;
mod pieces;
pub(in crate::console) mod queue;
#[cfg(test)]
mod tests;
pub(in crate::console) mod update;
