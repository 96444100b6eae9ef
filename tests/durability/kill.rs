//! The process is killed at each point of the way of a change, and at random; another one takes up what it has left.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{join_all, select};
use futures_util::{StreamExt, pin_mut, stream};
use http::Method;
use strum::VariantArray;
use switchboard::store::failpoint::Point;
use tempfile::tempdir;

use crate::gateway::{Gateway, Setup, ends_at_start, name, was_killed};
use crate::load::{Caller, create};
use crate::vendor::{Answer, Vendor};

const ASSISTANTS: u64 = 4;
/// How many updates a caller sends before it is satisfied.
const UPDATES: u64 = 14;
/// How many processes run at a time.
const AT_ONCE: usize = 3;

/// A vendor that fails the first attempts of some changes, so that others gather behind them.
async fn failing_now_and_then() -> Vendor {
    let (vendor, failed) = (Vendor::start().await, Mutex::new(BTreeMap::<(u64, u64), u32>::new()));
    vendor.answers(move |arrival| {
        if arrival.method != "PUT" || arrival.number() % 7 != 1 {
            return Answer::Ok;
        }
        let mut failed = failed.lock().unwrap();
        let times = failed.entry((arrival.id, arrival.number())).or_default();
        *times += 1;
        if *times <= 3 { Answer::down() } else { Answer::Ok }
    });
    vendor
}

/// Which time a point is reached for the gateway to die.
fn times(point: Point) -> &'static [u32] {
    match point {
        Point::BeforeCommit | Point::AfterCommit => &[1, 2, 4, 9, 20, 41],
        Point::BeforeSendTogether => &[1, 3],
        Point::InRecovery | Point::InMigration | Point::BeforeReplay | Point::AfterReplay => &[1],
        _ => &[1, 4, 12],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_accepted_is_lost_or_reordered_wherever_the_process_dies() {
    // What several processes do for each other is in `tests/cluster/points.rs`.
    let points = Point::VARIANTS.iter().filter(|point| !matches!(point, Point::InTakeover | Point::InAdoption));
    let cases = points.flat_map(|point| times(*point).iter().map(|nth| (*point, *nth)));
    let runs = cases.map(|(point, nth)| async move {
        let text: &str = point.into();
        let fail = format!("{text}:kill:{nth}");
        match point {
            Point::InRecovery | Point::InMigration => dies_at_start(&fail).await,
            Point::BeforeReplay | Point::AfterReplay => dies_in_replay(&fail).await,
            _ => dies_under_load(&fail).await,
        }
    });
    stream::iter(runs).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn dies_under_load(fail: &str) {
    let vendor = failing_now_and_then().await;
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start_in(tempdir().unwrap(), &setup, fail).await;
    let mut callers: Vec<_> = (1..=ASSISTANTS).map(Caller::new).collect();
    let key = "created";
    let created = {
        let load = join_all(callers.iter_mut().map(|caller| caller.run(&gateway, UPDATES)));
        let (ends, created) = futures_util::future::join(load, create(&gateway, key)).await;
        assert!(ends.iter().any(Result::is_err), "{fail}: the point was not reached");
        created
    };
    let gateway = Gateway::start_in(gateway.killed().await, &setup, "").await;
    for caller in &mut callers {
        caller.check(&gateway, &vendor, 1).await;
    }
    let again = create(&gateway, key).await.unwrap();
    if let Ok(first) = created {
        assert_eq!((first.status, &first.body), (again.status, &again.body), "{fail}");
    }
    let creations = vendor.arrivals().iter().filter(|arrival| arrival.method == "POST").count();
    assert!(creations <= 1, "{fail}: {creations} creations");
    match again.status.as_u16() {
        201 => assert_eq!(creations, 1, "{fail}"),
        _ => assert_eq!(again.json()["outcome"], "unknown", "{fail}: {again:?}"),
    }
    gateway.stopped().await;
}

/// It dies before it serves, and the next one begins where it did.
async fn dies_at_start(fail: &str) {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor);
    let home = tempdir().unwrap();
    let mut updates = Vec::new();
    let home = if fail.starts_with("in_recovery") {
        let gateway = Gateway::start_in(home, &setup, "").await;
        for number in 1..=5 {
            updates.push(gateway.later(1, &name(number)).await);
        }
        gateway.killed().await
    } else {
        home
    };
    for _ in 0..2 {
        let (status, said) = ends_at_start(home.path(), &setup, fail).await;
        assert!(was_killed(status), "{fail}: {status} {said}");
    }
    let before = vendor.arrivals().len();
    vendor.answers(|_| Answer::Ok);
    let gateway = Gateway::start_in(home, &setup, "").await;
    updates.push(gateway.later(1, &name(6)).await);
    for update in &updates {
        let state = gateway.end_state(update).await;
        assert!(state == "applied" || state == "superseded", "{fail}: {state}");
    }
    assert!(vendor.numbers(1)[before..].is_sorted() && vendor.applied(1).last() == Some(&6), "{fail}");
    gateway.stopped().await;
}

/// A dead change is sent again, and the process dies meanwhile: it was sent again once, or can be.
async fn dies_in_replay(fail: &str) {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor).queue("max_age = \"1s\"");
    let gateway = Gateway::start_in(tempdir().unwrap(), &setup, fail).await;
    let dead = gateway.later(1, &name(1)).await;
    assert_eq!(gateway.end_state(&dead).await, "dead");
    vendor.answers(|_| Answer::Ok);
    let replay = format!("/v1/updates/{dead}/replay");
    assert!(gateway.try_call(Method::POST, &replay, &[], "").await.is_err(), "{fail}: the point was not reached");
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start_in(gateway.killed().await, &setup, "").await;
    let reply = gateway.call(Method::POST, &replay, &[], "").await;
    match fail.starts_with("after") {
        true => assert_eq!(reply.code(), "already_started"),
        false => assert_eq!(reply.status, 202, "{reply:?}"),
    }
    let replays = gateway.get("/v1/updates?assistant=sondos:1").await.json();
    let replays: Vec<_> =
        replays["data"].as_array().unwrap().iter().filter(|record| record["replay_of"] == *dead).collect();
    assert_eq!(replays.len(), 1, "{fail}");
    assert_eq!(gateway.end_state(replays[0]["update"].as_str().unwrap()).await, "applied");
    assert_eq!(vendor.applied(1), [1], "{fail}");
    gateway.stopped().await;
}

