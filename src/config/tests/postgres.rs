//! `[store.postgres]` and `[cluster]`: what they refuse, and that no message shows a password.

use std::time::Duration;

use super::{Setup, assert_text, paths};
use crate::config::{OnOutage, StoreKind};

/// What makes a configuration one without warnings.
const QUIET: &str = "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"T\" }\n";

const STORE: &str = "[store]\nkind = \"postgres\"\nencryption_key = { env = \"KEY\" }\n";
const URL: &str = "[store.postgres]\nurl = { env = \"DATABASE_URL\" }\n";

fn setup(text: &str, url: &str) -> Setup {
    let setup = Setup::new(&format!("{text}{QUIET}"));
    setup.variable("KEY", "Key+Key+Key+Key+Key+Key+Key+Key+Key+Key+Kew=").variable("DATABASE_URL", url)
}

#[test]
fn a_store_that_replicas_share_has_defaults() {
    let setup = setup(&format!("{STORE}{URL}"), "postgres://me:hushhush@db/switch");
    assert_eq!(setup.warnings(), "");
    let settings = setup.settings();
    let shown = settings.redacted().to_string();
    assert!(shown.contains("postgres://me@db:5432/switch?sslmode=verify-full") && !shown.contains("hush"), "{shown}");
    let store = settings.store.unwrap();
    assert_eq!((store.kind, store.path), (StoreKind::Postgres, None));
    let postgres = store.postgres.unwrap();
    assert_eq!(postgres.url.password(), Some("hushhush"));
    assert_eq!((postgres.connections, postgres.timeout), (6, Duration::from_secs(2)));
    assert_eq!((postgres.prepared, postgres.require_sync, postgres.on_outage), (true, false, OnOutage::Refuse));
    assert_eq!(settings.cluster.session_ttl, Duration::from_secs(6));
}

#[test]
fn every_key_is_read_and_the_url_may_come_from_a_file_or_a_variable() {
    let keys = "connections = 5\ntimeout = \"500ms\"\nprepared = false\nrequire_sync = true\non_outage = \"local\"\n";
    let text = format!("{STORE}[store.postgres]\nurl = {{ file = \"url\" }}\n{keys}[cluster]\nsession_ttl = \"1s\"\n");
    let with_file = setup(&text, "").file("url", "host=/run/pg user=me\n");
    let settings = with_file.settings();
    assert!(paths(&settings).contains(&with_file.path("url")), "a changed file is noticed");
    let postgres = settings.store.unwrap().postgres.unwrap();
    assert_eq!(postgres.url.to_string(), "postgres://me@/run/pg/.s.PGSQL.5432/me?sslmode=prefer");
    assert_eq!((postgres.connections, postgres.timeout), (5, Duration::from_millis(500)));
    assert_eq!((postgres.prepared, postgres.require_sync, postgres.on_outage), (false, true, OnOutage::Local));
    assert_eq!(settings.cluster.session_ttl, Duration::from_secs(1));
    let variable = setup(STORE, "").variable("SWITCHBOARD_STORE__POSTGRES__URL", "postgres://me:hushhush@localhost/x");
    let postgres = variable.settings().store.unwrap().postgres.unwrap();
    assert_eq!(postgres.url.to_string(), "postgres://me@localhost:5432/x?sslmode=prefer");
}

