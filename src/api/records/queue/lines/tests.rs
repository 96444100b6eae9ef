//! Lines: who joins whom, what comes first, and what is left when all is done.

use std::time::Duration;

use proptest::prelude::*;

use crate::api::records::queue::lines::*;

const LIMITS: Limits = Limits { per_line: 5, total: 8 };

pub(super) fn line(id: &str) -> Line {
    Line { scope: "a".into(), id: id.into() }
}

pub(super) fn ticket(number: u64, vendor: &str) -> Ticket {
    let now = Instant::now();
    Ticket {
        id: UpdateId::generate(),
        number,
        vendor: vendor.into(),
        created_at: Timestamp(i64::try_from(number).unwrap()),
        expires: now + Duration::from_secs(1),
        due: now,
        attempts: 0,
        failures: 0,
        interrupted: false,
        gathers: false,
        alone: false,
        goes_after: false,
        phase: Phase::Waiting,
        is_waited_for: false,
        awaits_configuration: false,
        fresh: None,
    }
}

/// Adds a ticket whose place would be its own number; it joins the last run if `joins`.
fn push(lines: &mut Lines<u64>, at: &Line, vendor: &str, joins: bool) -> Result<(UpdateId, bool), Full> {
    let ticket = ticket(lines.number(), vendor);
    let (id, number) = (ticket.id, ticket.number);
    let is_new = lines.push(at, ticket, LIMITS, |_| joins, || Ok::<_, ()>(number))?.unwrap();
    Ok((id, is_new))
}

/// The numbers of what comes first in a run.
fn numbers(front: Front<u64>) -> Vec<u64> {
    match front {
        Front::Run(tickets) => tickets.iter().map(|ticket| ticket.number).collect(),
        other => panic!("no run, but {other:?}"),
    }
}

#[test]
fn a_run_goes_whole_before_the_next_and_the_line_ends_with_the_last() {
    let (mut lines, at) = (Lines::new(10), line("789"));
    let (first, is_new) = push(&mut lines, &at, "v", true).unwrap();
    assert!(is_new, "the first begins a line whether or not it could join");
    let (second, is_new) = push(&mut lines, &at, "v", true).unwrap();
    assert!(!is_new);
    let (third, _) = push(&mut lines, &at, "v", false).unwrap();
    assert_eq!([first, second, third].map(|id| lines.position(&at, id)), [Some(1), Some(2), Some(3)]);
    assert!(matches!(lines.front(&at, false), Front::Place(Some(10))));
    assert_eq!(numbers(lines.front(&at, true)), [10, 11]);
    for id in [first, second] {
        assert!(lines.remove(&at, id).is_some() && lines.remove(&at, id).is_none());
    }
    assert!(matches!(lines.front(&at, true), Front::RunEnded));
    assert!(matches!(lines.front(&at, false), Front::Place(Some(12))));
    assert_eq!(numbers(lines.front(&at, true)), [12]);
    lines.remove(&at, third);
    assert!(matches!(lines.front(&at, true), Front::RunEnded));
    assert!(matches!(lines.front(&at, false), Front::LineEnded));
    assert!(!lines.has(&at) && lines.len() == 0 && lines.changed(&at).is_none());
    assert!(push(&mut lines, &at, "v", true).unwrap().1, "a line that has ended begins again");
}

#[test]
fn a_run_that_is_emptied_before_its_place_is_taken_gives_the_place_back() {
    let (mut lines, at) = (Lines::new(0), line("789"));
    let (only, _) = push(&mut lines, &at, "v", true).unwrap();
    push(&mut lines, &at, "v", false).unwrap();
    lines.remove(&at, only);
    assert!(matches!(lines.front(&at, false), Front::Place(Some(1))));
}

#[test]
fn no_more_wait_than_may_in_a_line_and_in_all() {
    let (mut lines, one, other) = (Lines::new(0), line("1"), line("2"));
    let ids: Vec<_> = (0..5).map(|_| push(&mut lines, &one, "v", true).unwrap().0).collect();
    assert_eq!(push(&mut lines, &one, "v", true), Err(Full::Line));
    for _ in 0..3 {
        push(&mut lines, &other, "w", true).unwrap();
    }
    assert_eq!(push(&mut lines, &other, "w", true), Err(Full::All));
    lines.remove(&one, ids[2]);
    push(&mut lines, &other, "w", true).unwrap();
    assert_eq!(push(&mut lines, &one, "v", true), Err(Full::All));
}

