//! No table shows what is sealed.

use bytes::Bytes;

use super::*;
use crate::store::{KeyEnd, Postponement, StoreError};

/// All rows of all tables as text.
async fn everything(database: &Database) -> String {
    let tables =
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'";
    let mut all = String::new();
    for table in query(database, tables).await {
        // Blobs are shown as bytes, so that a text inside would be seen.
        let rows = query(database, &format!("set bytea_output = escape; select t::text from {table} as t")).await;
        all.push_str(&rows.concat());
    }
    all
}

#[tokio::test]
async fn no_table_shows_a_body_an_answer_or_a_problem() {
    let Some(database) = database().await else { return };
    let replica = Replica::join(&database).await;
    let canary = |place: &str| Bytes::from(format!("CANARY-{place}"));
    let [waits, dead] = [1, 2].map(record);
    for (row, key) in [(&waits, None), (&dead, Some(key("a", 0)))] {
        let admission = Admission { body: canary("ticket"), key, ..replica.admission(row) };
        stored(replica.store.admit(admission).await.unwrap());
    }
    let by = Some(replica.id);
    replica.store.start(vec![waits.id, dead.id], at(1), by).await.unwrap();
    let changes = vec![(waits.id, canary("problem"))];
    replica.store.postpone(Postponement { changes, by, ..postponement(vec![waits.id], 2) }).await.unwrap();
    let end = Ending {
        body: Some(canary("journal")),
        problem: Some(canary("last")),
        answer: Some(answer("CANARY-answer")),
        key: Some(KeyEnd { answer: answer("CANARY-key"), kept: Duration::from_secs(9), unknown: None }),
        reply: Some(answer("CANARY-reply")),
        ..replica.ending(&dead, State::Dead)
    };
    replica.store.finish(vec![end]).await.unwrap();
    let row = Record { problem: Some(canary("noted")), answer: Some(answer("CANARY-noted")), ..record(3) };
    replica.store.note(row, Some(canary("note"))).await.unwrap();
    assert_eq!(replica.store.bodies(vec![dead.id]).await, Ok(vec![Some(canary("journal"))]));
    let all = everything(&database).await;
    assert!(!all.contains("CANARY"));
    // What is not sealed is there, so the right tables were read.
    assert!(all.contains("sales-bot") && all.contains(&dead.request_id));
    run(&database, "insert into seal_key values ('\\x01', 'CANARY')").await;
    assert!(everything(&database).await.contains("CANARY"));
}

#[tokio::test]
async fn a_blob_in_another_place_is_refused() {
    let Some(database) = database().await else { return };
    let replica = Replica::join(&database).await;
    let [first, second] = [1, 2].map(record);
    replica.admit(&first).await;
    replica.admit(&second).await;
    let (one, two) = (first.id, second.id);
    run(
        &database,
        &format!("update ticket set body = (select body from ticket where id = '{two}') where id = '{one}'"),
    )
    .await;
    let refused = |answer: StoreError| matches!(answer, StoreError::Unreadable(why) if why.contains("damaged"));
    assert!(refused(replica.store.bodies(vec![first.id]).await.unwrap_err()));
    assert!(replica.store.bodies(vec![second.id]).await.is_ok());
}
