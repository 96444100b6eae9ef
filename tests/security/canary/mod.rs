//! Secrets in every place where one can stand, and a search for them in every byte that leaves the process: standard
//! output, standard error or the log's file at the most verbose level, the audit log, traces, answers with their headers,
//! metrics, status, configuration, commands.
//!
//! The vendors and the collector here are parrots: they repeat what they were sent, in every form and in every place of an answer.

mod collector;
mod commands;
mod debug;
mod gateway;
mod parrot;
mod reloading;
mod secret;
mod serving;
mod shapes;
mod tls;