#[test]
fn a_place_that_cannot_be_had_leaves_nothing_behind() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    let ticket = ticket(0, "v");
    assert_eq!(lines.push(&at, ticket, LIMITS, |_| true, || Err("no")), Ok(Err("no")));
    assert!(!lines.has(&at) && lines.len() == 0);
}

#[test]
fn what_waits_is_counted_by_account_and_phase() {
    let (mut lines, at) = (Lines::new(5), line("789"));
    let (sending, _) = push(&mut lines, &at, "v", true).unwrap();
    let (held, _) = push(&mut lines, &at, "v", true).unwrap();
    push(&mut lines, &line("1"), "w", true).unwrap();
    lines.change(&at, sending, |ticket| ticket.phase = Phase::Sending);
    lines.change(&at, held, |ticket| ticket.phase = Phase::Held);
    assert!(lines.has_held(&at, held) && !lines.has_held(&at, sending));
    let depths = lines.depths();
    let of = |vendor: &str| depths[vendor];
    assert_eq!(of("v"), Depth { queued: 0, sending: 1, held: 1, oldest: Some(Timestamp(5)) });
    assert_eq!(of("w"), Depth { queued: 1, sending: 0, held: 0, oldest: Some(Timestamp(7)) });
    let replay = ticket(9, "v");
    let id = replay.id;
    assert!(lines.replace(&at, held, replay).is_some() && !lines.has_held(&at, held));
    assert_eq!(lines.position(&at, id), Some(2), "it has the place of what it replaces");
}

#[test]
fn what_comes_to_wait_behind_a_failure_may_go_together_with_others() {
    let (mut lines, at) = (Lines::new(0), line("789"));
    let (head, _) = push(&mut lines, &at, "v", true).unwrap();
    push(&mut lines, &at, "v", true).unwrap();
    lines.change(&at, head, |ticket| ticket.failures = 1);
    push(&mut lines, &at, "v", true).unwrap();
    lines.gather(&at);
    lines.remove(&at, head);
    push(&mut lines, &at, "v", true).unwrap();
    assert!(matches!(lines.front(&at, false), Front::Place(_)));
    let Front::Run(tickets) = lines.front(&at, true) else { panic!("no run") };
    assert_eq!(tickets.iter().map(|ticket| ticket.gathers).collect::<Vec<_>>(), [true, true, true]);
}

/// What a test does to one of two lines.
#[derive(Clone, Debug)]
enum Act {
    Push(bool),
    RemoveFirst,
    RemoveLast,
    Look,
}

proptest! {
    /// Whatever happens, a line's tickets come in the order of their numbers, every ticket is seen once, and nothing is left.
    #[test]
    fn tickets_come_in_their_order(acts in proptest::collection::vec((0..2_usize, prop_oneof![
        any::<bool>().prop_map(Act::Push), Just(Act::RemoveFirst), Just(Act::RemoveLast), Just(Act::Look),
    ]), 0..60)) {
        let (mut lines, at) = (Lines::new(0), [line("1"), line("2")]);
        let mut expected: [Vec<(UpdateId, u64)>; 2] = Default::default();
        let mut has_place = [false; 2];
        for (which, act) in acts {
            let (at, expected, has_place) = (&at[which], &mut expected[which], &mut has_place[which]);
            match act {
                Act::Push(joins) => {
                    let number = lines.next_number;
                    if let Ok((id, _)) = push(&mut lines, at, "v", joins) {
                        expected.push((id, number));
                    }
                }
                Act::RemoveFirst if !expected.is_empty() => drop(lines.remove(at, expected.remove(0).0)),
                Act::RemoveLast => {
                    if let Some((id, _)) = expected.pop() {
                        lines.remove(at, id);
                    }
                }
                _ => match lines.front(at, *has_place) {
                    Front::Place(_) => *has_place = true,
                    Front::Run(tickets) => {
                        let seen: Vec<_> = tickets.iter().map(|ticket| ticket.number).collect();
                        let first: Vec<_> = expected.iter().take(seen.len()).map(|(_, number)| *number).collect();
                        prop_assert_eq!(seen, first);
                    }
                    Front::RunEnded => *has_place = false,
                    Front::LineEnded => {
                        prop_assert!(expected.is_empty());
                        *has_place = false;
                    }
                },
            }
            for (at, (id, _)) in expected.iter().enumerate().map(|(index, entry)| (index, *entry)) {
                prop_assert_eq!(lines.position(&line(if which == 0 { "1" } else { "2" }), id), Some(at as u64 + 1));
            }
        }
        prop_assert_eq!(lines.len(), expected.iter().map(Vec::len).sum::<usize>());
    }
}
