//! The gateway: what needs attention, its configuration, clients and replicas.

pub(in crate::console) mod clients;
pub(in crate::console) mod config;
pub(in crate::console) mod overview;
pub(in crate::console) mod replicas;
pub(in crate::console) mod runbook;
