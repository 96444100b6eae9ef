//! The upstream stack over real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene should fail")]

mod faults;
mod keep_alive;
mod tls;
mod vendor;
