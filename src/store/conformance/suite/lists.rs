//! Lists, and the questions with several answers.

use bytes::Bytes;

use super::{admit, ended};
use crate::store::conformance::Place;
use crate::store::conformance::samples::*;
use crate::store::{Ending, Filter, Line, Record, RecordsOf, State, Store, Timestamp, UpdateId};
use crate::value::AssistantOperation;

async fn numbers(store: &dyn Store, filter: Filter) -> Vec<u64> {
    let page = store.list(Filter { limit: 1_000, ..filter }).await.unwrap();
    assert_eq!(page.next, None);
    page.records.iter().map(|record| record.number).collect()
}

pub(in crate::store) async fn a_request_id_finds_the_newest_of_its_owner(place: &Place) {
    let store = &place.store;
    let of = |number, client: Option<&str>| Record {
        request_id: "r".into(),
        client: client.map(Into::into),
        ..record(number)
    };
    let rows = [of(1, Some("crm")), of(2, Some("shop")), of(3, None)];
    for row in &rows {
        admit(&**store, row).await;
    }
    store.note(of(4, Some("shop")), None).await.unwrap();
    store.finish(vec![ending(&rows[0], State::Applied, 9)]).await.unwrap();
    let newest = async |owner| {
        let found = store.record_of_request(owner, "r".into()).await.unwrap();
        found.map(|record| record.number)
    };
    assert_eq!(newest(RecordsOf::All).await, Some(4));
    assert_eq!(newest(RecordsOf::Client(Some("crm".into()))).await, Some(1));
    assert_eq!(newest(RecordsOf::Client(Some("shop".into()))).await, Some(4));
    assert_eq!(newest(RecordsOf::Client(None)).await, Some(3));
    assert_eq!(newest(RecordsOf::Client(Some("other".into()))).await, None);
    assert_eq!(store.record_of_request(RecordsOf::All, "R".into()).await, Ok(None));
}

pub(in crate::store) async fn a_list_mixes_tickets_and_journal_newest_first(place: &Place) {
    let store = &place.store;
    ended(&**store, 3, State::Applied).await;
    admit(&**store, &record(2)).await;
    store.note(noted(5, State::Refused), None).await.unwrap();
    admit(&**store, &record(4)).await;
    ended(&**store, 1, State::Dead).await;
    let page = store.list(Filter { limit: 10, ..Filter::default() }).await.unwrap();
    let found: Vec<_> = page.records.iter().map(|record| record.number).collect();
    assert_eq!((found, page.next), (vec![5, 4, 3, 2, 1], None));
    assert_eq!(page.records[0].answer, Some(answer("noted")));
}

