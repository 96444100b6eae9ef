//! The transport over real sockets and, where time matters, over pipes with paused time.
#![cfg(test)]

mod eviction;
mod malformed;
mod proxied;
mod scene;
mod shutdown;
mod slow_readers;
mod tls;
