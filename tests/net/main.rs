//! The transport half of the edge over real sockets and, where time matters, over pipes on paused time.
#![cfg(test)]

mod crowd;
mod malformed;
mod scene;
mod shutdown;
mod slow_readers;
mod tls;
