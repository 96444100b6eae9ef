//! Tickets, from their admission to their end.

use bytes::Bytes;

use super::{admit, ended, stored};
use crate::store::conformance::Place;
use crate::store::conformance::samples::*;
use crate::store::{Admission, Created, Ending, Filter, Line, Mode, Postponement, Record, State, UpdateId};
use crate::value::AssistantOperation;

pub(in crate::store) async fn a_ticket_is_read_as_it_was_written(place: &Place) {
    let store = &place.store;
    let full = Record {
        request_id: "grün \0 \u{1F600}".into(),
        state: State::Sending,
        mode: Mode::Keyed,
        operation: AssistantOperation::Copy,
        attempts: u32::MAX,
        next_attempt_at: Some(at(5)),
        doubted_at: Some(at(-5)),
        sent_with: vec![UpdateId::generate(), UpdateId::generate()],
        replay_of: Some(UpdateId::generate()),
        answer: Some(answer("\0")),
        problem: Some(Bytes::new()),
        ..record(1)
    };
    let bare = Record {
        request_id: String::new(),
        vendor_id: None,
        scope: None,
        client: None,
        fields: Vec::new(),
        answer: Some(crate::store::Answer { status: 599, headers: Vec::new(), body: None }),
        ..record(u64::from(u32::MAX))
    };
    let bodies = [Bytes::new(), Bytes::from(vec![0xFF; 3 << 20])];
    for (record, body) in [&full, &bare].into_iter().zip(&bodies) {
        store.admit(Admission { body: body.clone(), ..admission(record) }).await.unwrap();
    }
    assert_eq!(stored(&**store, &full).await, full);
    assert_eq!(stored(&**store, &bare).await, bare);
    let found = store.bodies(vec![full.id, bare.id]).await.unwrap();
    assert!(found == bodies.clone().map(Some));
    for (record, body) in [full, bare].into_iter().zip(bodies) {
        assert!(store.ticket(record.id).await.unwrap() == Some((record, body)));
    }
    assert_eq!(store.ticket(UpdateId::generate()).await, Ok(None));
    assert_eq!(store.record(UpdateId::generate()).await, Ok(None));
}

pub(in crate::store) async fn tickets_start_all_or_none(place: &Place) {
    let store = &place.store;
    let (first, second) = (Record { next_attempt_at: Some(at(9)), ..record(1) }, record(2));
    admit(&**store, &first).await;
    admit(&**store, &second).await;
    let gone = ended(&**store, 3, State::Applied).await;
    assert_eq!(store.start(vec![first.id, second.id, gone.id], at(10), None).await, Ok(false));
    assert_eq!(store.start(vec![first.id, UpdateId::generate()], at(10), None).await, Ok(false));
    assert_eq!(stored(&**store, &first).await, first);
    assert_eq!(store.start(vec![first.id], at(10), None).await, Ok(true));
    let sending = Record { state: State::Sending, updated_at: at(10), next_attempt_at: None, ..first.clone() };
    assert_eq!(stored(&**store, &first).await, sending);
    assert_eq!(store.start(vec![first.id, second.id], at(20), None).await, Ok(true));
    assert_eq!(stored(&**store, &first).await, sending, "it was sending already");
    assert_eq!(stored(&**store, &second).await.state, State::Sending);
    assert_eq!(store.start(Vec::new(), at(30), None).await, Ok(true));
}

pub(in crate::store) async fn only_what_is_sending_is_postponed(place: &Place) {
    let (store, first, second) = (&place.store, record(1), record(2));
    admit(&**store, &first).await;
    admit(&**store, &second).await;
    store.start(vec![first.id], at(10), None).await.unwrap();
    let doubting = Postponement { doubted_at: Some(at(19)), ..postponement(vec![first.id, second.id], 20) };
    store.postpone(doubting).await.unwrap();
    let waits = Record {
        attempts: 2,
        updated_at: at(20),
        next_attempt_at: Some(at(520)),
        problem: Some(Bytes::from_static(b"{\"code\":\"vendor_error\"}")),
        doubted_at: Some(at(19)),
        ..first.clone()
    };
    assert_eq!(stored(&**store, &first).await, waits);
    assert_eq!(stored(&**store, &second).await, second);
    store.start(vec![first.id], at(30), None).await.unwrap();
    store.postpone(postponement(vec![first.id, UpdateId::generate()], 40)).await.unwrap();
    let again = stored(&**store, &first).await;
    assert_eq!((again.attempts, again.doubted_at, again.state), (4, Some(at(19)), State::Queued));
}

