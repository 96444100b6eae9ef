//! Lines whose order the store keeps: when a copy is stale, and when it is not.

use crate::api::records::queue::lines::tests::{line, ticket};
use crate::api::records::queue::lines::*;
use crate::store::Stored;

fn stored(ahead: u64, previous: u64) -> Stored {
    Stored { ahead, previous, is_owned: true, ..Stored::default() }
}

fn numbers(lines: &Lines<u64>, at: &Line) -> Vec<u64> {
    lines.seen(at).iter().map(|ticket| ticket.number).collect()
}

#[test]
fn what_is_admitted_here_is_known_without_reading_as_long_as_the_store_counts_the_same() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    assert!(lines.append(&at, ticket(1, "v"), &stored(0, 0)), "the first begins the line");
    assert!(!lines.append(&at, ticket(2, "v"), &stored(1, 1)));
    assert!(!lines.take_stale(&at));
    assert_eq!(numbers(&lines, &at), [1, 2]);
    assert!(!lines.append(&at, ticket(4, "v"), &stored(3, 3)), "another process has admitted one");
    assert_eq!(numbers(&lines, &at), [1, 2], "what comes after what is not known is not known either");
    assert!(lines.take_stale(&at) && !lines.take_stale(&at));
}

#[test]
fn a_line_that_others_have_begun_is_read_first() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    assert!(lines.append(&at, ticket(3, "v"), &stored(2, 2)));
    assert!(lines.seen(&at).is_empty() && !lines.end(&at), "it is stale, so that it has not ended");
    assert!(lines.take_stale(&at));
    lines.learn(&at, vec![ticket(1, "v"), ticket(2, "v"), ticket(3, "v")]);
    assert_eq!((numbers(&lines, &at), lines.len()), (vec![1, 2, 3], 3));
}

#[test]
fn a_line_in_which_an_attempt_is_in_doubt_is_read_before_anything_is_sent() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    let doubted = Stored { doubted_ago: Some(std::time::Duration::ZERO), ..stored(0, 0) };
    assert!(lines.append(&at, ticket(3, "v"), &doubted));
    assert!(lines.take_stale(&at), "only reading says for how long to wait");
    lines.learn(&at, vec![ticket(3, "v")]);
    assert_eq!((numbers(&lines, &at), lines.len()), (vec![3], 1));
}

#[test]
fn reading_keeps_what_is_known_of_a_ticket_and_drops_what_the_store_has_no_more() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    let (first, second) = (ticket(1, "v"), ticket(2, "v"));
    lines.append(&at, Ticket { attempts: 3, ..first.clone() }, &stored(0, 0));
    lines.append(&at, second, &stored(1, 1));
    lines.learn(&at, vec![first.clone(), ticket(5, "v")]);
    assert_eq!(numbers(&lines, &at), [1, 5]);
    assert_eq!((lines.seen(&at)[0].attempts, lines.len()), (3, 2));
    lines.learn(&at, Vec::new());
    assert!(lines.end(&at) && lines.len() == 0 && lines.changed(&at).is_none());
}

#[test]
fn a_count_that_differs_makes_the_line_be_read_again() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    assert!(lines.has_left(&at, Some(0)) && !lines.has_left(&at, Some(1)) && !lines.has_left(&at, None));
    lines.append(&at, ticket(1, "v"), &stored(0, 0));
    assert!(lines.has_left(&at, Some(1)) && !lines.has_left(&at, Some(2)) && !lines.has_left(&at, None));
}

#[test]
fn of_a_long_line_the_rest_is_read_when_little_is_left() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    lines.touch(&at);
    let many = 1..=MOST_SEEN as u64;
    lines.learn(&at, many.map(|number| ticket(number, "v")).collect());
    let more = 1000;
    let mut left = MOST_SEEN as u64 + more;
    let ids: Vec<_> = lines.seen(&at).iter().map(|ticket| ticket.id).collect();
    for (done, id) in ids.into_iter().enumerate() {
        lines.remove(&at, id);
        left -= 1;
        assert_eq!(lines.has_left(&at, Some(left)), MOST_SEEN - done > MOST_SEEN / 2, "{done}");
    }
}

#[test]
fn those_that_were_being_sent_together_go_together_again() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    lines.touch(&at);
    let sent = |number| Ticket { interrupted: true, ..ticket(number, "v") };
    lines.learn(&at, vec![sent(1), sent(2), ticket(3, "v")]);
    let gathers: Vec<_> = lines.seen(&at).iter().map(|ticket| ticket.gathers).collect();
    assert_eq!(gathers, [true, true, true], "the third waits behind one that gathers");
    lines.forget(&at);
    lines.touch(&at);
    lines.learn(&at, vec![sent(1), ticket(2, "v")]);
    assert!(lines.seen(&at).iter().all(|ticket| !ticket.gathers), "one alone goes alone");
}

#[test]
fn a_count_that_agrees_by_chance_hides_nothing() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    lines.append(&at, ticket(1, "v"), &stored(0, 0));
    let first = lines.seen(&at)[0].id;
    // The first has ended in the store, and another process has admitted the second, before the third is admitted here.
    lines.append(&at, ticket(3, "v"), &stored(1, 2));
    lines.remove(&at, first);
    assert!(lines.seen(&at).is_empty(), "the second is not known");
    assert!(lines.take_stale(&at));
}

#[test]
fn a_line_that_a_dead_change_holds_up_is_read_again_when_others_may_have_seen_to_it() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    lines.append(&at, ticket(1, "v"), &stored(0, 0));
    lines.doubt_held();
    assert!(!lines.take_stale(&at), "nothing holds it up");
    lines.change(&at, lines.seen(&at)[0].id, |ticket| ticket.phase = Phase::Held);
    lines.doubt_held();
    assert!(lines.take_stale(&at));
}

#[test]
fn a_session_knows_nothing_of_what_the_one_before_knew() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    let known = Ticket { attempts: 3, ..ticket(1, "v") };
    lines.append(&at, known.clone(), &stored(0, 0));
    lines.begin_session();
    assert!(lines.take_stale(&at));
    lines.forget_foreign(&at);
    assert_eq!((numbers(&lines, &at), lines.len()), (vec![], 0));
    lines.learn(&at, vec![Ticket { attempts: 4, interrupted: true, ..known }]);
    assert_eq!((lines.seen(&at)[0].attempts, lines.seen(&at)[0].interrupted, lines.len()), (4, true, 1));
    lines.forget_foreign(&at);
    assert_eq!(lines.len(), 1, "this session knows it");
}

#[test]
fn what_a_caller_waits_for_is_not_without_one() {
    let (mut lines, at) = (Lines::<u64>::new(0), line("789"));
    let [without, waited_for] = [ticket(1, "v"), Ticket { is_waited_for: true, ..ticket(2, "v") }];
    lines.append(&at, without.clone(), &stored(0, 0));
    lines.append(&at, waited_for.clone(), &stored(1, 1));
    assert!(lines.has_without_caller(&at, without.id) && !lines.has_without_caller(&at, waited_for.id));
}
