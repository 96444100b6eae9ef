//! What an operator sees: the commands, the reload, the end of the process, and the pages that explain them.
#![cfg(test)]
#![expect(clippy::module_inception, reason = "most files keep the module that each had as a test binary of its own")]

mod cli;
mod commands;
mod deploy;
mod drain;
mod operating;
mod reload;
mod status;
#[path = "../support/mod.rs"]
mod support;
