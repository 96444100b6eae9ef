//! Numbers follow the commits, and statements the calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::store::Timestamp;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_of_a_line_follow_what_was_answered_before() {
    let Some(database) = database().await else { return };
    let replicas = [Arc::new(Replica::join(&database).await), Arc::new(Replica::join(&database).await)];
    let last: Arc<[std::sync::atomic::AtomicU64; 3]> = Arc::default();
    let callers = (0..24_usize).map(|caller| {
        let (replica, last) = (replicas[caller % 2].clone(), last.clone());
        async move {
            for turn in 0..20 {
                let line = (caller + turn) % 3;
                let row = of_line(&line.to_string(), 1);
                let row = Record { state: State::Queued, ..row };
                // Whoever has seen a number of the line gets a greater one.
                let seen = last[line].load(std::sync::atomic::Ordering::SeqCst);
                let admission = match caller % 3 {
                    0 => Admission { key: Some(key(&format!("{caller} {turn}"), 0)), ..replica.admission(&row) },
                    _ => replica.admission(&row),
                };
                let number = stored(replica.store.admit(admission).await.unwrap()).number;
                assert!(number > seen, "{number} after {seen}");
                last[line].fetch_max(number, std::sync::atomic::Ordering::SeqCst);
            }
        }
    });
    callers.collect::<tokio::task::JoinSet<()>>().join_all().await;
    let mut of_line: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in replicas[0].store.tickets().await.unwrap() {
        of_line.entry(record.vendor_id.unwrap()).or_default().push(record.number);
    }
    for (line, numbers) in of_line {
        assert_eq!(numbers.len(), 160);
        let sql = format!("select open || ' ' || (number = {}) from line where id = '{line}'", numbers.last().unwrap());
        assert_eq!(query(&database, &sql).await, ["160 true"]);
    }
    let figures = replicas[0].store.figures();
    assert_eq!((figures.failures, figures.failing, figures.waiting), (0, None, 0));
    assert!(figures.commits < 240, "{} commits for 240 changes: nothing was gathered", figures.commits);
}

#[tokio::test]
async fn what_is_called_first_is_carried_out_first_though_nobody_waits() {
    let Some(database) = database().await else { return };
    let replica = Replica::join(&database).await;
    // Of many lines, so that both writers have some.
    for number in 1..40_u64 {
        let [one, two] = [0, 1].map(|more| of_line(&number.to_string(), number + more));
        drop(replica.store.admit(replica.admission(&one)));
        drop(replica.store.admit(replica.admission(&two)));
        drop(replica.store.start(vec![one.id], at(1), Some(replica.id)));
        drop(replica.store.finish(vec![Ending { is_lax: true, ..replica.ending(&one, State::Applied) }]));
        let started = replica.store.start(vec![two.id], at(2), Some(replica.id));
        drop(replica.store.release(vec![line_of(&one)], replica.id));
        let late = replica.store.finish(vec![replica.ending(&two, State::Applied)]);
        assert_eq!(started.await, Ok(true), "{number}");
        assert_eq!(late.await, Ok(vec![crate::store::Finished::NotOwned]), "{number}");
        assert_eq!(replica.store.record(one.id).await.unwrap().unwrap().state, State::Applied);
    }
}

/// A database that crashes may lose an end that it has confirmed without waiting for the disk. What comes next in the line is
/// not started then, as the older one is sent again.
#[tokio::test]
async fn nothing_is_started_before_an_older_ticket_of_its_line() {
    let Some(database) = database().await else { return };
    let replica = Replica::join(&database).await;
    let [one, two, three] = [1, 2, 3].map(|number| of_line("7", number));
    let other = of_line("8", 4);
    for row in [&one, &two, &three, &other] {
        replica.admit(row).await;
    }
    let start =
        |rows: &[&Record]| replica.store.start(rows.iter().map(|row| row.id).collect(), at(1), Some(replica.id));
    assert_eq!(start(&[&two]).await, Ok(false));
    assert_eq!(start(&[&two, &three]).await, Ok(false));
    assert_eq!(start(&[&other]).await, Ok(true));
    assert_eq!(start(&[&one, &two]).await, Ok(true));
    assert_eq!(start(&[&three]).await, Ok(false), "those before it are under way");
    replica
        .store
        .finish(vec![replica.ending(&one, State::Applied), replica.ending(&two, State::Applied)])
        .await
        .unwrap();
    assert_eq!(start(&[&three]).await, Ok(true));
}

#[tokio::test]
async fn statements_that_are_not_prepared_do_the_same() {
    let Some(database) = database().await else { return };
    let replica = Replica::join_with(Settings { prepared: false, connections: 4, ..settings(&database) }).await;
    let rows = [of_line("7", 1), of_line("8", 2)];
    for row in &rows {
        let admission = Admission { key: Some(key(row.vendor_id.as_deref().unwrap(), 0)), ..replica.admission(row) };
        stored(replica.store.admit(admission).await.unwrap());
        assert_eq!(replica.store.start(vec![row.id], at(1), Some(replica.id)).await, Ok(true));
    }
    let ends =
        rows.iter().map(|row| Ending { callback: true, now: Timestamp(1), ..replica.ending(row, State::Applied) });
    let ends = ends.collect();
    let done = crate::store::Finished::Done { left: 0 };
    assert_eq!(replica.store.finish(ends).await, Ok(vec![done, done]));
    assert!(replica.store.beat(replica.id).await.unwrap().callbacks_due);
    assert_eq!(replica.store.look_up(key("7", 0)).await, Ok(None));
    assert_eq!(query(&database, "select count(*) from pg_prepared_statements").await, ["0"]);
    replica.store.close().await.unwrap();
}