pub(in crate::store) async fn an_end_moves_a_ticket_once(place: &Place) {
    let (store, first, second) = (&place.store, record(1), record(2));
    admit(&**store, &first).await;
    admit(&**store, &second).await;
    store.start(vec![first.id, second.id], at(5), None).await.unwrap();
    store.postpone(Postponement { doubted_at: Some(at(6)), ..postponement(vec![first.id], 6) }).await.unwrap();
    let end = Ending {
        problem: Some(Bytes::from_static(b"{}")),
        sent_with: vec![second.id],
        body: Some(Bytes::from_static(b"all of it")),
        callback: true,
        ..ending(&first, State::Dead, 10)
    };
    let other = Ending { doubted_at: Some(at(9)), ..ending(&second, State::Superseded, 10) };
    store.finish(vec![end.clone(), ending(&record(7), State::Applied, 10), other]).await.unwrap();
    let dead = Record {
        state: State::Dead,
        attempts: 3,
        updated_at: at(10),
        next_attempt_at: None,
        doubted_at: Some(at(6)),
        sent_with: vec![second.id],
        answer: Some(answer("the answer")),
        problem: Some(Bytes::from_static(b"{}")),
        ..first.clone()
    };
    assert_eq!(stored(&**store, &first).await, dead);
    let superseded = stored(&**store, &second).await;
    assert_eq!((superseded.state, superseded.problem, superseded.doubted_at), (State::Superseded, None, Some(at(9))));
    assert_eq!(store.bodies(vec![first.id, second.id]).await, Ok(vec![Some("all of it".into()), None]));
    assert_eq!(store.tickets().await, Ok(Vec::new()));
    // Once more, otherwise.
    store.finish(vec![Ending { state: State::Applied, ..end }]).await.unwrap();
    assert_eq!(stored(&**store, &first).await, dead);
    assert_eq!(store.callbacks_of("crm".into(), 10).await.unwrap().len(), 1);
    assert_eq!(store.start(vec![first.id], at(20), None).await, Ok(false));
    assert_eq!(store.cancel(first.id, at(20), false).await, Ok(None));
}

pub(in crate::store) async fn an_end_says_what_was_created(place: &Place) {
    let store = &place.store;
    let creation = Record {
        operation: AssistantOperation::Create,
        assistant: "sondos".into(),
        vendor_id: None,
        scope: None,
        ..record(1)
    };
    admit(&**store, &creation).await;
    let line = Line { scope: "sondos".into(), id: "12".into() };
    let created = Some(Created { assistant: "sondos:12".into(), line: line.clone() });
    store.finish(vec![Ending { created, ..ending(&creation, State::Applied, 10) }]).await.unwrap();
    let row = stored(&**store, &creation).await;
    assert_eq!((row.assistant.as_str(), row.line()), ("sondos:12", Some(line.clone())));
    let of_line = store.list(Filter { line: Some(line), limit: 9, ..Filter::default() }).await.unwrap();
    assert_eq!(of_line.records, [row], "it is the first of the line's changes");
}