pub(in crate::store) async fn a_list_holds_what_fits_every_condition(place: &Place) {
    let store = &place.store;
    let rows = [
        record(1),
        Record { client: None, vendor: "other".into(), ..record(2) },
        Record { scope: Some("second".into()), assistant: "b".into(), ..record(3) },
        Record { vendor_id: Some("790".into()), operation: AssistantOperation::Delete, fields: vec![], ..record(4) },
        Record { vendor_id: None, scope: None, fields: vec!["na".into(), "me\",\"name".into()], ..record(5) },
        // The clock went back.
        Record { created_at: at(-10_000_000), client: Some("shop".into()), ..record(6) },
    ];
    for row in &rows {
        admit(&**store, row).await;
    }
    for number in 7..=12 {
        let states = [State::Applied, State::Refused, State::Failed, State::Unknown, State::Dead, State::Expired];
        let row = Record { client: Some("shop".into()), ..noted(number, states[usize::try_from(number).unwrap() - 7]) };
        store.note(row, None).await.unwrap();
    }
    store.finish(vec![ending(&rows[0], State::Applied, 9), ending(&rows[5], State::Canceled, 9)]).await.unwrap();
    let none = Filter::default();
    let is = async |filter: Filter, expected: &[u64]| {
        assert_eq!(numbers(&**store, filter.clone()).await, expected, "{filter:?}");
    };
    is(none.clone(), &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).await;
    is(Filter { owner: RecordsOf::Client(None), ..none.clone() }, &[2]).await;
    is(Filter { owner: RecordsOf::Client(Some("crm".into())), ..none.clone() }, &[5, 4, 3, 1]).await;
    is(Filter { line: Some(line()), ..none.clone() }, &[12, 11, 10, 9, 8, 7, 6, 2, 1]).await;
    is(Filter { line: Some(Line { scope: "main".into(), id: "790".into() }), ..none.clone() }, &[4]).await;
    is(Filter { assistant: Some("b".into()), ..none.clone() }, &[3]).await;
    is(Filter { vendor: Some("other".into()), ..none.clone() }, &[2]).await;
    is(Filter { operation: Some(AssistantOperation::Delete), ..none.clone() }, &[4]).await;
    is(Filter { field: Some("na".into()), ..none.clone() }, &[5]).await;
    is(Filter { field: Some("name".into()), below: Some(7), ..none.clone() }, &[6, 3, 2, 1]).await;
    is(Filter { states: vec![State::Applied], ..none.clone() }, &[7, 1]).await;
    is(Filter { states: vec![State::Queued], ..none.clone() }, &[5, 4, 3, 2]).await;
    is(Filter { states: vec![State::Dead, State::Unknown, State::Canceled], ..none.clone() }, &[11, 10, 6]).await;
    is(Filter { states: vec![State::Dead, State::Applied, State::Queued], ..none.clone() }, &[11, 7, 5, 4, 3, 2, 1])
        .await;
    is(Filter { since: Some(at(3)), until: Some(at(8)), ..none.clone() }, &[7, 5, 4, 3]).await;
    is(Filter { until: Some(at(0)), ..none.clone() }, &[6]).await;
    is(Filter { since: Some(at(13)), ..none.clone() }, &[]).await;
    is(Filter { since: Some(Timestamp(i64::MAX)), until: Some(Timestamp(i64::MIN)), ..none.clone() }, &[]).await;
    let shop = RecordsOf::Client(Some("shop".into()));
    let several = Filter { owner: shop.clone(), states: vec![State::Dead], line: Some(line()), ..none.clone() };
    is(several.clone(), &[11]).await;
    is(Filter { vendor: Some("sondos".into()), ..several.clone() }, &[11]).await;
    is(Filter { vendor: Some("other".into()), ..several }, &[]).await;
    is(Filter { owner: shop, since: Some(at(8)), field: Some("name".into()), ..none }, &[12, 11, 10, 9, 8]).await;
}

pub(in crate::store) async fn a_list_tells_what_is_replayed(place: &Place) {
    let store = &place.store;
    let dead = [noted(1, State::Dead), noted(2, State::Dead), noted(3, State::Dead)];
    for row in &dead {
        store.note(row.clone(), None).await.unwrap();
    }
    admit(&**store, &Record { replay_of: Some(dead[0].id), ..record(4) }).await;
    store.note(Record { replay_of: Some(dead[1].id), ..noted(5, State::Dead) }, None).await.unwrap();
    let none = Filter { states: vec![State::Dead], ..Filter::default() };
    for (replayed, expected) in [(None, &[5, 3, 2, 1][..]), (Some(true), &[2, 1]), (Some(false), &[5, 3])] {
        assert_eq!(numbers(&**store, Filter { replayed, ..none.clone() }).await, expected, "{replayed:?}");
        let any = numbers(&**store, Filter { replayed, ..Filter::default() }).await;
        assert_eq!(any.contains(&4), replayed != Some(true), "{replayed:?}");
    }
}

pub(in crate::store) async fn pages_join_without_a_gap_or_a_repetition(place: &Place) {
    let store = &place.store;
    for number in 1..=50 {
        match number % 3 {
            0 => admit(&**store, &record(number)).await,
            1 => store.note(noted(number, State::Dead), None).await.unwrap(),
            _ => store.note(noted(number, State::Failed), None).await.unwrap(),
        }
    }
    for limit in [1, 2, 7, 49, 50, 51] {
        for states in [vec![], vec![State::Dead, State::Failed], vec![State::Queued, State::Applied]] {
            let all = numbers(&**store, Filter { states: states.clone(), ..Filter::default() }).await;
            let (mut found, mut below) = (Vec::new(), None);
            loop {
                let filter = Filter { states: states.clone(), below, limit, ..Filter::default() };
                let page = store.list(filter).await.unwrap();
                assert!(page.records.len() <= limit);
                found.extend(page.records.iter().map(|record| record.number));
                below = page.next;
                if below.is_none() {
                    break;
                }
            }
            assert_eq!(found, all, "{limit} {states:?}");
        }
    }
}