#[tokio::test]
async fn what_names_no_point_is_refused_at_the_start() {
    let vendor = Vendor::start().await;
    let (home, setup) = (tempdir().unwrap(), Setup::new(&vendor));
    for (fail, says) in [
        ("nowhere:kill", "`nowhere` is no point"),
        ("before_send", "must be point:kill or point:stop"),
        ("before_send:explode", "must be point:kill or point:stop"),
        ("before_send:kill:0", "a number of 1 or more"),
        ("before_send:kill:1:2", "a number of 1 or more"),
    ] {
        let (status, said) = ends_at_start(home.path(), &setup, fail).await;
        assert!(!status.success() && said.contains(says), "{fail}: {status} {said}");
    }
}

/// Kills at any moment; `KILLS` says how many, and `just kills` does it for long.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_accepted_is_lost_or_reordered_when_the_process_is_killed_at_any_moment() {
    let kills = std::env::var_os("KILLS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(30_usize);
    let vendor = Vendor::start().await;
    vendor.answers(|_| match fastrand::u8(..20) {
        0 => Answer::Slow(Duration::from_millis(fastrand::u64(..40)), Box::new(Answer::Ok)),
        _ => Answer::Slow(Duration::from_millis(fastrand::u64(..4)), Box::new(Answer::Ok)),
    });
    let setup = Setup::new(&vendor);
    let mut callers: Vec<_> = (1..=ASSISTANTS).map(Caller::new).collect();
    let (mut home, mut created) = (tempdir().unwrap(), Vec::new());
    for kill in 0..kills {
        let gateway = Gateway::start_in(home, &setup, "").await;
        let key = format!("created-{kill}");
        {
            let load = join_all(callers.iter_mut().map(|caller| caller.run(&gateway, u64::MAX)));
            let creation = create(&gateway, &key);
            let work = futures_util::future::join(load, creation);
            let end = tokio::time::sleep(Duration::from_millis(fastrand::u64(2..150))); // the moment of its death
            pin_mut!(work, end);
            let work = match select(work, end).await {
                futures_util::future::Either::Left(_) => panic!("the gateway has ended by itself"),
                futures_util::future::Either::Right(((), work)) => work,
            };
            gateway.process.signal("KILL");
            created.push((key.clone(), work.await.1));
        }
        gateway.process.ended().await;
        home = gateway.home;
    }
    let gateway = Gateway::start_in(home, &setup, "").await;
    for caller in &mut callers {
        caller.check(&gateway, &vendor, kills).await;
    }
    for (key, first) in &created {
        let again = create(&gateway, key).await.unwrap();
        if let Ok(first) = first {
            assert_eq!((first.status, &first.body), (again.status, &again.body), "{key}");
        }
    }
    let arrivals = vendor.arrivals();
    for (key, _) in &created {
        let count = arrivals.iter().filter(|arrival| arrival.body["assistant_name"] == **key).count();
        assert!(count <= 1, "{key}: {count} creations");
    }
    let changes: usize = (1..=ASSISTANTS).map(|id| vendor.applied(id).len()).sum();
    println!("{kills} kills, {changes} changes applied");
    gateway.stopped().await;
}
