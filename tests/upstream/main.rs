//! The upstream stack over real sockets on loopback, alone and within the whole gateway.
#![cfg(test)]

mod cold_start;
mod connection_age;
mod faults;
mod give_up;
mod keep_alive;
mod never_twice;
mod reliability;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod vendor;
