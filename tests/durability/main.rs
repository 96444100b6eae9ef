//! What a store promises, on the real binary with a real file: no accepted change is lost or reordered, a key gives one
//! answer, and each record tells what became of its change. The process is killed, its disk fills, its vendors fail.
#![cfg(test)]

mod dialects;
mod disk;
mod failing;
mod gateway;
mod keys;
mod kill;
mod load;
mod order;
mod replay;
mod states;
#[path = "../support/mod.rs"]
mod support;
mod together;
mod vendor;
