//! What the gateway tells its operators.

pub mod access;
pub mod log;
