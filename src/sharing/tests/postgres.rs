//! Replicas on a real server.

use private_postgres::{Options, Stop, shared};
use tokio::time::{Instant, sleep};

use super::uses::Uses;
use super::*;

const MILLI: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until a condition holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what}");
        sleep(5 * MILLI).await;
    }
}

/// As many requests as one task for each of three replicas makes, for some time.
async fn hammer(replicas: &[Arc<Sharing>], interval: Duration, burst: u32, time: Duration, uses: &Uses) {
    let end = Instant::now() + time;
    let requests = replicas.iter().flat_map(|replica| {
        let limit = limit(replica, interval, burst);
        (0..4).map(move |_| Arc::clone(&limit))
    });
    let requests = requests.map(async |limit| {
        while Instant::now() < end {
            let asked = Instant::now();
            if take(&*limit).await.is_ok() {
                uses.add(asked);
            }
            sleep(MILLI).await;
        }
    });
    futures_util::future::join_all(requests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_never_pass_the_rate_and_the_burst() {
    let Some(server) = shared() else { return };
    for (interval, burst) in [(5 * MILLI, 60), (20 * MILLI, 20), (MILLI, 200)] {
        let replicas = on(server, 3, PATIENCE).await;
        let uses = Uses::default();
        hammer(&replicas, interval, burst, Duration::from_millis(800), &uses).await;
        sleep(300 * MILLI).await;
        hammer(&replicas, interval, burst, Duration::from_millis(800), &uses).await;
        let (excess, window) = uses.excess(interval, burst);
        assert!(excess <= 0, "{interval:?} {burst}: {excess} more in {window:?}");
        assert!(uses.len() > usize::try_from(burst).unwrap(), "{interval:?} {burst}: {}", uses.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_freezes_or_dies_leaves_shares_and_comes_back() {
    let Some(server) = Server::start(&Options::default()) else { return };
    let replicas = on(&server, 3, Duration::from_secs(2)).await;
    let limit = limit(&replicas[0], 10 * MILLI, 30);
    take(&*limit).await.unwrap();
    for round in 0..2 {
        match round {
            0 => server.freeze(),
            _ => server.stop(Stop::Kill),
        }
        until("it falls back", async || {
            let asked = Instant::now();
            // Until what is known is over.
            let _ = take(&*limit).await;
            assert!(asked.elapsed() < PATIENCE / 2);
            !replicas[0].is_shared()
        })
        .await;
        until("it has a share", async || take(&*limit).await.is_ok()).await;
        match round {
            0 => server.thaw(),
            _ => server.start_again(),
        }
        until("it comes back", async || replicas[0].is_shared()).await;
        until("it has tokens", async || take(&*limit).await.is_ok() && replicas[0].is_shared()).await;
    }
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again_without_a_request() {
    let Some(server) = Server::start(&Options::default()) else { return };
    let replicas = on(&server, 1, Duration::from_secs(20)).await;
    server.restart(Stop::Immediate);
    until("it comes back", async || replicas[0].is_shared()).await;
    let limit = limit(&replicas[0], MILLI, 30);
    until("it has tokens", async || take(&*limit).await.is_ok()).await;
}

/// The changes of one row while three replicas have 2,000 requests a second, as the server counts them. It prints what it measures
/// and is run by hand, because a slow machine makes fewer requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo nextest run --run-ignored only changes_of_a_row --no-capture"]
async fn changes_of_a_row() {
    let Some(server) = shared() else { return };
    let database = tables(server).await;
    for (interval, burst) in [(MILLI / 10, 1000), (MILLI, 1000), (MILLI, 100), (600 * MILLI, 20)] {
        let replicas = replicas((0..3).map(|_| Arc::new(open(&database.url, PATIENCE))).collect()).await;
        let limits: Vec<_> = replicas.iter().map(|replica| limit(replica, interval, burst)).collect();
        let changes = async || {
            // Backends report the rest of what they have counted when they are idle for ten seconds.
            sleep(Duration::from_secs(11)).await;
            let sql = "select n_tup_upd from pg_stat_user_tables where relname = 'shared_limit'";
            server.query(&database.name, sql).await[0].parse::<u64>().unwrap()
        };
        let (before, started, mut granted, mut asked) = (changes().await, Instant::now(), 0_u32, 0_u32);
        let time = Duration::from_secs(5);
        let mut waits = Vec::new();
        while started.elapsed() < time {
            // 2,000 a second, in steps of the timer's millisecond.
            let due = (started.elapsed().as_secs_f64() * 2000.0) as u32;
            while asked < due {
                let limit = &limits[asked as usize % 3];
                let at = Instant::now();
                granted += u32::from(take(&**limit).await.is_ok());
                waits.push(at.elapsed());
                asked += 1;
            }
            sleep(MILLI).await;
        }
        let took = started.elapsed().as_secs_f64();
        waits.sort();
        let changed = changes().await - before;
        println!(
            "a token every {interval:?}, burst {burst}: {:.0} requests/s, {:.0} granted/s, {:.1} changes/s, waits p50 {:?} p99 {:?}",
            f64::from(asked) / took,
            f64::from(granted) / took,
            changed as f64 / took,
            waits[waits.len() / 2],
            waits[waits.len() * 99 / 100],
        );
    }
}
