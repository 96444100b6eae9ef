//! Members, owners, and what is handed from one to the other.

use std::time::Duration;

use super::*;
use crate::store::{Finished, Postponement, Withdrawn};

async fn pair() -> Option<(Database, Replica, Replica)> {
    let database = database().await?;
    let (first, second) = (Replica::join(&database).await, Replica::join(&database).await);
    Some((database, first, second))
}

#[tokio::test]
async fn a_line_is_owned_by_who_comes_first_until_nothing_is_open() {
    let Some((_database, first, second)) = pair().await else { return };
    let [one, two, three] = [1, 2, 3].map(|number| sending("7", number));
    let stored = first.admit(&one).await;
    assert_eq!((stored.ahead, stored.is_owned, stored.doubted_ago), (0, true, None));
    assert_eq!(first.store.record(one.id).await.unwrap().unwrap().state, State::Sending);
    let later = second.admit(&two).await;
    assert_eq!((later.ahead, later.is_owned), (1, false));
    assert!(later.number > stored.number);
    assert_eq!(second.store.record(two.id).await.unwrap().unwrap().state, State::Queued, "it is not its turn");
    // Who does not own it changes nothing.
    assert_eq!(second.store.start(vec![two.id], at(1), Some(second.id)).await, Ok(false));
    assert_eq!(second.store.finish(vec![second.ending(&one, State::Applied)]).await, Ok(vec![Finished::NotOwned]));
    let by = Some(second.id);
    second.store.postpone(Postponement { by, ..postponement(vec![one.id], 1) }).await.unwrap();
    assert_eq!(first.store.record(one.id).await.unwrap().unwrap().state, State::Sending);
    assert_eq!(second.open_ids(line_of(&one)).await, None);
    assert_eq!(first.open_ids(line_of(&one)).await, Some(vec![one.id, two.id]));
    assert_eq!(
        first.store.finish(vec![first.ending(&one, State::Applied)]).await,
        Ok(vec![Finished::Done { left: 1 }])
    );
    assert_eq!(first.store.finish(vec![first.ending(&one, State::Applied)]).await, Ok(vec![Finished::Gone]));
    assert_eq!(first.store.start(vec![two.id], at(2), Some(first.id)).await, Ok(true));
    assert_eq!(
        first.store.finish(vec![first.ending(&two, State::Applied)]).await,
        Ok(vec![Finished::Done { left: 0 }])
    );
    let stored = second.admit(&three).await;
    assert_eq!((stored.ahead, stored.is_owned), (0, true));
}

#[tokio::test]
async fn a_full_line_stores_nothing_and_its_key_is_free() {
    let Some((database, first, second)) = pair().await else { return };
    let full = |record: &Record, name: &str| Admission {
        member: Some(Membership { id: first.id, most_in_line: 2 }),
        ..keyed(record, &key(name, 0))
    };
    let [one, two, three] = [1, 2, 3].map(|number| of_line("7", number));
    stored(first.store.admit(full(&one, "a")).await.unwrap());
    stored(first.store.admit(full(&two, "b")).await.unwrap());
    assert_eq!(first.store.admit(full(&three, "c")).await, Ok(Admitted::Full));
    assert_eq!(first.store.look_up(key("c", 0)).await, Ok(None));
    // A key that is in use says more than a full line.
    assert!(matches!(first.store.admit(full(&three, "a")).await, Ok(Admitted::Known(_))));
    let plain = Admission { key: None, ..full(&three, "") };
    assert_eq!(second.store.admit(plain).await, Ok(Admitted::Full));
    assert_eq!(first.store.record(three.id).await, Ok(None));
    assert_eq!(query(&database, "select open from line").await, ["2"]);
    first.store.cancel(one.id, at(5), false).await.unwrap().unwrap();
    stored(first.store.admit(full(&three, "c")).await.unwrap());
}

