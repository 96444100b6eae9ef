//! What the copy keeps, for whom, and how long.

use futures_util::future::join_all;
use tokio::time::{advance, pause, resume, timeout};

use super::*;
use crate::account::assistants::copy::{Flight, MAX_BYTES, State};

async fn after(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

#[tokio::test]
async fn fifty_readers_cause_one_request_for_each_page() {
    let vendor = counted(3_000).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    let walks = (0..50).map(async |_| {
        let (mut walk, mut count) = (Walk::new(&pages, &reader, false, deadline()).unwrap(), 0);
        while walk.next().await.unwrap().is_some() {
            count += 1;
        }
        count
    });
    assert_eq!(join_all(walks).await, [30; 50]);
    assert_eq!(vendor.asked(), (1..=30).map(|page| (page, 100)).collect::<Vec<_>>());
    let read = list(&pages, &reader, false).await.unwrap();
    assert_eq!(read, (range(1..3_001), 0), "no attempt for what the copy has");
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn a_write_drops_the_copy_also_through_another_account_of_the_scope() {
    let vendor = counted(150).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    let (same, other) = (vendor.reader("w"), vendor.reader("o"));
    let scope = "both".into();
    ["v", "w"].into_iter().for_each(|account| vendor.tasks.scope(account, &scope));
    for (writer, requests) in [(&reader, 2), (&same, 2), (&other, 0)] {
        list(&pages, &reader, false).await.unwrap();
        vendor.asked();
        write(writer).await;
        assert_eq!(list(&pages, &reader, false).await.unwrap().1, requests);
        assert_eq!(vendor.asked().len() as u32, requests);
    }
    assert_eq!(vendor.writes.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_page_fetched_while_a_write_ends_serves_only_those_who_waited_for_it() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let vendor =
        Vendor::start(move |page, per_page| Answer::Held(Arc::clone(&held), paginated(&[1, 2], page, per_page, 0)))
            .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    let read = || {
        let (pages, reader) = (Arc::clone(&pages), reader.clone());
        vendor.tasks.connections.spawn(async move { list(&pages, &reader, false).await.unwrap() })
    };
    let before = read();
    vendor.has_been_asked(1).await;
    write(&reader).await;
    let after = read();
    vendor.has_been_asked(1).await;
    gate.add_permits(2);
    assert_eq!([before.await.unwrap().0, after.await.unwrap().0], [[1, 2]; 2]);
    assert_eq!(vendor.asked().len(), 2);
    assert_eq!(list(&pages, &reader, false).await.unwrap().1, 0, "the page of the second fetch is kept");
}

#[tokio::test]
async fn what_is_fetched_only_before_a_write_ends_is_not_kept() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let vendor =
        Vendor::start(move |page, per_page| Answer::Held(Arc::clone(&held), paginated(&[1, 2], page, per_page, 0)))
            .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    for fresh in [true, false] {
        let (pages, reading) = (Arc::clone(&pages), reader.clone());
        let read = vendor.tasks.connections.spawn(async move { list(&pages, &reading, fresh).await.unwrap() });
        vendor.has_been_asked(1).await;
        write(&reader).await;
        gate.add_permits(1);
        assert_eq!(read.await.unwrap().0, [1, 2]);
    }
    gate.add_permits(1);
    assert_eq!(list(&pages, &reader, false).await.unwrap().1, 1, "neither page is in the copy");
}

#[tokio::test]
async fn a_ttl_of_zero_keeps_nothing_and_a_fresh_read_is_always_at_the_vendor() {
    let vendor = counted(150).await;
    let (none, pages, reader) = (kept_for(0), kept_for(600), vendor.reader("v"));
    for _ in 0..2 {
        assert_eq!(list(&none, &reader, false).await.unwrap().1, 2);
        assert_eq!(list(&pages, &reader, true).await.unwrap().1, 2);
    }
    assert_eq!(vendor.asked().len(), 8);
    assert!(none.state.lock().pages.is_empty());
    assert_eq!(list(&pages, &reader, false).await.unwrap().1, 0, "others may use what a fresh read brought");
}

#[tokio::test]
async fn old_pages_are_dropped_with_and_without_readers() {
    let vendor = counted(150).await;
    let (pages, reader) = (kept_for(5), vendor.reader("v"));
    list(&pages, &reader, false).await.unwrap();
    after(Duration::from_secs(4)).await;
    assert_eq!(list(&pages, &reader, false).await.unwrap().1, 0);
    assert!(pages.state.lock().purge.is_some());
    after(Duration::from_secs(2)).await;
    while pages.state.lock().purge.is_some() {
        tokio::task::yield_now().await;
    }
    assert!(pages.state.lock().pages.is_empty());
    assert_eq!(pages.state.lock().bytes, 0);
    assert_eq!(list(&pages, &reader, false).await.unwrap().1, 2);
    assert!(pages.state.lock().purge.is_some(), "what is kept after that is dropped too");
}

#[test]
fn no_more_than_32_mib_are_kept() {
    let page = |number, mebibytes: usize| {
        let body = vec![b' '; mebibytes << 20].into();
        Arc::new(Page { number, per_page: 100, body, at: None, next: None, has_more: true, total: None, ends: None })
    };
    let mut state = State::default();
    let kept: Vec<_> = (1..=10).map(|number| state.insert(&page(number, 5))).collect();
    assert_eq!(kept, [true, true, true, true, true, true, false, false, false, false]);
    assert_eq!((state.pages.len(), state.bytes), (6, 30 << 20));
    assert!(state.insert(&page(11, 2)), "one that fits");
    assert_eq!(state.bytes, MAX_BYTES);
    // What comes again takes the place of its older copy, or nothing takes it.
    assert!(state.insert(&page(1, 5)));
    assert!(!state.insert(&page(2, 6)));
    assert_eq!((state.pages.len(), state.bytes), (6, 27 << 20));
    state.follow(1);
    assert_eq!((state.pages.len(), state.bytes), (0, 0));
}

#[tokio::test]
async fn thirty_thousand_assistants_take_three_hundred_requests_and_each_is_then_found_at_once() {
    let vendor = counted(30_000).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert_eq!(list(&pages, &reader, false).await.unwrap(), (range(1..30_001), 300));
    assert_eq!(pages.state.lock().places.len(), 30_000);
    write(&reader).await;
    for id in ["30000", "15001", "1"] {
        assert_eq!(find(&pages, &reader, id, false).await, (true, 1));
    }
    assert_eq!(find(&pages, &reader, "15002", false).await, (true, 0));
    assert_eq!(find(&pages, &reader, "30001", false).await, (false, 297), "only what is missing needs all pages");
}

#[tokio::test]
async fn long_ids_and_too_many_are_not_remembered() {
    let vendor =
        Vendor::start(|_, _| Answer::Json(format!("[{{\"id\":\"{}\"}},{{\"id\":\"b\"}}]", "a".repeat(65)))).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert_eq!(find(&pages, &reader, "b", false).await, (true, 1));
    assert_eq!(pages.state.lock().places.keys().map(|id| &**id).collect::<Vec<_>>(), ["b"]);
    pages.state.lock().places.extend((0..100_000).map(|id| (id.to_string().into(), id)));
    assert_eq!(find(&pages, &reader, "b", true).await, (true, 1));
    assert!(pages.state.lock().places.len() <= 2);
}

#[tokio::test]
async fn a_reader_that_leaves_or_is_late_leaves_the_fetch_to_the_others() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let vendor =
        Vendor::start(move |page, per_page| Answer::Held(Arc::clone(&held), paginated(&[1], page, per_page, 0))).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert!(timeout(Duration::ZERO, list(&pages, &reader, false)).await.is_err());
    vendor.has_been_asked(1).await;
    let mut late = Walk::new(&pages, &reader, false, Instant::now()).unwrap();
    assert!(matches!(late.next().await, Err(ListFailure::Late)));
    gate.add_permits(1);
    assert_eq!(list(&pages, &reader, false).await.unwrap().0, [1]);
    assert_eq!(vendor.asked().len(), 1);
}

#[tokio::test]
async fn a_fetch_ends_with_its_account_and_no_shutdown_waits_for_it() {
    let never = Arc::new(Semaphore::new(0));
    let vendor = Vendor::start(move |_, _| Answer::Held(Arc::clone(&never), String::new())).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert!(timeout(Duration::ZERO, list(&pages, &reader, false)).await.is_err());
    vendor.has_been_asked(1).await;
    assert!(vendor.tasks.updates.is_empty());
    drop((pages, reader));
    vendor.closed.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn a_fetch_that_died_is_started_again() {
    let vendor = counted(1).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    list(&pages, &reader, true).await.unwrap();
    let dead = vendor.tasks.connections.spawn(async {});
    while !dead.is_finished() {
        tokio::task::yield_now().await;
    }
    {
        let mut state = pages.state.lock();
        state.pages.clear();
        let outcome = futures_util::FutureExt::shared(tokio::sync::oneshot::channel().1);
        let flight = Arc::new(Flight { outcome, task: tokio_util::task::AbortOnDropHandle::new(dead) });
        state.flights.insert(Asked { number: 1, per_page: 100, at: None }, flight);
    }
    assert_eq!(list(&pages, &reader, false).await.unwrap(), (vec![1], 1));
}
