//! What an operator uses: commands, reload, shutdown, and the pages about them.
#![cfg(test)]

mod assistants;
mod bulk;
mod cli;
mod clusters;
mod commands;
mod dependencies;
mod deploy;
mod drain;
mod operating;
mod operators;
mod queue;
mod reload;
mod requests;
mod rooms;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod vendors;
