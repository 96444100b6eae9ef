//! No file of a store shows what is sealed.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::open;
use crate::store::conformance::samples::*;
use crate::store::{Admission, Ending, KeyEnd, Postponement, Record, State, Store, StoreError};

/// All bytes of all files of a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

fn shows(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn no_file_shows_a_body_an_answer_or_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    let store = open(&path);
    let canary = |place: &str| Bytes::from(format!("CANARY-{place}"));
    let [waits, dead] = [1, 2].map(record);
    let use_ = key("a", 0);
    for (row, key) in [(&waits, None), (&dead, Some(use_))] {
        let admission = Admission { body: canary("ticket"), key, ..admission(row) };
        store.admit(admission).await.unwrap();
    }
    store.start(vec![waits.id, dead.id], at(1), None).await.unwrap();
    let changes = vec![(waits.id, canary("problem"))];
    store.postpone(Postponement { changes, ..postponement(vec![waits.id], 2) }).await.unwrap();
    let end = Ending {
        body: Some(canary("journal")),
        problem: Some(canary("last")),
        answer: Some(answer("CANARY-answer")),
        key: Some(KeyEnd { answer: answer("CANARY-key"), kept: std::time::Duration::from_secs(9), unknown: None }),
        ..ending(&dead, State::Dead, 3)
    };
    store.finish(vec![end]).await.unwrap();
    let row = Record { problem: Some(canary("noted")), answer: Some(answer("CANARY-noted")), ..record(3) };
    store.note(row, Some(canary("note"))).await.unwrap();
    store.tickets().await.unwrap();
    let while_open = bytes_below(folder.path());
    store.close().await.unwrap();
    for bytes in [while_open, bytes_below(folder.path())] {
        assert!(!shows(&bytes, "CANARY"));
        // What is not sealed is there, so the files that were read are the right ones.
        assert!(shows(&bytes, "sales-bot") && shows(&bytes, &dead.request_id));
    }
    let store = open(&path);
    assert_eq!(store.bodies(vec![dead.id]).await, Ok(vec![Some(canary("journal"))]));
}

#[tokio::test]
async fn a_blob_in_another_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    let store = open(&path);
    let [first, second] = [1, 2].map(record);
    store.admit(admission(&first)).await.unwrap();
    store.admit(admission(&second)).await.unwrap();
    store.close().await.unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute("update ticket set body = (select body from ticket where number = 2) where number = 1", [])
        .unwrap();
    database.execute("update ticket set problem = body where number = 2", []).unwrap();
    drop(database);
    let store = open(&path);
    let refused = |answer: StoreError| matches!(answer, StoreError::Unreadable(why) if why.contains("damaged"));
    assert!(refused(store.bodies(vec![first.id]).await.unwrap_err()));
    assert!(refused(store.record(second.id).await.unwrap_err()));
    assert!(store.bodies(vec![second.id]).await.is_ok() && store.record(first.id).await.is_ok());
}
