//! What SECURITY.md promises against callers, vendors and strangers on the network, over the whole gateway.

#[cfg(test)]
mod access;
#[cfg(test)]
mod addresses;
#[cfg(test)]
mod failed_attempts;
#[cfg(test)]
mod framing;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod identity;
#[cfg(test)]
#[path = "../support/process.rs"]
mod process;
#[cfg(test)]
mod self_call;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tls_scene;
#[cfg(test)]
mod upstream_tls;
