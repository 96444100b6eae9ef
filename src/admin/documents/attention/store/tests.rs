use super::*;

fn view(fresh: bool, silent_seconds: f64) -> ReplicaView {
    ReplicaView {
        id: "i".to_owned(),
        fresh,
        fresh_seconds: 0.0,
        silent_seconds,
        leads: false,
        removed: 0,
        adopted: 0,
        sessions_lost: 0,
        replicas: Vec::new(),
    }
}

#[test]
fn a_store_that_fails_and_a_session_that_is_not_fresh_are_said() {
    assert_eq!(failing("sqlite", "disk full").what, "the store (sqlite) cannot be written: disk full");
    assert_eq!(session(&view(true, 0.1)), None);
    assert_eq!(session(&view(false, 12.2)).unwrap().what, "sends nothing: the store has not answered for 12 s");
    assert_eq!(session(&view(false, 0.2)).unwrap().severity, Severity::Bad);
}

#[test]
fn a_queue_that_is_nearly_full_is_said() {
    assert_eq!(full(80, 100), None);
    assert_eq!(full(81, 100).unwrap().what, "81 changes wait of at most 100; further ones will be refused");
}

#[test]
fn changes_that_wait_for_long_are_said_by_account() {
    let now = Timestamp(10_000_000);
    let depth = |queued, held, minutes: i64| Depth {
        queued,
        held,
        oldest: Some(Timestamp(now.0 - minutes * 60_000)),
        ..Depth::default()
    };
    let depths = [("b", depth(2, 0, 7)), ("a", depth(1, 0, 61)), ("c", depth(9, 0, 4)), ("d", depth(2, 1, 6))];
    let depths = depths.map(|(vendor, depth)| (vendor.into(), depth)).into_iter().collect();
    let found = old(&depths, now);
    let found: Vec<_> = found.iter().map(|found| (found.severity, found.what.as_str())).collect();
    let expected = [
        (Severity::Bad, "a: 1 change waiting, the oldest for 1h 1m"),
        (Severity::Warning, "b: 2 changes waiting, the oldest for 7m"),
        (Severity::Bad, "d: 3 changes waiting, 1 of them dead and holding up the rest"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn dead_changes_are_said_with_their_account_if_they_have_one() {
    let vendors = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(dead(&[]), None);
    let found = dead(&vendors(&["v"])).unwrap();
    assert_eq!(found.what, "v: 1 change is dead: given up, and waiting for a replay or to be discarded");
    assert_eq!((found.vendor.as_deref(), found.see.as_str()), (Some("v"), "dead?vendor=v"));
    let found = dead(&vendors(&["v", "w"])).unwrap();
    assert!(found.what.starts_with("2 changes are dead") && found.vendor.is_none() && found.see == "dead", "{found:?}");
    assert!(dead(&vendors(&["v"; 21])).unwrap().what.starts_with("v: more than 20 changes are dead"));
}

#[test]
fn callbacks_that_were_given_up_are_said_for_some_hours() {
    assert_eq!(callbacks(0, None, 100), None);
    assert_eq!(callbacks(1, Some(50), 100).unwrap().what, "1 callback given up since the start");
    assert_eq!(callbacks(1, Some(50), 50 + GIVEN_UP_SECONDS), None);
}
