//! One file per section: its keys, its type, its defaults and its rules.

pub(super) mod admin;
pub(super) mod assistant;
pub(super) mod audit;
pub(super) mod auth;
pub(super) mod client;
pub(super) mod console;
pub(super) mod log;
pub(super) mod log_filter;
pub(super) mod rate_limit;
pub(super) mod routing;
pub(super) mod server;
pub(super) mod store;
pub(super) mod tls;
pub(super) mod traces;
pub(super) mod vendor;
