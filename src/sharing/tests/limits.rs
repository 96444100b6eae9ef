//! Limits over replicas, on paused time.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep, sleep_until};

use super::memory::Memory;
use super::uses::Uses;
use super::*;

const MILLI: Duration = Duration::from_millis(1);

async fn three(memory: &Arc<Memory>) -> Vec<Arc<Sharing>> {
    replicas(vec![Arc::clone(memory), Arc::clone(memory), Arc::clone(memory)]).await
}

/// The same limit at each replica.
fn limits(replicas: &[Arc<Sharing>], interval: Duration, burst: u32) -> Vec<Arc<dyn SharedLimit>> {
    replicas.iter().map(|replica| limit(replica, interval, burst)).collect()
}

/// Each replica gets `rate` requests a second at random times, for that long.
async fn load(limits: &[Arc<dyn SharedLimit>], rate: u32, time: Duration, uses: &Uses) {
    let end = Instant::now() + time;
    join_all(limits.iter().map(async |limit| {
        let mut requests = Vec::new();
        let mut at = Instant::now();
        while at < end {
            at += (Duration::from_secs(2) / rate).mul_f64(fastrand::f64());
            requests.push(async move {
                sleep_until(at).await;
                let asked = Instant::now();
                if take(&**limit).await.is_ok() {
                    uses.add(asked);
                }
            });
        }
        join_all(requests).await;
    }))
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_a_minute_with_a_burst_of_twenty_are_never_more_than_120_in_a_minute() {
    let memory = Memory::new();
    let (replicas, uses) = (three(&memory).await, Uses::default());
    let (minute, limits) = (Duration::from_secs(60), limits(&replicas, 600 * MILLI, 20));
    for _ in 0..3 {
        load(&limits, 10, minute, &uses).await;
        sleep(7 * 1001 * MILLI).await;
    }
    assert!(uses.most_within(minute) <= 120, "{}", uses.most_within(minute));
    assert!(uses.excess(600 * MILLI, 20).0 <= 0, "{:?}", uses.excess(600 * MILLI, 20));
    assert!(uses.len() > 300, "{} of about 330 were used", uses.len());
}

#[tokio::test(start_paused = true)]
async fn blocks_of_several_replicas_are_never_more_than_the_burst() {
    for (interval, burst, rate) in [(MILLI, 100, 1000), (MILLI, 1000, 700), (10 * MILLI, 50, 500), (20 * MILLI, 7, 100)]
    {
        let memory = Memory::new();
        let (replicas, uses) = (three(&memory).await, Uses::default());
        let limits = limits(&replicas, interval, burst);
        for _ in 0..3 {
            load(&limits, rate, Duration::from_secs(1), &uses).await;
            // An idle time fills the bucket, while the replicas hold what they have.
            sleep(500 * MILLI).await;
        }
        let (excess, window) = uses.excess(interval, burst);
        assert!(excess <= 0, "{interval:?} {burst}: {excess} more in {window:?}");
        let possible = Duration::from_secs(3).div_duration_f64(interval).min(f64::from(9 * rate));
        assert!(uses.len() as f64 > 0.8 * possible, "{interval:?} {burst}: {} of {possible} were used", uses.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_changes_at_most_sixty_times_a_second_at_two_thousand_requests_over_three_replicas() {
    for (interval, burst) in [(MILLI / 10, 1000), (MILLI / 3, 3000), (MILLI, 1000)] {
        let memory = Memory::new();
        let (replicas, uses) = (three(&memory).await, Uses::default());
        let (mut changes, limits) = (Vec::new(), limits(&replicas, interval, burst));
        for _ in 0..4 {
            let before = memory.changes.load(Ordering::Relaxed);
            load(&limits, 667, Duration::from_secs(1), &uses).await;
            changes.push(memory.changes.load(Ordering::Relaxed) - before);
        }
        // In the first second the replicas get to know their rate.
        assert!(changes[1..].iter().all(|changes| *changes <= 60), "{interval:?} {burst}: {changes:?}");
        assert!(changes[0] <= 90, "{interval:?} {burst}: {changes:?}");
        assert!(uses.len() > 3000, "{interval:?} {burst}: {} were used", uses.len());
    }
}

#[tokio::test(start_paused = true)]
async fn requests_at_the_same_time_share_a_round_trip_and_idle_replicas_ask_nothing() {
    let memory = Memory::new();
    let replicas = three(&memory).await;
    let limit = limit(&replicas[0], 600 * MILLI, 20);
    let before = memory.changes.load(Ordering::Relaxed);
    let taken = join_all((0..100).map(|_| take(&*limit))).await;
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 20);
    assert_eq!(memory.changes.load(Ordering::Relaxed) - before, 1);
    // It is known when the next one comes.
    assert_eq!(join_all((0..100).map(|_| take(&*limit))).await.iter().filter(|taken| taken.is_ok()).count(), 0);
    assert_eq!(memory.changes.load(Ordering::Relaxed) - before, 1);
    let idle = memory.statements.load(Ordering::Relaxed);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(memory.statements.load(Ordering::Relaxed), idle);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_lapses_after_a_second() {
    let memory = Memory::new();
    let replicas = three(&memory).await;
    let limit = limit(&replicas[0], MILLI, 1000);
    for _ in 0..500 {
        assert!(take(&*limit).await.is_ok());
        sleep(2 * MILLI).await;
    }
    let changes = || memory.changes.load(Ordering::Relaxed);
    let mut before = changes();
    while changes() == before {
        take(&*limit).await.unwrap();
    }
    before = changes();
    take(&*limit).await.unwrap();
    assert_eq!(changes(), before, "a block is held");
    advance(990 * MILLI).await;
    take(&*limit).await.unwrap();
    assert_eq!(changes(), before, "it is held still");
    advance(11 * MILLI).await;
    take(&*limit).await.unwrap();
    assert_eq!(changes(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_get_their_tokens_in_order_and_are_refused_if_that_takes_too_long() {
    let memory = Memory::new();
    let replicas = three(&memory).await;
    let limit = limit(&replicas[0], Duration::from_secs(1), 1);
    take(&*limit).await.unwrap();
    let order = std::sync::Mutex::new(Vec::new());
    let until = Instant::now() + Duration::from_secs(10);
    let taken = join_all((0..20).map(async |index| {
        let taken = limit.take(Some(until)).await;
        order.lock().unwrap().push((taken.is_ok(), index));
    }));
    taken.await;
    let order = order.into_inner().unwrap();
    let passed: Vec<_> = order.iter().filter(|(is_ok, _)| *is_ok).map(|(_, index)| *index).collect();
    assert!((8..=10).contains(&passed.len()), "{order:?}");
    assert_eq!(passed, (0..passed.len()).collect::<Vec<_>>());
    assert!(!order[0].0, "those who cannot wait are told at once");
    // One without patience does not overtake those who wait.
    let (waiting, other) = tokio::join!(limit.take(Some(Instant::now() + Duration::from_secs(10))), async {
        sleep(MILLI).await;
        take(&*limit).await
    });
    assert!(waiting.is_ok() && other.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_leaves_an_equal_share_and_what_was_used_counts_afterwards() {
    let memory = Memory::new();
    let replicas = three(&memory).await;
    let uses = Uses::default();
    let limits: Vec<_> = replicas.iter().map(|replica| limit(replica, 600 * MILLI, 20)).collect();
    let minute = Duration::from_secs(60);
    let hammer = async |time: Duration| {
        let end = Instant::now() + time;
        join_all(limits.iter().map(async |limit| {
            while Instant::now() < end {
                let asked = Instant::now();
                if take(&**limit).await.is_ok() {
                    uses.add(asked);
                }
                assert!(asked.elapsed() <= Duration::from_millis(2001), "{:?}", asked.elapsed());
                sleep(37 * MILLI).await;
            }
        }))
        .await;
    };
    for (before, frozen) in [(20, 40), (61, 90), (3, 200), (0, 30)] {
        hammer(Duration::from_secs(before)).await;
        memory.answers.send_replace(false);
        hammer(Duration::from_secs(3)).await;
        assert!(replicas.iter().all(|replica| !replica.is_shared()), "frozen after {before} s");
        let until = uses.len();
        hammer(Duration::from_secs(frozen)).await;
        let shares = uses.len() - until;
        let expected = usize::try_from(frozen * 100 / 60).unwrap();
        assert!((expected - 6..=expected + 18).contains(&shares), "{shares} of about {expected} in {frozen} s");
        memory.answers.send_replace(true);
        hammer(Duration::from_secs(5)).await;
        assert!(replicas.iter().all(|replica| replica.is_shared()), "answering again");
    }
    hammer(minute).await;
    assert!(uses.most_within(minute) <= 120, "{}", uses.most_within(minute));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_token_goes_on_without_the_store() {
    let memory = Memory::new();
    let replicas = three(&memory).await;
    let limit = limit(&replicas[0], 100 * MILLI, 1);
    take(&*limit).await.unwrap();
    memory.answers.send_replace(false);
    let started = Instant::now();
    let taken = limit.take(Some(started + Duration::from_secs(30))).await;
    assert!(taken.is_ok(), "{taken:?}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    replicas[0].close().await;
    assert!(!replicas[0].is_shared());
}