pub(in crate::store) async fn newer_ones_are_those_that_a_replay_would_overwrite(place: &Place) {
    let store = &place.store;
    let sends = |number, fields: &[&str]| Record {
        fields: fields.iter().map(|field| (*field).to_owned().into()).collect(),
        ..record(number)
    };
    ended(&**store, 1, State::Applied).await;
    ended(&**store, 2, State::Applied).await;
    ended(&**store, 3, State::Refused).await;
    let sending = sends(4, &["voice", "name"]);
    admit(&**store, &sending).await;
    store.start(vec![sending.id], at(5), None).await.unwrap();
    admit(&**store, &sends(5, &["voice"])).await;
    let deletion = Record { operation: AssistantOperation::Delete, ..sends(6, &[]) };
    store.note(Record { state: State::Applied, ..deletion.clone() }, None).await.unwrap();
    store.note(Record { state: State::Failed, ..deletion }, None).await.unwrap();
    let elsewhere = Record { vendor_id: Some("790".into()), ..sends(7, &["name"]) };
    admit(&**store, &elsewhere).await;
    let newer = async |number, fields: &[&str]| {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let found = store.newer(line(), number, fields).await.unwrap();
        found.iter().map(|record| record.number).collect::<Vec<_>>()
    };
    assert_eq!(newer(1, &["name", "other"]).await, [2, 4, 6]);
    assert_eq!(newer(0, &["speech_speed", "name"]).await, [1, 2, 4, 6]);
    assert_eq!(newer(2, &["voice"]).await, [4, 5, 6]);
    assert_eq!(newer(0, &["other"]).await, [6]);
    assert_eq!(newer(0, &[]).await, [1, 2, 4, 5, 6]);
    assert_eq!(newer(u64::MAX, &["name"]).await, [0_u64; 0]);
    // It sees what is not even waited for.
    drop(store.note(Record { ..noted(8, State::Applied) }, None));
    assert_eq!(newer(6, &["name"]).await, [8]);
}

pub(in crate::store) async fn the_newest_replay_is_found(place: &Place) {
    let store = &place.store;
    let dead = ended(&**store, 1, State::Dead).await;
    assert_eq!(store.replay_of(dead.id).await, Ok(None));
    let of_dead = |number| Record { replay_of: Some(dead.id), ..record(number) };
    let (first, second) = (of_dead(2), of_dead(3));
    admit(&**store, &second).await;
    store.note(Record { state: State::Dead, ..first }, None).await.unwrap();
    assert_eq!(store.replay_of(dead.id).await, Ok(Some(second.clone())));
    store.note(Record { state: State::Applied, ..of_dead(4) }, None).await.unwrap();
    assert_eq!(store.replay_of(dead.id).await.unwrap().unwrap().number, 4);
    assert_eq!(store.replay_of(second.id).await, Ok(None));
}

pub(in crate::store) async fn tickets_come_in_order_without_what_is_sealed(place: &Place) {
    let store = &place.store;
    for number in [3, 1, 2, 9] {
        let problem = Some(Bytes::from_static(b"{}"));
        admit(&**store, &Record { problem, answer: Some(answer("a")), ..record(number) }).await;
    }
    ended(&**store, 4, State::Applied).await;
    let tickets = store.tickets().await.unwrap();
    assert_eq!(tickets.iter().map(|record| record.number).collect::<Vec<_>>(), [1, 2, 3, 9]);
    assert!(tickets.iter().all(|record| record.problem.is_none() && record.answer.is_none()));
}

pub(in crate::store) async fn doubts_are_found_after_their_time_only(place: &Place) {
    let store = &place.store;
    for (number, doubted_at) in [(1, Some(at(10))), (2, None), (3, Some(at(11)))] {
        let row = record(number);
        admit(&**store, &row).await;
        store.finish(vec![Ending { doubted_at, ..ending(&row, State::Unknown, 20) }]).await.unwrap();
    }
    // A ticket is not settled, but it is no row of the journal.
    admit(&**store, &Record { doubted_at: Some(at(12)), ..record(4) }).await;
    let found = async |since| {
        let rows = store.unsettled(at(since)).await.unwrap();
        rows.iter().map(|record| record.number).collect::<Vec<_>>()
    };
    assert_eq!(found(9).await, [1, 3]);
    assert_eq!(found(10).await, [3]);
    assert_eq!(found(11).await, [0_u64; 0]);
    assert_eq!(store.record(UpdateId::generate()).await, Ok(None));
}
