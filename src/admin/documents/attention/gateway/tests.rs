use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use super::*;
use crate::admin::documents::attention::Severity;
use crate::config::Severity as ProblemSeverity;
use crate::problem::{Code, Problem};
use crate::telemetry::{SpanCounts, WriterHealth};

fn outcome(applied: bool) -> ReloadResult {
    let (generation, at) = (2, 77);
    ReloadResult { applied, generation, trigger: "watch", at, problems: vec![], changed: vec![], needs_restart: vec![] }
}

fn reload_problem(message: &str) -> ReloadProblem {
    ReloadProblem {
        severity: ProblemSeverity::Error,
        file: None,
        line: None,
        column: None,
        variable: None,
        key: String::new(),
        message: message.to_owned(),
        help: None,
    }
}

#[test]
fn a_refused_reload_is_said_with_its_first_problems_at_their_lines() {
    assert_eq!(refused(&outcome(true), None), None);
    let mut last = outcome(false);
    let place = ReloadProblem {
        file: Some("c.toml".to_owned()),
        line: Some(3),
        column: Some(5),
        help: Some("did you mean `b`?".to_owned()),
        ..reload_problem("unknown key `a`")
    };
    let variable = ReloadProblem { variable: Some("SWITCHBOARD_X".to_owned()), ..reload_problem("unknown key `x`") };
    last.problems = vec![place, variable, reload_problem("a third one")];
    let found = refused(&last, Some(Path::new("/etc/c.toml"))).unwrap();
    assert_eq!(found.what, "the last reload was refused, the old configuration is in force");
    assert_eq!(found.advice.as_deref(), Some("see `switchboard check --config /etc/c.toml`"));
    assert_eq!(found.details, ["c.toml:3:5: unknown key `a`; did you mean `b`?", "SWITCHBOARD_X: unknown key `x`"]);
    assert_eq!((found.severity, found.since, found.see.as_str()), (Severity::Bad, Some(77), "config"));
    assert_eq!(refused(&last, None).unwrap().advice.as_deref(), Some("see `switchboard check`"));
}

#[test]
fn what_waits_for_a_restart_is_named() {
    assert_eq!(needs_restart(&outcome(true)), None);
    let last = ReloadResult { needs_restart: vec!["server.listen", "store"], ..outcome(true) };
    assert_eq!(needs_restart(&last).unwrap().what, "waits for a restart: server.listen, store");
}

#[test]
fn lines_that_are_not_written_and_lost_ones_are_said() {
    let well = || Some(WriterHealth::default());
    assert_eq!(writers(&TelemetryHealth { log: well(), audit: None, traces: None }), []);
    let audit = Some(WriterHealth { lost: 2, failing: Some("no space".to_owned()) });
    let traces = Some(SpanCounts { exported: 9, dropped: 1 });
    let log = Some(WriterHealth { lost: 1, failing: None });
    let found = writers(&TelemetryHealth { log, audit, traces });
    let found: Vec<_> = found.iter().map(|attention| (attention.severity, attention.what.as_str())).collect();
    let expected = [
        (Severity::Warning, "1 lines of the log are lost"),
        (Severity::Bad, "the audit cannot be written: no space"),
        (Severity::Warning, "2 lines of the audit are lost"),
        (Severity::Warning, "1 span of the traces are lost"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn certificates_are_said_thirty_days_before_their_end() {
    let left = |left: i64| {
        expiring(&CertificateExpiry { key: "server.tls".to_owned(), not_after: 1_000_000_000 + left }, 1_000_000_000)
            .map(|found| (found.severity, found.what))
    };
    let said = |severity, rest: &str| Some((severity, format!("the certificate of server.tls {rest}")));
    assert_eq!(left(31 * DAY), None);
    assert_eq!(left(30 * DAY), said(Severity::Warning, "expires in 30 days"));
    assert_eq!(left(2 * DAY), said(Severity::Bad, "expires in 48 hours"));
    assert_eq!(left(3_599), said(Severity::Bad, "expires in 0 hours"));
    assert_eq!(left(0), said(Severity::Bad, "has expired"));
}

#[test]
fn requests_near_the_limit_and_limits_of_one_replica_are_said() {
    assert_eq!(saturated(80, 100), None);
    assert_eq!(saturated(81, 100).unwrap().what, "81 of at most 100 requests are in flight");
    assert_eq!(not_shared(None).or(not_shared(Some(true))), None);
    assert!(not_shared(Some(false)).unwrap().what.starts_with("limits are not shared: "));
}

#[test]
fn failed_authentication_is_said_while_it_is_limited() {
    let attempts = FailedAttempts::new(Duration::from_mins(1), NonZeroU32::MIN).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let fail = || attempts.record(IpAddr::from([192, 0, 2, 1]), Problem::new(Code::Unauthenticated, ""));
    fail();
    assert_eq!(failed_authentication(&attempts, now), None);
    fail();
    let found = failed_authentication(&attempts, now).unwrap();
    assert_eq!(
        found.what,
        "failed authentication is being limited: 2 attempts since the start, 1 of them over the limit"
    );
    assert_eq!(failed_authentication(&attempts, now + 3600), None);
}
