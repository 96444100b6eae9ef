//! What several replicas on one PostgreSQL promise, on real processes: one order for each assistant, no accepted change
//! lost, one answer for each key, shared limits. Processes are killed and frozen, networks fail, databases restart.
#![cfg(test)]

mod chaos;
mod clocks;
mod cluster;
mod database;
mod dialects;
mod faults;
mod fence;
#[expect(dead_code, reason = "a part of it is for one gateway alone")]
#[path = "../durability/gateway.rs"]
mod gateway;
mod harness;
mod hold;
mod ledger;
mod limits;
mod load;
mod oracle;
mod outages;
mod points;
mod proxy;
mod reaper;
mod run;
#[path = "../support/mod.rs"]
mod support;
mod together;
#[expect(dead_code, reason = "a part of it is for one gateway alone")]
#[path = "../durability/vendor.rs"]
mod vendor;
