//! The open connections of a listener, from which the one that has been idle for longest is evicted at the limit.
//!
//! A connection is listed while it is open, so requests cost nothing here. Only an idle connection is asked to close.
//! If it has become busy by the time it looks, it asks the next one instead.
//!
//! One peer may hold at most [`SHARE`] times as many connections as are free, so that it cannot shut all others out.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::value::Lock;

use super::activity::Activity;
use super::peers::group::PeerGroup;

/// How many times as many connections as are free one peer may hold: alone, 15 of 16.
const SHARE: usize = 15;

/// All open connections.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections {
    next: AtomicU64,
    open: Lock<Open>,
}

#[derive(Debug, Default)]
struct Open {
    listed: BTreeMap<u64, Listed>,
    /// How many each peer has.
    held: HashMap<PeerGroup, usize>,
}

#[derive(Debug)]
struct Listed {
    peer: PeerGroup,
    /// `None` if it has been asked to close.
    activity: Option<Arc<Activity>>,
    /// Whose connections were asked for when it was asked to close; `None` for those of all peers.
    asked_of: Option<PeerGroup>,
}

/// One open connection; dropping it removes it from the list.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    all: Arc<OpenConnections>,
    number: u64,
    activity: Arc<Activity>,
}

impl OpenConnections {
    /// Lists a new connection.
    pub(crate) fn open(self: &Arc<Self>, address: IpAddr) -> OpenConnection {
        let peer = address.into();
        self.add(&mut self.open.lock(), peer)
    }

    /// Lists a new connection of `peer`, unless that would be more than its share of `max`. The first connection of a peer
    /// never is, and neither is any if there is room for one only.
    pub(crate) fn open_within_share(self: &Arc<Self>, peer: PeerGroup, max: usize) -> Option<OpenConnection> {
        let mut open = self.open.lock();
        let holds = 1 + open.held.get(&peer).copied().unwrap_or_default();
        let free = max.saturating_sub(open.listed.len() + 1);
        is_within_share(holds, free, max).then(|| self.add(&mut open, peer))
    }

    fn add(self: &Arc<Self>, open: &mut Open, peer: PeerGroup) -> OpenConnection {
        let (number, activity) = (self.next.fetch_add(1, Relaxed), Activity::new());
        open.listed.insert(number, Listed { peer, activity: Some(Arc::clone(&activity)), asked_of: None });
        *open.held.entry(peer).or_default() += 1;
        OpenConnection { all: Arc::clone(self), number, activity }
    }

    /// Asks the connection that has been idle for longest to close, if one is idle; `of` says of which peer.
    pub(crate) fn evict_idle(&self, of: Option<PeerGroup>) {
        let mut open = self.open.lock();
        let eligible = open.listed.iter().filter(|(_, listed)| of.is_none_or(|of| of == listed.peer));
        let idle = eligible.filter_map(|(number, listed)| Some((listed.activity.as_ref()?.idle_since()?, *number)));
        let longest = idle.min().and_then(|(_, number)| {
            let listed = open.listed.get_mut(&number)?;
            listed.asked_of = of;
            listed.activity.take()
        });
        if let Some(activity) = longest {
            activity.request_eviction();
        }
    }
}

impl OpenConnection {
    /// What the connection is doing.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Counts the connection as one of `peer`, whose address was only learnt now; `false` if that would be more than its
    /// share of `max`.
    pub(crate) fn move_to(&self, peer: PeerGroup, max: usize) -> bool {
        let mut open = self.all.open.lock();
        let free = max.saturating_sub(open.listed.len());
        let holds = 1 + open.held.get(&peer).copied().unwrap_or_default();
        let Some(listed) = open.listed.get_mut(&self.number).filter(|listed| listed.peer != peer) else { return true };
        if !is_within_share(holds, free, max) {
            return false;
        }
        let before = std::mem::replace(&mut listed.peer, peer);
        open.release(before);
        *open.held.entry(peer).or_default() += 1;
        true
    }

    /// Returns once the connection was asked to close while it is idle.
    pub(crate) async fn evicted(&self) {
        loop {
            self.activity.eviction_requested().await;
            if self.activity.idle_since().is_some() {
                return;
            }
            let asked_of = self.all.open.lock().listed.get_mut(&self.number).and_then(|listed| {
                listed.activity = Some(Arc::clone(&self.activity));
                listed.asked_of.take()
            });
            self.all.evict_idle(asked_of);
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut open = self.all.open.lock();
        if let Some(Listed { peer, .. }) = open.listed.remove(&self.number) {
            open.release(peer);
        }
    }
}

impl Open {
    /// Counts one connection less of `peer`.
    fn release(&mut self, peer: PeerGroup) {
        if let Some(held) = self.held.get_mut(&peer) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&peer);
            }
        }
    }
}