#[tokio::test]
async fn a_removed_member_loses_its_lines_to_one_other() {
    let Some((_database, first, second)) = pair().await else { return };
    let third = Replica { store: open(&_database).await, id: Incarnation::generate() };
    let [one, new] = [sending("7", 1), Record { state: State::Sending, ..creation(2) }];
    first.admit(&one).await;
    first.admit(&new).await;
    let seen = second.store.beat(second.id).await.unwrap();
    assert!(seen.is_member && !seen.orphans && seen.open == 2 && seen.timeline >= 1 && seen.members.len() == 2);
    let other = seen.members.iter().find(|member| member.id == first.id).unwrap();
    assert_eq!((other.beat, other.lines, other.name.as_str(), other.version.as_str()), (0, 1, "a", "1"));
    assert_eq!(second.store.adopt(second.id, 10).await, Ok(vec![]));
    first.store.beat(first.id).await.unwrap();
    assert_eq!(second.store.remove(first.id, other.beat).await, Ok(false), "it has beaten since");
    assert_eq!(second.store.remove(first.id, 1).await, Ok(true));
    assert_eq!(second.store.remove(first.id, 1).await, Ok(false));
    let beat = first.store.beat(first.id).await.unwrap();
    assert!(!beat.is_member && beat.orphans && beat.members.len() == 1);
    // Who is no member adopts nothing, and owns nothing new.
    assert_eq!(third.store.adopt(third.id, 10).await, Ok(vec![]));
    assert_eq!(first.store.adopt_creations(first.id, 10).await, Ok(vec![]));
    let zombie = first.admit(&sending("8", 3)).await;
    assert!(!zombie.is_owned);
    let mut adopted = second.store.adopt(second.id, 10).await.unwrap();
    adopted.sort();
    assert_eq!(adopted, [line_of(&one), line_of(&of_line("8", 3))]);
    assert_eq!(first.store.finish(vec![first.ending(&one, State::Applied)]).await, Ok(vec![Finished::NotOwned]));
    let creations = second.store.adopt_creations(second.id, 10).await.unwrap();
    assert_eq!(
        creations.iter().map(|record| (record.id, record.state)).collect::<Vec<_>>(),
        [(new.id, State::Sending)]
    );
    assert_eq!(first.store.finish(vec![first.ending(&new, State::Applied)]).await, Ok(vec![Finished::NotOwned]));
    let ends = vec![second.ending(&new, State::Unknown), second.ending(&one, State::Applied)];
    let done = Finished::Done { left: 0 };
    assert_eq!(second.store.finish(ends).await, Ok(vec![done, done]));
    let state = second.store.open_tickets(line_of(&of_line("8", 3)), second.id, 9).await.unwrap().unwrap();
    assert!(!state.tickets[0].is_waited_for);
}

#[tokio::test]
async fn lines_that_are_given_up_are_told_of_and_adopted() {
    let Some((_database, first, second)) = pair().await else { return };
    let news = second.store.news();
    // The session listens once it is connected, which is news as well.
    second.store.beat(second.id).await.unwrap();
    news.notified().await;
    let [one, two] = [of_line("7", 1), of_line("8", 2)];
    first.admit(&one).await;
    first.admit(&two).await;
    first.store.release(vec![line_of(&one)], second.id).await.unwrap();
    assert_eq!(second.store.adopt(second.id, 9).await, Ok(vec![]), "it was not the owner who gave it up");
    let told = news.notified();
    first.store.release(vec![line_of(&one)], first.id).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    assert!(second.store.beat(second.id).await.unwrap().orphans);
    assert_eq!(second.store.adopt(second.id, 9).await, Ok(vec![line_of(&one)]));
    let told = news.notified();
    first.store.leave(first.id).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    assert_eq!(second.store.adopt(second.id, 9).await, Ok(vec![line_of(&two)]));
    assert_eq!(second.store.beat(second.id).await.unwrap().members.len(), 1);
    let state = second.store.open_tickets(line_of(&two), second.id, 9).await.unwrap().unwrap();
    assert!(!state.tickets[0].is_waited_for);
}