pub(in crate::store) async fn only_what_waits_is_canceled(place: &Place) {
    let (store, first, second) = (&place.store, record(1), record(2));
    admit(&**store, &first).await;
    admit(&**store, &second).await;
    store.start(vec![first.id, second.id], at(5), None).await.unwrap();
    assert_eq!(store.cancel(first.id, at(6), false).await, Ok(None));
    store.postpone(postponement(vec![first.id], 7)).await.unwrap();
    let canceled = store.cancel(first.id, at(8), false).await.unwrap().unwrap();
    let expected = Record {
        state: State::Canceled,
        attempts: 2,
        updated_at: at(8),
        problem: Some(Bytes::from_static(b"{\"code\":\"vendor_error\"}")),
        ..first.clone()
    };
    assert_eq!(canceled, expected);
    assert_eq!(stored(&**store, &first).await, canceled);
    assert_eq!(store.bodies(vec![first.id]).await, Ok(vec![None]));
    assert_eq!(store.cancel(first.id, at(9), false).await, Ok(None));
    assert_eq!(store.cancel(UpdateId::generate(), at(9), false).await, Ok(None));
    assert_eq!(store.tickets().await.unwrap().len(), 1);
}

pub(in crate::store) async fn only_a_dead_body_is_discarded_and_once(place: &Place) {
    let store = &place.store;
    let with_body = |record: &Record, state| Ending { body: Some("it".into()), ..ending(record, state, 10) };
    let [dead, refused, bare] = [1, 2, 3].map(record);
    for record in [&dead, &refused, &bare] {
        admit(&**store, record).await;
    }
    assert_eq!(store.discard(dead.id, State::Canceled, at(9)).await, Ok(false), "it is not dead yet");
    let ends = vec![with_body(&dead, State::Dead), with_body(&refused, State::Refused), ending(&bare, State::Dead, 10)];
    store.finish(ends).await.unwrap();
    assert_eq!(store.discard(refused.id, State::Canceled, at(20)).await, Ok(false));
    assert_eq!(store.discard(bare.id, State::Canceled, at(20)).await, Ok(false));
    assert_eq!(store.discard(UpdateId::generate(), State::Canceled, at(20)).await, Ok(false));
    assert_eq!(store.discard(dead.id, State::Superseded, at(20)).await, Ok(true));
    let row = stored(&**store, &dead).await;
    assert_eq!((row.state, row.updated_at), (State::Superseded, at(20)));
    let left = vec![None, Some("it".into()), None];
    assert_eq!(store.bodies(vec![dead.id, refused.id, bare.id]).await, Ok(left));
    assert_eq!(store.discard(dead.id, State::Canceled, at(30)).await, Ok(false));
}

pub(in crate::store) async fn what_was_noted_is_discarded_though_it_may_wait_to_be_written(place: &Place) {
    let store = &place.store;
    for number in 1..=20 {
        let row = noted(number, State::Dead);
        store.note(row.clone(), Some("it".into())).await.unwrap();
        assert_eq!(store.discard(row.id, State::Canceled, at(30)).await, Ok(true), "{number}");
    }
}

pub(in crate::store) async fn bodies_come_in_the_order_of_their_ids(place: &Place) {
    let store = &place.store;
    let [first, second] = [1, 2].map(record);
    admit(&**store, &first).await;
    admit(&**store, &second).await;
    let (one, two) = (Some(Bytes::from("the body of 1")), Some(Bytes::from("the body of 2")));
    let asked = vec![second.id, UpdateId::generate(), first.id, second.id];
    assert_eq!(store.bodies(asked).await, Ok(vec![two.clone(), None, one, two]));
    assert_eq!(store.bodies(Vec::new()).await, Ok(Vec::new()));
}

pub(in crate::store) async fn what_was_noted_is_seen_by_the_next_read(place: &Place) {
    let store = &place.store;
    for number in 1..=200 {
        let row = noted(number, State::Applied);
        let body = (number % 2 == 0).then(|| Bytes::from("what is kept"));
        store.note(row.clone(), body.clone()).await.unwrap();
        assert_eq!(store.record(row.id).await, Ok(Some(row.clone())));
        assert_eq!(store.bodies(vec![row.id]).await, Ok(vec![body]));
    }
    let twice = noted(201, State::Failed);
    store.note(twice.clone(), None).await.unwrap();
    store.note(Record { state: State::Applied, ..twice.clone() }, None).await.unwrap();
    assert_eq!(stored(&**store, &twice).await, twice);
}
