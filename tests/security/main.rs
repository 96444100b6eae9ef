//! What SECURITY.md promises against callers, vendors and strangers on the network, over the whole gateway.
#![cfg(test)]

mod access;
mod addresses;
mod admin_tls;
mod browsers;
mod canary;
mod console;
mod core_dumps;
mod failed_attempts;
mod framing;
mod headers;
mod hostile;
mod hostile_answers;
mod http2;
mod identity;
#[cfg(target_os = "linux")]
mod memory;
mod self_call;
#[path = "../support/mod.rs"]
mod support;
mod tls_scene;
mod upstream_tls;
