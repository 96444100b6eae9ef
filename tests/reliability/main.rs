//! The gateway keeps working: whole stack in this process, vendors that misbehave, callers that leave.

#[cfg(test)]
mod bulkhead;
#[cfg(test)]
mod deadline;
#[cfg(test)]
mod disconnect;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod order;
#[cfg(test)]
mod scene;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod vendor;
