//! Secrets in every place where one can stand, and a search for them in every byte that leaves the process: standard
//! output, standard error or the log's file at the most verbose level, the audit log, traces, answers with their headers,
//! metrics, status, configuration, commands.
//!
//! The vendors and the collector here are parrots: they repeat what they were sent, in every form and in every place of an answer.

#[cfg(test)]
mod canary;
#[cfg(test)]
mod collector;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod debug;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod parrot;
#[cfg(test)]
mod reloading;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod shapes;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tls;
