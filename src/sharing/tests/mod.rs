//! Several replicas on one store.

mod accounts;
mod limits;
mod memory;
mod postgres;
mod uses;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use private_postgres::Server;

use super::Sharing;
use crate::store::shared::SharedState;
use crate::store::shared::tests::{open, tables};
use crate::value::{Shared, SharedLimit};

/// Replicas of which each knows how many there are.
async fn replicas<S: SharedState + 'static>(states: Vec<Arc<S>>) -> Vec<Arc<Sharing>> {
    let count = states.len();
    let mut replicas = Vec::new();
    for state in states {
        replicas.push(Sharing::start(state, Arc::new(AtomicUsize::new(count))).await);
    }
    replicas
}

/// Replicas on a database of their own.
pub(crate) async fn on(server: &Server, count: usize, timeout: Duration) -> Vec<Arc<Sharing>> {
    let database = tables(server).await;
    replicas((0..count).map(|_| Arc::new(open(&database.url, timeout))).collect()).await
}

fn limit(replica: &Sharing, interval: Duration, burst: u32) -> Arc<dyn SharedLimit> {
    replica.limit("vendor:v", interval, NonZeroU32::new(burst).unwrap())
}

/// What a request without patience gets.
async fn take(limit: &dyn SharedLimit) -> crate::value::Taken {
    match limit.take_now() {
        Some(taken) => taken,
        None => limit.take(None).await,
    }
}