#[tokio::test]
async fn what_waits_is_withdrawn_whoever_owns_it_and_a_waiting_caller_hears_of_its_end() {
    let Some((_database, first, second)) = pair().await else { return };
    let [one, two] = [sending("7", 1), of_line("7", 2)];
    first.admit(&one).await;
    second.admit(&two).await;
    assert_eq!(second.store.withdraw(second.ending(&one, State::Expired)).await, Ok(Withdrawn::Sending));
    // After an attempt that may have been applied it waits again, and is withdrawn by nothing.
    let doubted = Postponement { doubted_at: Some(at(9)), by: Some(first.id), ..postponement(vec![one.id], 10) };
    first.store.postpone(doubted).await.unwrap();
    assert_eq!(second.store.withdraw(second.ending(&one, State::Expired)).await, Ok(Withdrawn::Sending));
    assert_eq!(first.store.start(vec![one.id], at(11), Some(first.id)).await, Ok(true));
    assert_eq!(second.store.withdraw(second.ending(&two, State::Expired)).await, Ok(Withdrawn::Done));
    assert_eq!(second.store.withdraw(second.ending(&two, State::Expired)).await, Ok(Withdrawn::Gone));
    assert_eq!(first.store.start(vec![two.id], at(3), Some(first.id)).await, Ok(false));
    let three = of_line("7", 3);
    second.admit(&three).await;
    let both = vec![one.id, three.id];
    assert_eq!(second.store.ended(both.clone()).await, Ok(vec![]));
    let end = Ending { reply: Some(answer("all of it")), ..first.ending(&one, State::Applied) };
    assert_eq!(first.store.finish(vec![end]).await, Ok(vec![Finished::Done { left: 1 }]));
    let ended = second.store.ended(both).await.unwrap();
    assert_eq!(ended, [(one.id, Some(answer("all of it")))]);
    let kept = second.store.record(one.id).await.unwrap().unwrap();
    assert_eq!(kept.answer, Some(answer("the answer")), "the journal keeps its own");
    let end = Ending { answer: None, problem: Some("{}".into()), ..first.ending(&three, State::Refused) };
    first.store.finish(vec![end]).await.unwrap();
    assert_eq!(second.store.ended(vec![three.id]).await, Ok(vec![(three.id, None)]));
}

#[tokio::test]
async fn a_doubt_is_as_old_for_everyone() {
    let Some((_database, first, second)) = pair().await else { return };
    let [one, two, three] = [1, 2, 3].map(|number| sending("7", number));
    first.admit(&one).await;
    let postponed = Postponement {
        by: Some(first.id),
        doubted_at: Some(at(15_000)),
        now: at(20_000),
        next_attempt_at: at(80_000),
        ..postponement(vec![one.id], 0)
    };
    first.store.postpone(postponed).await.unwrap();
    let about = |ago: Option<Duration>, seconds: u64| {
        let ago = ago.unwrap();
        assert!(ago >= Duration::from_secs(seconds) && ago < Duration::from_secs(seconds + 60), "{ago:?}");
    };
    about(second.admit(&two).await.doubted_ago, 5);
    let state = first.store.open_tickets(line_of(&one), first.id, 1).await.unwrap().unwrap();
    about(state.doubted_ago, 5);
    let [ticket] = state.tickets.as_slice() else { panic!("{state:?}") };
    assert!(ticket.is_waited_for && ticket.due_in > Duration::from_secs(30) && ticket.due_in <= Duration::from_mins(1));
    assert!(ticket.expires_in > Duration::from_secs(86_000) && ticket.expires_in <= Duration::from_secs(86_400));
    // An older doubt than the last one says nothing new; it stays when nothing is open.
    let older = Ending { doubted_at: Some(at(0)), now: at(900_000), ..first.ending(&one, State::Unknown) };
    first.store.finish(vec![older]).await.unwrap();
    first.store.cancel(two.id, at(9), false).await.unwrap().unwrap();
    let again = second.admit(&three).await;
    about(again.doubted_ago, 5);
    assert_eq!((again.ahead, again.is_owned), (0, true));
}

