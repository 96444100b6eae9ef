//! The configuration: built-in defaults, one file and the environment become a checked [`Settings`], or every problem
//! at once.
//!
//! One file per section holds its keys, its type, its defaults and its rules. The order of a load matters:
//! layers are joined first, then the whole tree is held against its shape, then the sections read what passed.

mod admin;
mod assistant;
mod audit;
mod auth;
mod base_url;
mod breaker;
mod catalog;
mod check;
mod client;
mod digest;
mod document;
mod duration;
mod environment;
mod handling;
mod input;
mod inspection;
mod known;
mod layers;
mod load;
mod log;
mod name;
mod output;
mod pem;
mod problem;
mod rate_limit;
mod retry;
mod root;
mod roster;
mod routing;
mod schema;
mod secret;
mod server;
mod settings;
mod shape;
mod source;
mod tls;
mod traces;
mod trail;
mod tree;
mod variables;
mod vendor;
mod vendor_tls;
mod view;
mod watched;

#[cfg(test)]
mod tests;

pub use admin::Admin;
pub use assistant::Assistant;
pub use audit::{Audit, Fsync};
pub use auth::{Auth, AuthMode};
pub use base_url::BaseUrl;
pub use breaker::Breaker;
pub use catalog::Catalog;
pub use client::Client;
pub use digest::KeyDigest;
pub use environment::Environment;
pub use known::Known;
pub use load::{DEFAULTS, load, load_text};
pub use log::{Log, LogFormat};
pub use name::is_client_name;
pub use pem::{CertificateFile, Identity, PrivateKeyFile};
pub use problem::{Place, Problem, ProblemKind, Problems, Severity};
pub use rate_limit::RateLimit;
pub use retry::Retry;
pub use routing::{Routing, Rule};
pub use schema::schema;
pub use secret::Secret;
pub use server::{Server, is_loopback};
pub use settings::Settings;
pub use tls::{Tls, TlsVersion};
pub use traces::Traces;
pub use vendor::Vendor;
pub use vendor_tls::{Roots, VendorTls};
pub use vendors::{FieldPolicy, Handling};
pub use watched::Watched;
