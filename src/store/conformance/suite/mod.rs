//! The cases. Each gets an empty store.

mod changes;
mod keys;
mod lists;
mod rest;

pub(in crate::store) use changes::*;
pub(in crate::store) use keys::*;
pub(in crate::store) use lists::*;
pub(in crate::store) use rest::*;

use crate::store::conformance::samples::*;
use crate::store::{Record, State, Store};

/// Stores a ticket.
async fn admit(store: &dyn Store, record: &Record) {
    assert_eq!(store.admit(admission(record)).await, Ok(as_stored(record)));
}

/// Stores a ticket and ends it.
async fn ended(store: &dyn Store, number: u64, state: State) -> Record {
    let record = record(number);
    admit(store, &record).await;
    store.finish(vec![ending(&record, state, 1_000)]).await.unwrap();
    store.record(record.id).await.unwrap().unwrap()
}

async fn stored(store: &dyn Store, record: &Record) -> Record {
    store.record(record.id).await.unwrap().unwrap()
}