#[tokio::test]
async fn a_dead_change_holds_up_its_line_until_it_is_replayed_discarded_or_let_go() {
    let Some((database, first, second)) = pair().await else { return };
    let line = line_of(&of_line("7", 0));
    let open = async || query(&database, "select open || ' ' || (owner is not null) from line").await;
    let dead =
        |record: &Record| Ending { holds: true, body: Some("all of it".into()), ..first.ending(record, State::Dead) };
    let [one, two] = [sending("7", 1), of_line("7", 2)];
    first.admit(&one).await;
    first.admit(&two).await;
    assert_eq!(first.store.finish(vec![dead(&one)]).await, Ok(vec![Finished::Done { left: 2 }]));
    assert_eq!(open().await, ["2 true"]);
    assert_eq!(first.open_ids(line.clone()).await, Some(vec![one.id, two.id]), "the dead one stands first");
    // Its replay stands where it stood, and is not one more, also if the line is full.
    let replay = Record { replay_of: Some(one.id), ..sending("7", 3) };
    let crowded = Admission { member: Some(Membership { id: first.id, most_in_line: 1 }), ..first.admission(&replay) };
    let placed = stored(first.store.admit(crowded).await.unwrap());
    assert_eq!((placed.ahead, placed.is_owned), (0, true));
    assert_eq!(first.open_ids(line.clone()).await, Some(vec![replay.id, two.id]));
    assert_eq!(open().await, ["2 true"]);
    // A second replay of the same is a change like any other.
    let twice = Record { replay_of: Some(one.id), ..of_line("7", 4) };
    assert_eq!(second.admit(&twice).await.ahead, 2);
    first.store.cancel(twice.id, at(8), false).await.unwrap().unwrap();
    // The replay dies as well, and is replayed again; then it ends.
    first.store.finish(vec![dead(&replay)]).await.unwrap();
    assert_eq!(first.store.bodies(vec![one.id]).await.unwrap().len(), 1);
    let again = Record { replay_of: Some(replay.id), ..of_line("7", 5) };
    assert_eq!(
        Stored { previous: 0, ..second.admit(&again).await },
        Stored { is_owned: false, ahead: 0, ..second_number(&second, &again).await }
    );
    let start = |record: &Record| first.store.start(vec![record.id], at(9), Some(first.id));
    assert_eq!(start(&two).await, Ok(false), "the replay stands before it, although its number is greater");
    assert_eq!(start(&again).await, Ok(true));
    let done = first.store.finish(vec![first.ending(&again, State::Applied)]).await;
    assert_eq!(done, Ok(vec![Finished::Done { left: 1 }]));
    assert_eq!(first.store.bodies(vec![replay.id]).await, Ok(vec![None]), "it is not replayed again");
    // Discarded: by another member. Let go: by the owner only.
    first.store.start(vec![two.id], at(9), Some(first.id)).await.unwrap();
    first.store.finish(vec![dead(&two)]).await.unwrap();
    assert_eq!(second.store.discard(two.id, State::Canceled, at(10)).await, Ok(true));
    assert_eq!(open().await, ["0 false"]);
    let last = sending("7", 6);
    first.admit(&last).await;
    first.store.finish(vec![dead(&last)]).await.unwrap();
    second.store.let_go(line.clone(), vec![last.id], second.id).await.unwrap();
    assert_eq!(open().await, ["1 true"]);
    // It is kept however old it is.
    while first.store.sweep(at(i64::from(u32::MAX)), at(i64::from(u32::MAX))).await.unwrap() {}
    assert_eq!(first.open_ids(line.clone()).await, Some(vec![last.id]));
    first.store.let_go(line, vec![last.id, one.id], first.id).await.unwrap();
    assert_eq!(open().await, ["0 false"]);
    assert_eq!(query(&database, "select count(*) from held").await, ["0"]);
}

/// What the store gave a record as its number.
async fn second_number(replica: &Replica, record: &Record) -> Stored {
    let number = replica.store.record(record.id).await.unwrap().unwrap().number;
    Stored { number, ..Stored::default() }
}
