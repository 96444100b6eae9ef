//! A full disk: nothing is lost silently, and memory stays bounded.

use bytes::Bytes;
use futures_util::FutureExt;

use super::open;
use crate::store::conformance::samples::*;
use crate::store::{Record, State, Store, StoreError};

#[tokio::test]
async fn rows_noted_while_the_disk_is_full_are_stored_when_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("switchboard.db"));
    let before = record(1);
    store.admit(admission(&before)).await.unwrap();
    store.fill_disk(true);
    // Free pages take some rows yet.
    let mut rows = Vec::new();
    let body = Bytes::from(vec![7; 256 << 10]);
    let mut waiting = None;
    for number in 2..200 {
        let row = Record { answer: None, ..noted(number, State::Refused) };
        let mut noted = store.note(row.clone(), Some(body.clone()));
        rows.push(row);
        if (&mut noted).now_or_never().is_none() {
            waiting = Some(noted);
            break;
        }
    }
    let waiting = waiting.expect("memory is bounded: a row waits in the end");
    assert!(rows.len() > 50, "{} rows were taken", rows.len());
    let refused = store.admit(admission(&record(500))).await.unwrap_err();
    assert_eq!(refused, StoreError::Failed("there is no space left for the database".into()));
    assert!(matches!(store.newer(line(), 0, Vec::new()).await, Err(StoreError::Failed(_))));
    // What is stored can be read.
    assert_eq!(store.record(before.id).await, Ok(Some(before)));
    let figures = store.figures();
    assert!(figures.failures > 0 && figures.failing.unwrap().contains("no space"));
    store.fill_disk(false);
    waiting.await.unwrap();
    for row in &rows {
        assert_eq!(store.record(row.id).await.as_ref(), Ok(&Some(row.clone())));
    }
    assert_eq!(store.figures().failing, None);
    store.admit(admission(&record(501))).await.unwrap();
    assert_eq!(store.record(rows[0].id).await.unwrap().unwrap().number, 2);
}

#[tokio::test]
async fn closing_with_a_full_disk_says_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    let store = open(&path);
    store.fill_disk(true);
    for number in 1..9 {
        store.note(noted(number, State::Refused), Some(Bytes::from(vec![7; 256 << 10]))).await.unwrap();
    }
    let Err(StoreError::Failed(why)) = store.close().await else { panic!("it closed well") };
    assert!(why.contains("rows of the journal") && why.contains("lost"), "{why}");
    // The file is as it was before.
    open(&path).close().await.unwrap();
}

#[tokio::test]
async fn one_wrong_statement_does_not_spoil_those_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("switchboard.db"));
    let (first, second) = (record(1), record(2));
    let twice = Record { number: 3, ..first.clone() };
    let too_great = Record { number: u64::MAX, ..record(4) };
    let use_ = key("a", 0);
    let all = [
        store.admit(admission(&first)),
        store.admit(keyed(&twice, &use_)),
        store.admit(admission(&too_great)),
        store.admit(admission(&second)),
    ];
    let [one, again, great, two] = futures_util::future::join_all(all).await.try_into().unwrap();
    assert!(one.is_ok() && two.is_ok());
    assert!(matches!(again, Err(StoreError::Failed(_))) && matches!(great, Err(StoreError::Failed(_))));
    assert_eq!(store.look_up(use_).await, Ok(None), "the key of what was not stored is free");
    assert_eq!(store.tickets().await.unwrap().len(), 2);
    assert_eq!(store.figures().failures, 0);
}
