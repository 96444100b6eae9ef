//! Idempotency keys.

use super::admit;
use crate::store::conformance::Place;
use crate::store::conformance::samples::*;
use crate::store::{Admission, Admitted, KeyState, KeyUse, State};

pub(in crate::store) async fn a_key_in_use_stores_nothing_and_says_what_became_of_its_request(place: &Place) {
    let (store, first, second) = (&place.store, record(1), record(2));
    let use_ = key("a", 0);
    assert_eq!(store.look_up(use_.clone()).await, Ok(None));
    assert_eq!(store.admit(keyed(&first, &use_)).await, Ok(as_stored(&first)));
    let under_way = KeyState::InProgress(first.id);
    assert_eq!(store.look_up(use_.clone()).await, Ok(Some(under_way.clone())));
    assert_eq!(store.admit(keyed(&second, &use_)).await, Ok(Admitted::Known(under_way.clone())));
    let other = KeyUse { fingerprint: [8; 32], ..use_.clone() };
    assert_eq!(store.look_up(other.clone()).await, Ok(Some(KeyState::OtherRequest)));
    assert_eq!(store.admit(keyed(&second, &other)).await, Ok(Admitted::Known(KeyState::OtherRequest)));
    assert_eq!(store.record(second.id).await, Ok(None));
    assert_eq!(store.bodies(vec![second.id]).await, Ok(vec![None]));
    // However late: the first request is not over.
    let late = KeyUse { now: at(i64::from(u32::MAX)), ..use_ };
    assert_eq!(store.admit(keyed(&second, &late)).await, Ok(Admitted::Known(under_way)));
}

pub(in crate::store) async fn keys_belong_to_one_client(place: &Place) {
    let store = &place.store;
    for (number, client) in [(1, Some("crm")), (2, Some("shop")), (3, None), (4, Some("")), (5, Some("="))] {
        let use_ = KeyUse { client: client.map(Into::into), ..key("a", 0) };
        assert_eq!(store.admit(keyed(&record(number), &use_)).await, Ok(as_stored(&record(number))), "{client:?}");
    }
    assert_eq!(store.admit(keyed(&record(6), &key("A", 0))).await, Ok(as_stored(&record(6))), "keys differ by case");
}

pub(in crate::store) async fn an_ended_key_answers_until_its_time_is_over(place: &Place) {
    let (store, first, use_) = (&place.store, record(1), key("a", 0));
    store.admit(keyed(&first, &use_)).await.unwrap();
    store.finish(vec![keeping(&first, State::Applied, 100)]).await.unwrap();
    let ended = KeyState::Ended { id: first.id, answer: answer("for the key"), unknown: None };
    assert_eq!(store.look_up(KeyUse { now: at(1_099), ..use_.clone() }).await, Ok(Some(ended.clone())));
    assert_eq!(store.admit(keyed(&record(2), &key("a", 1_099))).await, Ok(Admitted::Known(ended)));
    let other = KeyUse { fingerprint: [0; 32], ..key("a", 1_099) };
    assert_eq!(store.look_up(other).await, Ok(Some(KeyState::OtherRequest)));
    assert_eq!(store.look_up(key("a", 1_100)).await, Ok(None));
    let second = record(3);
    let changed = KeyUse { fingerprint: [9; 32], ..key("a", 1_100) };
    assert_eq!(store.admit(keyed(&second, &changed)).await, Ok(as_stored(&second)));
    // The end of the first one again is none of the second.
    store.finish(vec![keeping(&first, State::Applied, 2_000)]).await.unwrap();
    assert_eq!(store.look_up(changed).await, Ok(Some(KeyState::InProgress(second.id))));
}

pub(in crate::store) async fn a_key_is_free_after_an_ending_that_keeps_no_answer(place: &Place) {
    let (store, first, use_) = (&place.store, record(1), key("a", 0));
    store.admit(keyed(&first, &use_)).await.unwrap();
    store.finish(vec![ending(&first, State::Failed, 100)]).await.unwrap();
    assert_eq!(store.look_up(use_.clone()).await, Ok(None));
    let second = record(2);
    assert_eq!(store.admit(keyed(&second, &use_)).await, Ok(as_stored(&second)));
    store.cancel(second.id, at(200), false).await.unwrap().unwrap();
    assert_eq!(store.look_up(use_).await, Ok(None));
}

pub(in crate::store) async fn a_key_of_an_unknown_outcome_is_taken_again_only_by_name(place: &Place) {
    let (store, first, use_) = (&place.store, record(1), key("a", 0));
    store.admit(keyed(&first, &use_)).await.unwrap();
    store.finish(vec![keeping(&first, State::Unknown, 100)]).await.unwrap();
    let ended = KeyState::Ended { id: first.id, answer: answer("for the key"), unknown: Some(1) };
    let again = |number, again| Admission { again, ..keyed(&record(number), &use_) };
    assert_eq!(store.admit(again(2, None)).await, Ok(Admitted::Known(ended.clone())));
    assert_eq!(store.admit(again(3, Some(record(9).id))).await, Ok(Admitted::Known(ended)));
    let other = Admission { key: Some(KeyUse { fingerprint: [1; 32], ..use_.clone() }), ..again(4, Some(first.id)) };
    assert_eq!(store.admit(other).await, Ok(Admitted::Known(KeyState::OtherRequest)));
    let second = again(5, Some(first.id));
    assert_eq!(store.admit(second.clone()).await, Ok(as_stored(&second.record)));
    assert_eq!(store.look_up(use_.clone()).await, Ok(Some(KeyState::InProgress(second.record.id))));
    // Two that send it again: one is first.
    let under_way = KeyState::InProgress(second.record.id);
    assert_eq!(store.admit(again(6, Some(first.id))).await, Ok(Admitted::Known(under_way)));
    store.finish(vec![keeping(&second.record, State::Applied, 200)]).await.unwrap();
    let ended = KeyState::Ended { id: second.record.id, answer: answer("for the key"), unknown: None };
    assert_eq!(store.look_up(use_.clone()).await, Ok(Some(ended.clone())));
    // What is known is not sent again.
    assert_eq!(store.admit(again(7, Some(second.record.id))).await, Ok(Admitted::Known(ended)));
    admit(&**store, &record(8)).await;
}
