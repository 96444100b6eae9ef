//! What an operator uses: commands, reload, shutdown, and the pages about them.
#![cfg(test)]

mod cli;
mod commands;
mod dependencies;
mod deploy;
mod drain;
mod operating;
mod queue;
mod reload;
mod rooms;
mod status;
#[path = "../support/mod.rs"]
mod support;
