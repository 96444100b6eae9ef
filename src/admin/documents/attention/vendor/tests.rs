use super::*;

fn streak(reason: &'static str, count: u64) -> Option<Attention> {
    failing("v", Streak { reason, since: 77, count })
}

#[test]
fn a_refused_token_and_a_refused_account_are_said_at_once() {
    for (reason, what, runbook) in [
        ("vendor_credentials_rejected", "v: refuses our token", "docs/runbook.md#switchboardcredentialsrejected"),
        (
            "vendor_account_problem",
            "v: refuses our account, for its balance, plan or configuration",
            "docs/runbook.md#switchboardaccountproblem",
        ),
    ] {
        let found = streak(reason, 1).unwrap();
        assert_eq!(
            (found.what.as_str(), found.runbook, found.since, found.updates),
            (what, runbook, Some(77), Some(1))
        );
        assert_eq!((found.severity, found.reason.as_deref()), (Severity::Bad, Some(reason)));
    }
}

#[test]
fn other_reasons_are_said_from_the_third_update_on() {
    assert_eq!(streak("vendor_error", 2), None);
    let found = streak("vendor_error", 3).unwrap();
    assert_eq!(found.what, "v: every update fails (vendor_error)");
    assert_eq!(found.see, "requests?vendor=v&reason=vendor%5Ferror");
}

#[test]
fn an_open_breaker_is_said_with_its_next_probe_since_it_opened() {
    let change = |state, at| BreakerChange { state, at };
    let changes =
        [change("open", 9), change("half_open", 8), change("open", 5), change("closed", 4), change("open", 1)];
    let open = BreakerState::Open { next_probe: Duration::from_millis(61_200) };
    let found = breaker("v", open, &changes).unwrap();
    assert_eq!(found.what, "v: left alone after too many failures; next probe in 1m 2s");
    assert_eq!((found.severity, found.since), (Severity::Bad, Some(5)));
    let due = breaker("v", BreakerState::Open { next_probe: Duration::ZERO }, &changes).unwrap();
    assert_eq!(due.what, "v: left alone after too many failures; the next request is the probe");
    let found = breaker("v", BreakerState::HalfOpen, &changes).unwrap();
    assert_eq!(found.what, "v: left alone after too many failures; a probe is under way");
    assert_eq!(breaker("v", BreakerState::Closed, &changes), None);
}

#[test]
fn pauses_waiting_requests_and_drift_are_said() {
    let found = paused("a b", Duration::from_millis(2_500));
    assert_eq!((found.what.as_str(), found.see.as_str()), ("a b: has asked for a pause, 3s left", "vendor?name=a%20b"));
    assert_eq!(waiting("v", 5, 10), None);
    let found = waiting("v", 6, 10).unwrap();
    assert_eq!((found.what.as_str(), found.severity), ("v: 6 of at most 10 requests wait", Severity::Warning));
    assert_eq!(waiting("v", 9, 10).unwrap().severity, Severity::Bad);
    assert_eq!(drift("v", 0), None);
    assert_eq!(drift("v", 1).unwrap().what, "v: answers differ from its documentation in 1 place");
    assert_eq!(drift("v", 2).unwrap().see, "drift?vendor=v");
}
