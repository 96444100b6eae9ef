//! The gateway keeps working: whole stack in this process, vendors that misbehave, callers that leave.

mod bulkhead;
mod deadline;
mod disconnect;
mod matrix;
mod order;
mod pause;
mod scene;
mod turns;
mod vendor;
