//! What SQLite promises beyond the suite of every store.

mod failing;
mod killed;
mod opening;
mod plans;
mod secrets;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::conformance::samples::*;
use crate::store::{Filter, KeySource, Sqlite, State, Store};

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, KeySource::FileBeside).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_many_callers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    let (store, number) = (Arc::new(open(&path)), Arc::new(AtomicU64::new(1)));
    let callers = (0..64).map(|caller| {
        let (store, number) = (store.clone(), number.clone());
        async move {
            for turn in 0..20 {
                let row = record(number.fetch_add(1, Ordering::Relaxed));
                let use_ = key(&format!("{caller} {turn}"), 0);
                store.admit(keyed(&row, &use_)).await.unwrap();
                assert!(store.start(vec![row.id], at(1), None).await.unwrap());
                if turn % 2 == 0 {
                    store.finish(vec![keeping(&row, State::Applied, 2)]).await.unwrap();
                    assert_eq!(store.record(row.id).await.unwrap().unwrap().state, State::Applied);
                }
                store.note(noted(number.fetch_add(1, Ordering::Relaxed), State::Refused), None).await.unwrap();
            }
        }
    });
    let callers: tokio::task::JoinSet<()> = callers.collect();
    callers.join_all().await;
    // The last rows that were noted are not waited for.
    assert_eq!(store.newer(line(), u64::MAX, Vec::new()).await, Ok(Vec::new()));
    let figures = store.figures();
    assert_eq!((figures.failures, figures.failing, figures.waiting), (0, None, 0));
    assert!(figures.commits > 0 && figures.commit_histogram.iter().map(|(_, count)| count).sum::<u64>() > 0);
    store.close().await.unwrap();
    let store = open(&path);
    let count = async |state| {
        let page = store.list(Filter { states: vec![state], limit: 5_000, ..Filter::default() }).await.unwrap();
        page.records.len()
    };
    assert_eq!((count(State::Applied).await, count(State::Sending).await), (640, 640));
    assert_eq!(count(State::Refused).await, 1_280);
    assert_eq!(store.next_number(), 2_561);
}
