//! Whatever members do to the same lines at the same time, the counts are right and none waits for ever.

use std::sync::Arc;

use super::*;
use crate::store::Finished;

/// One random statement after the other on a few lines.
async fn struggle(replica: &Replica, seed: u64, turns: usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut known: Vec<Record> = Vec::new();
    for turn in 0..turns {
        let name = random.u32(0..5).to_string();
        let row = of_line(&name, 1);
        let one = random.choice(&known).cloned().unwrap_or_else(|| row.clone());
        let other = random.choice(&known).cloned().unwrap_or_else(|| row.clone());
        match random.u32(0..14) {
            0..4 => {
                // The same key in different lines, and in another order elsewhere.
                let key = (random.u32(0..3) == 0).then(|| key(&random.u32(0..6).to_string(), 0));
                let replay_of = (random.u32(0..6) == 0).then_some(one.id);
                let row = Record { replay_of, ..row };
                let admission = Admission { key, ..replica.admission(&row) };
                if let Admitted::Stored(_) = replica.store.admit(admission).await.unwrap() {
                    known.push(row);
                }
            }
            4 => drop(replica.store.start(vec![one.id, other.id], at(1), Some(replica.id)).await.unwrap()),
            5..7 => drop(replica.store.start(vec![one.id], at(1), Some(replica.id)).await.unwrap()),
            7 => {
                let ends = vec![replica.ending(&one, State::Applied), replica.ending(&other, State::Failed)];
                replica.store.finish(ends).await.unwrap();
            }
            8 => {
                let holds = Ending { holds: true, body: Some("b".into()), ..replica.ending(&one, State::Dead) };
                let is_done = replica.store.finish(vec![holds]).await.unwrap() != [Finished::NotOwned];
                assert!(is_done || turn < turns);
            }
            9 => drop(replica.store.cancel(one.id, at(2), true).await.unwrap()),
            10 => drop(replica.store.withdraw(replica.ending(&other, State::Expired)).await.unwrap()),
            11 => {
                replica.store.let_go(line_of(&one), vec![one.id, other.id], replica.id).await.unwrap();
                replica.store.discard(other.id, State::Canceled, at(3)).await.unwrap();
            }
            12 => {
                replica.store.release(vec![line_of(&one), line_of(&other)], replica.id).await.unwrap();
                replica.store.adopt(replica.id, 3).await.unwrap();
            }
            _ => {
                let by = Some(replica.id);
                let ids = vec![one.id, other.id];
                replica.store.postpone(crate::store::Postponement { by, ..postponement(ids, 1) }).await.unwrap();
                replica.store.sweep(at(0), at(0)).await.unwrap();
            }
        }
    }
}

/// A line counts its tickets and the dead ones that hold it up, and has an owner only while it has some.
const WRONG: &str = "select line.scope || '/' || line.id || ': ' || open || ' ' || coalesce(owner::text, '') from line where \
    open <> (select count(*) from ticket where ticket.scope = line.scope and ticket.vendor_id = line.id and place is not null) \
          + (select count(*) from held where held.scope = line.scope and held.vendor_id = line.id) \
    or (open = 0 and owner is not null) \
    union all select 'no line: ' || id from ticket where place is not null \
        and not exists (select 1 from line where line.scope = ticket.scope and line.id = ticket.vendor_id) \
    union all select 'two places: ' || min(place) from (select scope, vendor_id, place from ticket where place is not null \
        union all select scope, vendor_id, place from held) as places group by scope, vendor_id, place having count(*) > 1 \
    union all select 'both: ' || ticket.id from ticket join journal on journal.id = ticket.id \
    union all select 'a key of nothing: ' || key from idem where answer is null and not exists (select 1 from ticket where ticket.id = idem.id)";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_are_right_after_everything_at_once() {
    let Some(database) = database().await else { return };
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(Arc::new(Replica::join(&database).await));
    }
    let seed = fastrand::u64(..);
    let struggles = (0..18_u64).map(|caller| {
        let replica = replicas[usize::try_from(caller % 3).unwrap()].clone();
        async move { struggle(&replica, seed.wrapping_add(caller), 60).await }
    });
    struggles.collect::<tokio::task::JoinSet<()>>().join_all().await;
    assert_eq!(query(&database, WRONG).await, [""; 0], "seed {seed}");
    assert!(query(&database, "select count(*) from journal").await != ["0"]);
    let log = private_postgres::shared().unwrap().log();
    let deadlocks: Vec<_> = log.lines().filter(|line| line.contains("deadlock detected")).collect();
    assert!(deadlocks.is_empty(), "seed {seed}: {deadlocks:?}");
    for replica in &replicas {
        assert_eq!(replica.store.figures().failures, 0, "seed {seed}");
    }
    // The check above would see a wrong count.
    run(&database, "update line set open = open + 1").await;
    assert!(!query(&database, WRONG).await.is_empty());
}
