//! A server that is gone, frozen, or ends connections.

use std::time::{Duration, Instant};

use private_postgres::{Options, Server, Stop};

use super::*;
use crate::store::StoreError;

const SHORT: Duration = Duration::from_millis(700);

async fn own(options: &Options) -> Option<(Server, Database)> {
    let server = Server::start(options)?;
    let database = server.database().await;
    Some((server, database))
}

fn is_failed<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Failed(_)))
}

fn is_unknown<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unknown(_)))
}

/// Repeats until it succeeds: the connection is made again.
async fn until_back(replica: &Replica) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while replica.store.beat(replica.id).await.is_err() || replica.store.record(record(1).id).await.is_err() {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn connections_that_are_ended_are_made_again() {
    let Some(database) = database().await else { return };
    let replica = Replica::join(&database).await;
    let mut outcomes = [0; 3];
    for round in 0..20 {
        let rows: Vec<_> = (0..20).map(|number| of_line(&number.to_string(), number + 1)).collect();
        let admissions: Vec<_> = rows.iter().map(|row| replica.store.admit(replica.admission(row))).collect();
        let kill = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}' and pid <> pg_backend_pid()",
            database.name
        );
        if round % 2 == 0 {
            query(&database, &kill).await;
        }
        for (row, admission) in rows.iter().zip(admissions) {
            let answer = admission.await;
            let (at, may_be_there) = match &answer {
                Ok(Admitted::Stored(_)) => (0, vec![true]),
                Err(StoreError::Failed(_)) => (1, vec![false]),
                Err(StoreError::Unknown(_)) => (2, vec![true, false]),
                other => panic!("{other:?}"),
            };
            outcomes[at] += 1;
            let sql = format!("select count(*) from ticket where id = '{}'", row.id);
            let is_there = query(&database, &sql).await == ["1"];
            assert!(may_be_there.contains(&is_there), "{answer:?}");
        }
    }
    assert!(outcomes[0] > 200, "{outcomes:?}");
    until_back(&replica).await;
    assert_eq!(replica.store.figures().failing, None);
}

#[tokio::test]
async fn a_frozen_server_is_not_waited_for() {
    let Some((server, database)) = own(&Options::default()).await else { return };
    let replica = Replica::join_with(Settings { timeout: SHORT, ..settings(&database) }).await;
    let [one, two] = [of_line("7", 1), of_line("7", 2)];
    replica.admit(&one).await;
    until_back(&replica).await;
    server.freeze();
    let (sent, later) = (replica.store.admit(replica.admission(&two)), replica.store.record(one.id));
    let start = Instant::now();
    let sent = sent.await;
    assert!(is_unknown(&sent), "{sent:?}");
    let later = later.await;
    assert!(is_failed(&later), "{later:?}");
    assert!(is_failed(&replica.store.beat(replica.id).await) || start.elapsed() < SHORT * 20);
    // What was never sent is not stored.
    let third = of_line("7", 3);
    let answer = replica.store.admit(replica.admission(&third)).await;
    assert!(is_failed(&answer), "{answer:?}");
    assert!(replica.store.figures().failing.is_some());
    server.thaw();
    until_back(&replica).await;
    assert_eq!(replica.store.record(third.id).await, Ok(None));
}

#[tokio::test]
async fn what_is_noted_outlives_an_outage() {
    let Some((server, database)) = own(&Options::durable()).await else { return };
    let replica = Replica::join_with(Settings { timeout: SHORT, ..settings(&database) }).await;
    until_back(&replica).await;
    server.stop(Stop::Immediate);
    let rows: Vec<_> = (1..=700).map(|number| noted(number, State::Applied)).collect();
    for row in &rows {
        replica.store.note(row.clone(), None).await.unwrap();
    }
    let answer = replica.store.admit(replica.admission(&of_line("7", 1))).await;
    assert!(is_failed(&answer), "{answer:?}");
    assert!(is_failed(&replica.store.record(rows[0].id).await));
    assert!(replica.store.has_room() && replica.store.figures().waiting >= 700);
    server.start_again();
    until_back(&replica).await;
    for row in [&rows[0], &rows[699]] {
        while replica.store.figures().waiting > 0 {
            replica.store.record(row.id).await.unwrap();
        }
        assert_eq!(replica.store.record(row.id).await, Ok(Some(row.clone())));
    }
    assert_eq!(server.query(&database.name, "select count(*) from journal").await, ["700"]);
    assert_eq!(replica.store.close().await, Ok(()));
}

#[tokio::test]
async fn what_is_noted_is_not_lost_in_silence() {
    let Some((server, database)) = own(&Options::default()).await else { return };
    let replica = Replica::join_with(Settings { timeout: SHORT, ..settings(&database) }).await;
    until_back(&replica).await;
    server.stop(Stop::Immediate);
    replica.store.note(noted(1, State::Applied), None).await.unwrap();
    let closed = replica.store.close().await;
    assert!(matches!(&closed, Err(StoreError::Failed(why)) if why.starts_with("1 rows")), "{closed:?}");
}

#[tokio::test]
async fn one_that_is_refused_does_not_take_others_with_it() {
    let Some(database) = database().await else { return };
    let replica = Replica::join(&database).await;
    let (twice, others) = (of_line("7", 1), (2..12).map(|number| of_line("7", number)).collect::<Vec<_>>());
    replica.admit(&twice).await;
    let mut answers = vec![replica.store.admit(replica.admission(&twice))];
    answers.extend(others.iter().map(|row| replica.store.admit(replica.admission(row))));
    let mut answers = answers.into_iter();
    let refused = answers.next().unwrap().await;
    assert!(matches!(&refused, Err(StoreError::Failed(why)) if why.contains("stored already")), "{refused:?}");
    for answer in answers {
        assert!(matches!(answer.await, Ok(Admitted::Stored(_))));
    }
    assert_eq!(query(&database, "select open from line").await, ["11"]);
}
