//! What can happen to one replica, to the database, and to all at once.

use std::time::{Duration, Instant};

use strum::{IntoStaticStr, VariantArray};
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::cluster::{Cluster, SESSION};
use crate::database::Database;
use crate::proxy::Way;

/// What happens to one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Hurt {
    Kill,
    Freeze,
    Drain,
    StorePaused,
    StoreNoRequests,
    StoreNoAnswers,
    StoreHalfOpen,
    StoreSlow,
    StoreRefused,
    StoreReset,
    VendorPaused,
    VendorNoRequests,
    VendorNoAnswers,
    VendorHalfOpen,
    VendorSlow,
    VendorRefused,
    VendorReset,
}

/// What happens to all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Outage {
    AllPaused,
    AllNoAnswers,
    AllReset,
    DatabaseConnections,
    DatabaseFrozen,
    DatabaseRestart,
}

const SLOW: Way = Way::Delay(Duration::from_millis(200));

/// From 0.3 to 3 sessions.
fn moment() -> Duration {
    SESSION.mul_f64(0.3 + fastrand::f64() * 2.7)
}

impl Hurt {
    fn way(self) -> Option<(bool, Way)> {
        Some(match self {
            Self::Kill | Self::Freeze | Self::Drain | Self::StoreReset | Self::VendorReset => return None,
            Self::StorePaused => (true, Way::Paused),
            Self::StoreNoRequests => (true, Way::NoRequests),
            Self::StoreNoAnswers => (true, Way::NoAnswers),
            Self::StoreHalfOpen => (true, Way::HalfOpen),
            Self::StoreSlow => (true, SLOW),
            Self::StoreRefused => (true, Way::Refused),
            Self::VendorPaused => (false, Way::Paused),
            Self::VendorNoRequests => (false, Way::NoRequests),
            Self::VendorNoAnswers => (false, Way::NoAnswers),
            Self::VendorHalfOpen => (false, Way::HalfOpen),
            Self::VendorSlow => (false, SLOW),
            Self::VendorRefused => (false, Way::Refused),
        })
    }

    /// Does it to a replica, from its beginning to its end.
    pub(crate) async fn happens(self, cluster: &Cluster, replica: usize) {
        let (at, name) = (Instant::now(), self.into());
        let hurt = &cluster.replicas[replica];
        match (self, self.way()) {
            (_, Some((is_store, way))) => {
                let proxies = if is_store { &hurt.to_store[..] } else { std::slice::from_ref(&hurt.to_vendor) };
                proxies.iter().for_each(|proxy| proxy.set(way));
                sleep(moment()).await; // how long the fault lasts
                proxies.iter().for_each(|proxy| proxy.set(Way::Open));
            }
            (Self::Kill, _) => {
                hurt.kill().await;
                cluster.fault(name, at, Some(replica));
                sleep(moment()).await; // how long it is down
                return cluster.starts(replica).await;
            }
            (Self::Drain, _) => {
                hurt.drain().await;
                cluster.fault(name, at, Some(replica));
                return cluster.starts(replica).await;
            }
            (Self::Freeze, _) => {
                hurt.freeze().await;
                sleep(moment()).await; // how long the fault lasts
                hurt.go_on().await;
            }
            (Self::StoreReset, _) => hurt.to_store.iter().for_each(crate::proxy::Proxy::reset),
            (_, None) => hurt.to_vendor.reset(),
        }
        cluster.fault(name, at, Some(replica));
    }
}

impl Outage {
    /// Does it, from its beginning to its end.
    pub(crate) async fn happens(self, cluster: &Cluster, database: &Database) {
        let at = Instant::now();
        let proxies = || cluster.replicas.iter().flat_map(|replica| &replica.to_store);
        match self {
            Self::AllPaused | Self::AllNoAnswers => {
                let way = if self == Self::AllPaused { Way::Paused } else { Way::NoAnswers };
                proxies().for_each(|proxy| proxy.set(way));
                sleep(moment()).await; // how long the fault lasts
                proxies().for_each(|proxy| proxy.set(Way::Open));
            }
            Self::AllReset => proxies().for_each(crate::proxy::Proxy::reset),
            Self::DatabaseConnections => database.end_connections(fastrand::f64()).await,
            Self::DatabaseFrozen => {
                block_in_place(|| database.servers[0].freeze());
                sleep(moment()).await; // how long the fault lasts
                block_in_place(|| database.servers[0].thaw());
            }
            Self::DatabaseRestart => database.restart(),
        }
        cluster.fault(self.into(), at, None);
    }
}