/// Whether a peer may hold so many connections while so many are free.
fn is_within_share(holds: usize, free: usize, max: usize) -> bool {
    holds == 1 || max < 2 || holds <= SHARE.saturating_mul(free)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::time::sleep;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn peer(last: u8) -> PeerGroup {
        IpAddr::from([192, 0, 2, last]).into()
    }

    #[test]
    fn one_peer_cannot_take_all_connections() {
        for (max, alone) in [(1, 1), (2, 1), (3, 2), (16, 15), (17, 15), (64, 60), (4096, 3840)] {
            let all = Arc::<OpenConnections>::default();
            let of_one: Vec<_> = std::iter::from_fn(|| all.open_within_share(peer(1), max)).take(max).collect();
            assert_eq!(of_one.len(), alone, "{max}");
            if max > 1 {
                let other = all.open_within_share(peer(2), max);
                assert!(other.is_some(), "{max}");
            }
        }
    }

    #[test]
    fn a_peer_that_a_balancer_names_has_a_share_of_its_own() {
        let all = Arc::<OpenConnections>::default();
        let from_balancer: Vec<_> = (0..16).map(|_| all.open([192, 0, 2, 1].into())).collect();
        let (others, of_one) = from_balancer.split_at(8);
        for (connection, last) in others.iter().zip(2..) {
            assert!(connection.move_to(peer(last), 17), "{last}");
            assert!(connection.move_to(peer(last), 17), "it is counted already");
        }
        let moved = of_one.iter().filter(|connection| connection.move_to(peer(99), 9)).count();
        assert_eq!(moved, 1, "nothing is free, so that only its first one stays");
        drop(from_balancer);
        assert!(all.open.lock().held.is_empty() && all.open.lock().listed.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_passes_its_eviction_on_to_those_of_the_same_peer_only() {
        let all = Arc::<OpenConnections>::default();
        let (other, busy) = (all.open([192, 0, 2, 1].into()), all.open([192, 0, 2, 2].into()));
        sleep(Duration::from_secs(2)).await;
        let (mut other, mut evicted) = (pin!(other.evicted()), pin!(busy.evicted()));
        assert!(other.as_mut().now_or_never().is_none());
        all.evict_idle(Some(peer(2)));
        let _request = busy.activity().start_request();
        assert!(evicted.as_mut().now_or_never().is_none());
        assert!(other.now_or_never().is_none(), "another peer pays nothing for it");
    }

    #[tokio::test(start_paused = true)]
    async fn only_connections_of_that_peer_are_asked_to_close() {
        let all = Arc::<OpenConnections>::default();
        let (older, own) = (all.open([192, 0, 2, 1].into()), all.open([192, 0, 2, 2].into()));
        sleep(Duration::from_secs(2)).await;
        let (mut older, mut own) = (pin!(older.evicted()), pin!(own.evicted()));
        assert!(older.as_mut().now_or_never().is_none() && own.as_mut().now_or_never().is_none());
        all.evict_idle(Some(peer(2)));
        assert!(older.now_or_never().is_none() && own.now_or_never().is_some());
    }

    /// Connections of which each has had a request, the first one first.
    async fn used<const COUNT: usize>() -> (Arc<OpenConnections>, [OpenConnection; COUNT]) {
        let all = Arc::<OpenConnections>::default();
        let connections = std::array::from_fn(|_| all.open(LOCAL));
        for connection in &connections {
            sleep(Duration::from_millis(1)).await;
            drop(connection.activity().start_request());
            connection.activity().record_flush();
        }
        (all, connections)
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_longest_idle_connection_is_asked_to_close() {
        let (all, [first, second, third]) = used().await;
        sleep(Duration::from_millis(1)).await;
        drop(first.activity().start_request());
        first.activity().record_flush();
        let (mut first, mut second, mut third) = (pin!(first.evicted()), pin!(second.evicted()), pin!(third.evicted()));
        for asked in [false, true] {
            assert_eq!(second.as_mut().now_or_never().is_some(), asked);
            assert!(first.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
            all.evict_idle(None);
        }
        assert!(third.now_or_never().is_some(), "asked by the second call");
        assert!(first.now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_takes_no_eviction_from_an_idle_one() {
        let (all, [busy, idle]) = used().await;
        let (mut busy_unwanted, mut idle_unwanted) = (pin!(busy.evicted()), pin!(idle.evicted()));
        assert!(busy_unwanted.as_mut().now_or_never().is_none() && idle_unwanted.as_mut().now_or_never().is_none());
        let request = busy.activity().start_request();
        all.evict_idle(None);
        assert!(busy_unwanted.as_mut().now_or_never().is_none());
        assert!(idle_unwanted.now_or_never().is_some());
        drop(request);
        busy.activity().record_flush();
        assert!(busy_unwanted.now_or_never().is_none(), "it was not asked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_has_become_busy_passes_its_eviction_on_and_keeps_none() {
        let (all, [busy, idle]) = used().await;
        let mut evicted = pin!(busy.evicted());
        all.evict_idle(None);
        let request = busy.activity().start_request();
        assert!(evicted.as_mut().now_or_never().is_none());
        assert!(idle.evicted().now_or_never().is_some());
        drop(request);
        busy.activity().record_flush();
        assert!(evicted.as_mut().now_or_never().is_none());
        all.evict_idle(None);
        assert!(evicted.now_or_never().is_some(), "it is listed again");
    }

    #[tokio::test(start_paused = true)]
    async fn an_eviction_without_an_idle_connection_is_not_stored() {
        let (all, [busy]) = used().await;
        let request = busy.activity().start_request();
        all.evict_idle(None);
        drop(request);
        assert!(busy.activity().idle_since().is_none(), "its response has not left");
        all.evict_idle(None);
        busy.activity().record_flush();
        assert!(busy.evicted().now_or_never().is_none());
        drop(busy);
        assert!(all.open.lock().listed.is_empty() && all.open.lock().held.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_has_a_second_to_send_one() {
        let all = Arc::<OpenConnections>::default();
        let silent = all.open(LOCAL);
        let mut evicted = pin!(silent.evicted());
        all.evict_idle(None);
        assert!(evicted.as_mut().now_or_never().is_none());
        sleep(Duration::from_secs(1)).await;
        silent.activity().set_receiving_head(true);
        all.evict_idle(None);
        assert!(evicted.as_mut().now_or_never().is_none(), "half a head is no idleness");
        silent.activity().set_receiving_head(false);
        all.evict_idle(None);
        assert!(evicted.now_or_never().is_some());
    }
}
