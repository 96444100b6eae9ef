//! What an operator sees: the commands, the reload, the end of the process, and the pages that explain them.
#![cfg(test)]

mod cli;
mod commands;
mod deploy;
mod drain;
mod operating;
mod reload;
mod rooms;
mod status;
#[path = "../support/mod.rs"]
mod support;
