//! Switchboard: one canonical API in front of several AI voice assistant vendors.
//!
//! The way of an update: [`edge`] turns bytes into a request, [`api`] authenticates, routes and reads it, the package
//! [`vendors`] translates it, [`upstream`] brings it to the vendor, and [`api`] turns what came back into a canonical
//! answer or a problem. [`gateway`] holds all that one configuration says; [`app`] puts the layers together.

pub mod access;
pub mod account;
pub mod admin;
pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod http;
pub mod net;
pub mod problem;
pub mod reload;
pub mod routing;
pub mod telemetry;
pub mod upstream;
pub mod value;
