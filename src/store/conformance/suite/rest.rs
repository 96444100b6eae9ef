//! Callbacks, sweeping, numbers, and the end.

use super::{admit, ended};
use crate::store::conformance::Place;
use crate::store::conformance::samples::*;
use crate::store::{CallbackTried, Ending, Filter, Record, RecordsOf, State, StoreError, UpdateId};

pub(in crate::store) async fn callbacks_wait_until_they_arrive_or_are_given_up(place: &Place) {
    let store = &place.store;
    let [first, second, third, silent, other] = [1, 2, 3, 4, 5].map(record);
    let (silent, other) = (Record { client: None, ..silent }, Record { client: Some("shop".into()), ..other });
    assert_eq!(store.callback_clients().await, Ok(Vec::new()));
    let ends = [(&first, 30, true), (&second, 10, true), (&third, 5, false), (&silent, 5, true), (&other, 20, true)];
    for (row, millis, callback) in ends {
        admit(&**store, row).await;
        store.finish(vec![Ending { callback, ..ending(row, State::Applied, millis) }]).await.unwrap();
    }
    let due = async |client: &str, limit| {
        let due = store.callbacks_of(client.into(), limit).await.unwrap();
        assert!(due.iter().all(|due| due.client == client));
        due.into_iter().map(|due| (due.id, due.tries, due.due_at)).collect::<Vec<_>>()
    };
    assert_eq!(store.figures().callbacks_waiting, 3);
    assert_eq!(store.callback_clients().await, Ok(vec!["crm".into(), "shop".into()]));
    assert_eq!(due("shop", 9).await, [(other.id, 0, at(20))]);
    assert_eq!(due("nobody", 9).await, []);
    assert_eq!(due("crm", 9).await, [(second.id, 0, at(10)), (first.id, 0, at(30))]);
    assert_eq!(due("crm", 1).await, [(second.id, 0, at(10))]);
    store.callback_tried(CallbackTried::Again(second.id, at(40))).await.unwrap();
    assert_eq!(due("crm", 9).await, [(first.id, 0, at(30)), (second.id, 1, at(40))]);
    store.callback_tried(CallbackTried::Delivered(first.id)).await.unwrap();
    store.callback_tried(CallbackTried::Again(first.id, at(0))).await.unwrap();
    store.callback_tried(CallbackTried::Delivered(first.id)).await.unwrap();
    assert_eq!(due("crm", 9).await, [(second.id, 1, at(40))]);
    store.callback_tried(CallbackTried::GivenUp(second.id)).await.unwrap();
    store.callback_tried(CallbackTried::GivenUp(second.id)).await.unwrap();
    assert_eq!(due("crm", 9).await, []);
    assert_eq!(store.callback_clients().await, Ok(vec!["shop".into()]));
    store.callback_tried(CallbackTried::Delivered(other.id)).await.unwrap();
    let figures = store.figures();
    assert_eq!((figures.callbacks_waiting, figures.callbacks_given_up), (0, 1));
}

pub(in crate::store) async fn a_sweep_removes_what_is_old_and_nothing_else(place: &Place) {
    let store = &place.store;
    let waits = record(1);
    store.admit(keyed(&waits, &key("waits", 0))).await.unwrap();
    for (number, name) in [(2, "old"), (3, "new")] {
        let row = record(number);
        store.admit(keyed(&row, &key(name, 0))).await.unwrap();
        store.finish(vec![keeping(&row, State::Applied, i64::try_from(number).unwrap() * 100)]).await.unwrap();
    }
    for number in 4..=1_500 {
        store.note(Record { updated_at: at(0), ..noted(number, State::Failed) }, None).await.unwrap();
    }
    let mut rounds = 0;
    while store.sweep(at(1_200), at(300)).await.unwrap() {
        rounds += 1;
        assert!(rounds < 100);
    }
    let left = store.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
    assert_eq!(left.records.iter().map(|record| record.number).collect::<Vec<_>>(), [3, 1]);
    let state = async |name| store.look_up(key(name, 0)).await.unwrap().is_some();
    assert_eq!((state("waits").await, state("old").await, state("new").await), (true, false, true));
    assert_eq!(store.sweep(at(1_200), at(300)).await, Ok(false));
    assert_eq!(store.next_number(), 1_501);
}

pub(in crate::store) async fn numbers_go_on_after_the_greatest(place: &Place) {
    let store = &place.store;
    assert_eq!(store.next_number(), 1);
    admit(&**store, &record(70)).await;
    admit(&**store, &record(7)).await;
    assert_eq!(store.next_number(), 71);
    let row = noted(80, State::Applied);
    store.note(row.clone(), None).await.unwrap();
    store.record(row.id).await.unwrap();
    assert_eq!(store.next_number(), 81);
}

pub(in crate::store) async fn a_statement_is_carried_out_though_nobody_waits(place: &Place) {
    let (store, row) = (&place.store, record(1));
    drop(store.admit(admission(&row)));
    drop(store.start(vec![row.id], at(1), None));
    drop(store.note(noted(2, State::Applied), None));
    drop(store.finish(vec![ending(&row, State::Applied, 2)]));
    // One more, so that what came before is done.
    ended(&**store, 3, State::Refused).await;
    let page = store.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
    let states: Vec<_> = page.records.iter().map(|record| record.state).collect();
    assert_eq!(states, [State::Refused, State::Applied, State::Applied]);
}

pub(in crate::store) async fn a_closed_store_refuses_everything(place: &Place) {
    let (store, row) = (&place.store, record(1));
    admit(&**store, &row).await;
    assert_eq!(store.close().await, Ok(()));
    assert_eq!(store.admit(admission(&record(2))).await, Err(StoreError::Closed));
    assert_eq!(store.note(noted(3, State::Applied), None).await, Err(StoreError::Closed));
    assert_eq!(store.record(row.id).await, Err(StoreError::Closed));
    assert_eq!(
        store.list(Filter { owner: RecordsOf::All, limit: 1, ..Filter::default() }).await,
        Err(StoreError::Closed)
    );
    assert_eq!(store.start(vec![UpdateId::generate()], at(1), None).await, Err(StoreError::Closed));
    assert_eq!(store.close().await, Err(StoreError::Closed));
}