#[test]
fn what_is_missing_or_belongs_to_the_other_kind_is_reported() {
    assert_text(
        &setup("[store]\nkind = \"postgres\"\npath = \"x.db\"\nsync_intent = false\n", "").errors(),
        r#"
error: `store` lacks `encryption_key`, which `kind = "postgres"` needs
  --> c.toml:1:2
1 | [store …
  |  ^^^^^
  help: `switchboard keygen --store` makes a key, which all replicas need
error: `store` lacks `postgres`, which `kind = "postgres"` needs
  --> c.toml:1:2
1 | [store …
  |  ^^^^^
  help: add `[store.postgres]` with a `url`
error: `store.path` belongs to `kind = "sqlite"`
  --> c.toml:3:8
3 | path = "x.db"
  |        ^^^^^^
  help: take it out, or write `kind = "sqlite"`
error: `store.sync_intent` belongs to `kind = "sqlite"`; `postgres` stores every change before it is sent
  --> c.toml:4:15
4 | sync_intent = false
  |               ^^^^^
  help: take it out, or write `kind = "sqlite"`
"#,
    );
    let errors = setup(&format!("[store]\nkind = \"sqlite\"\n{URL}"), "postgres://me@db/x").errors();
    assert!(errors.starts_with("error: `store.postgres` belongs to `kind = \"postgres\"`"), "{errors}");
    let errors = setup(&format!("{STORE}[store.postgres]\nprepared = true\n"), "").errors();
    assert!(errors.contains("error: `store.postgres` lacks `url`"), "{errors}");
    let warnings = setup("[store]\nkind = \"sqlite\"\n[cluster]\nsession_ttl = \"2s\"\n", "").warnings();
    assert!(
        warnings.contains("warning: `[cluster]` has no effect without a `[store]` that replicas share"),
        "{warnings}"
    );
}

#[test]
fn values_out_of_bounds_are_reported() {
    for (text, message) in [
        ("connections = 4", "`store.postgres.connections` must be an integer from 5 to 64, not 4"),
        ("connections = 65", "`store.postgres.connections` must be an integer from 5 to 64, not 65"),
        ("timeout = \"0s\"", "`store.postgres.timeout` must be longer than zero"),
        ("on_outage = \"ignore\"", "`store.postgres.on_outage` cannot be \"ignore\""),
        ("prepare = true", "unknown key `store.postgres.prepare`"),
        ("[cluster]\nsession_ttl = \"999ms\"", "`cluster.session_ttl` is shorter than a second"),
        ("[cluster]\nsession_ttl = \"25h\"", "`cluster.session_ttl` is too long"),
    ] {
        let errors = setup(&format!("{STORE}{URL}{text}\n"), "postgres://me@db/x").errors();
        assert!(errors.starts_with(&format!("error: {message}")), "{text}: {errors}");
    }
}

#[test]
fn a_url_that_cannot_be_used_is_reported_and_not_shown() {
    for (url, wrong) in [
        ("postgres://me:hush@hush@db/x", "has a character in its user name or password that has to be escaped"),
        ("postgres://me:hushhush@db/x?sslmode=disable", "has `sslmode=disable` for a host that is not this machine"),
        (
            "postgres://me:hushhush@db/x?options=-c%20a%3Db",
            "has the option `options`, which this gateway does not take",
        ),
        ("hushhush", "is neither a URL"),
        ("", "is empty"),
    ] {
        let errors = setup(&format!("{STORE}{URL}"), url).errors();
        let expected = format!("error: the secret for `store.postgres.url` {wrong}");
        assert!(errors.starts_with(&expected) && !errors.contains("hush"), "{errors}");
        assert!(errors.contains("nothing else, into the environment variable `DATABASE_URL`"), "{errors}");
    }
    let literal = setup(&format!("{STORE}[store.postgres]\nurl = \"postgres://me:hushhush@db/x\"\n"), "").errors();
    assert!(literal.contains("holds the secret itself") && !literal.contains("hush"), "{literal}");
    let file = "postgres://me:hushhush@db/x?sslrootcert=/nonexistent/ca.pem";
    let errors = setup(&format!("{STORE}{URL}"), file).errors();
    assert!(errors.contains("/nonexistent/ca.pem") && !errors.contains("hush"), "{errors}");
    let weak = setup(&format!("{STORE}{URL}"), "postgres://me:hushhush@db/x?sslmode=require").warnings();
    assert!(weak.contains("has `sslmode=require`, which does not check") && !weak.contains("hush"), "{weak}");
}
