//! Switchboard: one canonical API in front of several AI voice assistant vendors.
//!
//! The modules, from the wire inwards; a module uses only those that come before it:
//! - [`value`], [`http`]: plain values, and the HTTP vocabulary of both sides;
//! - [`net`]: listeners, connections, TLS and shutdown;
//! - [`problem`]: everything that can be wrong with a request, as RFC 9457 problems;
//! - [`upstream`], [`account`], [`routing`]: calls to vendors, what is known of each vendor account, and the choice of one;
//! - [`store`], [`sharing`]: what outlives the process, and what replicas with one store share besides;
//! - [`access`], [`telemetry`]: who may call; logs, audit, metrics and traces;
//! - [`gateway`]: one generation, built from a configuration in `gateway::build`;
//! - [`api`], [`reload`], [`admin`], `console`: what callers and operators use;
//! - [`app`]: starts and stops all of it. [`config`] and [`cli`] stand beside: the configuration file and the commands.
//!
//! The package [`vendors`] translates updates and responses.

pub mod access;
pub mod account;
pub mod admin;
pub mod api;
pub mod app;
pub mod cli;
pub mod config;
#[cfg(feature = "console")]
mod console;
pub mod gateway;
pub mod http;
pub mod net;
pub mod problem;
pub mod reload;
pub mod routing;
pub mod sharing;
pub mod store;
pub mod telemetry;
pub mod upstream;
pub mod value;
