//! `[store]` and what needs one: what they refuse, and that no message shows a key.

use std::time::Duration;

use super::{Setup, assert_text, paths};
use crate::config::{OnDead, StoreKind};
use crate::value::JournalValues;

/// What makes a configuration one without warnings.
const QUIET: &str = "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"T\" }\n";

/// 32 bytes in base64.
const KEY: &str = "Key+Key+Key+Key+Key+Key+Key+Key+Key+Key+Kew=";

#[test]
fn a_store_has_defaults_and_its_path_starts_from_the_file() {
    let setup = Setup::new(&format!("[store]\nkind = \"sqlite\"\n{QUIET}"));
    let settings = setup.settings();
    let store = settings.store.expect("a store");
    assert_eq!((store.kind, store.sync_intent), (StoreKind::Sqlite, false));
    assert_eq!(store.path, Some(setup.path("data/switchboard.db")));
    assert!(store.postgres.is_none());
    assert!(store.encryption_key.is_empty());
    assert!(!setup.path("data").exists(), "a check makes no folder");
    assert_eq!(setup.warnings(), "");
    assert!(Setup::new("").settings().store.is_none());
}

#[test]
fn times_may_be_as_short_as_a_second() {
    let text = "[store]\nkind = \"sqlite\"\npath = \"s.db\"\nsync_intent = true\n\
                [queue]\nmax_age = \"1s\"\nbackoff = \"1s\"\nmax_backoff = \"1s\"\nmax_per_assistant = 1\nmax_total = 1\n\
                coalesce = false\non_dead = \"hold\"\n[idempotency]\nretention = \"1s\"\n\
                [journal]\nretention = \"365 days\"\nvalues = \"none\"\n";
    let setup = Setup::new(&format!("{text}{QUIET}"));
    assert_eq!(setup.warnings(), "");
    let settings = setup.settings();
    let (second, queue) = (Duration::from_secs(1), settings.queue);
    assert_eq!((queue.max_age, queue.backoff, queue.max_backoff), (second, second, second));
    assert_eq!((queue.max_per_assistant, queue.max_total), (1, 1));
    assert_eq!((queue.coalesce, queue.on_dead), (false, OnDead::Hold));
    assert_eq!(settings.idempotency.retention, second);
    assert_eq!(settings.journal.retention, Duration::from_hours(24 * 365));
    assert_eq!(settings.journal.values, JournalValues::None);
    assert_eq!(settings.store.map(|store| (store.path, store.sync_intent)), Some((Some(setup.path("s.db")), true)));
}

#[test]
fn another_kind_of_store_is_reported() {
    for (kind, help) in [
        ("postgresql", "write \"postgres\""),
        ("sqlit", "did you mean `sqlite`?"),
        ("memory", "leave `[store]` out instead"),
        ("redis", "write \"sqlite\", which serves one process, or \"postgres\", which serves any number"),
    ] {
        let errors = Setup::new(&format!("[store]\nkind = \"{kind}\"\n")).errors();
        let marks = "^".repeat(kind.len() + 2);
        let expected = format!(
            "error: `store.kind` cannot be \"{kind}\"\n  --> c.toml:2:8\n2 | kind = \"{kind}\"\n  |        {marks}\n  help: {help}"
        );
        assert_text(&errors, &expected);
    }
    assert_text(
        &Setup::new("[store]\n").errors(),
        r#"
error: `store` lacks `kind`
  --> c.toml:1:1
1 | [store]
  | ^^^^^^^
  help: add `kind`: Where records are kept: `sqlite`, a file for one process, or `postgres`, a database for any number of replicas.
"#,
    );
}

#[test]
fn a_path_where_no_database_can_be_is_reported() {
    for (path, message, help) in [
        ("a/b/s.db", "there is no folder `a` for `store.path`", "make that folder"),
        ("made", "`made` for `store.path` is a folder", "name a file in it"),
        ("made/", "is a folder", "name a file in it"),
        ("..", "is a folder", "name a file in it"),
        ("made/x/s.db", "`made/x` for `store.path` is no folder", "a folder of its own"),
        ("made/x/y/s.db", "there is no folder `made/x` for `store.path`", "make that folder"),
        (":memory:", "`store.path` is a name for SQLite, not the path of a file", "./:memory:"),
        ("file:s.db?mode=memory", "`store.path` is a name for SQLite, not the path of a file", "./file:"),
        (" ", "`store.path` must not be empty", "leave the key out"),
        ("s.db\\u0000", "`store.path` holds control characters", "take the control characters out"),
    ] {
        let setup = Setup::new(&format!("[store]\nkind = \"sqlite\"\npath = \"{path}\"\n")).file("made/x", "");
        let errors = setup.errors();
        assert!(errors.contains(message) && errors.contains(help), "{path}: {errors}");
        assert_eq!(errors.matches("error:").count(), 1, "{errors}");
        assert!(errors.contains("--> c.toml:3:8"), "{errors}");
    }
    for path in ["s.db", "made/s.db", "new/s.db", "made/new/s.db", "../s.db"] {
        let setup = Setup::new(&format!("[store]\nkind = \"sqlite\"\npath = \"{path}\"\n")).file("made/x", "");
        assert_eq!(setup.settings().store.map(|store| store.path), Some(Some(setup.path(path))));
    }
}

#[test]
fn a_store_shares_no_file_with_a_log() {
    for (section, key) in [("log", "log.file"), ("audit", "audit.file")] {
        for path in ["x.db", "./x.db", "made/../x.db"] {
            let text = format!("[store]\nkind = \"sqlite\"\npath = \"{path}\"\n[{section}]\nfile = \"x.db\"\n");
            let errors = Setup::new(&text).file("made/x", "").errors();
            let expected = format!("error: `store.path` is the file of `{key}`, too\n  --> c.toml:3:8");
            assert!(errors.contains(&expected), "{errors}");
        }
    }
}

#[test]
fn keys_are_one_reference_or_a_list_of_them() {
    let other = KEY.replace("Key", "Kez");
    let variables = |text: &str| {
        let setup = Setup::new(&format!("[store]\nkind = \"sqlite\"\n{text}"));
        let setup = match text.contains("SWITCHBOARD_STORE_KEY") {
            true => setup.variable("SWITCHBOARD_STORE_KEY", KEY),
            false => setup,
        };
        setup.variable("OLD", &other).file("key", &format!("{KEY}\r\n"))
    };
    let keys = |setup: &Setup| {
        let store = setup.settings().store.expect("a store");
        store.encryption_key.iter().map(|key| key.expose()[2]).collect::<Vec<_>>()
    };
    let (new, old) = (0xbe, 0xfe);
    assert_eq!(keys(&variables("encryption_key = { env = \"SWITCHBOARD_STORE_KEY\" }\n")), [new]);
    let list = variables("encryption_key = [{ file = \"key\" }, { env = \"OLD\" }]\n");
    assert_eq!(keys(&list), [new, old]);
    assert!(paths(&list.settings()).contains(&list.path("key")), "a changed key file is noticed");
    // A variable that a list names is no setting, though its name looks like one.
    assert_eq!(
        keys(&variables("encryption_key = [{ env = \"SWITCHBOARD_STORE_KEY\" }, { env = \"OLD\" }]\n")),
        [new, old]
    );
}

#[test]
fn variables_replace_the_keys_of_the_file() {
    let other = KEY.replace("Key", "Kez");
    for below in
        ["", "encryption_key = { env = \"GONE\" }\n", "encryption_key = [{ env = \"GONE\" }, { file = \"gone\" }]\n"]
    {
        let text = format!("[store]\nkind = \"sqlite\"\n{below}");
        let setup = || Setup::new(&text).variable("A", KEY).variable("B", &other);
        for (setup, count) in [
            (setup().variable("SWITCHBOARD_STORE__ENCRYPTION_KEY", KEY), 1),
            (setup().variable("SWITCHBOARD_STORE__ENCRYPTION_KEY", "{ env = \"A\" }"), 1),
            (setup().variable("SWITCHBOARD_STORE__ENCRYPTION_KEY", "[{ env = \"A\" }, { env = \"B\" }]"), 2),
            (setup().variable("SWITCHBOARD_STORE__ENCRYPTION_KEY__ENV", "A"), 1),
        ] {
            let store = setup.settings().store.expect("a store");
            assert_eq!(store.encryption_key.len(), count, "{below}");
            assert_eq!(store.encryption_key[0].expose()[2], 0xbe, "{below}");
        }
    }
    let setup = Setup::new("[store]\nkind = \"sqlite\"\n").file("key", KEY);
    let path = setup.path("key").display().to_string();
    let setup = setup.variable("SWITCHBOARD_STORE__ENCRYPTION_KEY__FILE", &path);
    assert_eq!(setup.settings().store.map(|store| store.encryption_key.len()), Some(1));
}

#[test]
fn what_is_no_key_is_reported_and_not_shown() {
    let setup = Setup::new(
        "[store]\nkind = \"sqlite\"\nencryption_key = [{ env = \"SHORT\" }, { env = \"HEX\" }, { env = \"URL\" }, { env = \"NONE\" }, { file = \"key\" }, { env = \"GONE\" }]\n",
    )
    .variable("SHORT", "aHVzaA==")
    .variable("HEX", &"hush".replace(['h', 'u', 's'], "ab").repeat(8))
    .variable("URL", "hush-hush_hush-hush_hush-hush_hush-hush_huA")
    .variable("NONE", "")
    .file("key", "hush hush");
    let errors = setup.errors();
    for expected in [
        "error: the secret for `store.encryption_key[0]` has 4 bytes instead of 32, after decoding its base64",
        "error: the secret for `store.encryption_key[1]` is hexadecimal, not base64",
        "error: the secret for `store.encryption_key[2]` is not base64 of the standard alphabet",
        "error: the secret for `store.encryption_key[3]` is empty",
        "error: the secret for `store.encryption_key[4]` is not base64\n",
        "error: the environment variable `GONE` for `store.encryption_key[5]` is not set",
        "help: `switchboard keygen --store` makes a key; put it, and nothing else, into the environment variable `SHORT`",
        "help: `switchboard keygen --store` makes a key; put it, and nothing else, into the file `key`",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    assert!(!errors.contains("hush") && !errors.contains("aHVzaA") && !errors.contains("abab"), "{errors}");
    let literal = Setup::new("[store]\nkind = \"sqlite\"\nencryption_key = \"hush\"\n").errors();
    assert!(
        literal.starts_with("error: `store.encryption_key` holds the secret itself\n  --> c.toml:3:18\n  help"),
        "{literal}"
    );
    assert!(!literal.contains("hush"), "{literal}");
    let broken = Setup::new("[store]\nkind = \"sqlite\"\nencryption_key = [\"hush\", 'hush\n").errors();
    assert!(!broken.contains("hush"), "{broken}");
    let empty = Setup::new("[store]\nkind = \"sqlite\"\nencryption_key = []\n").errors();
    assert!(empty.starts_with("error: `store.encryption_key` must not be empty\n  --> c.toml:3:18"), "{empty}");
}

#[test]
fn a_key_that_is_listed_twice_is_reported() {
    let text = "[store]\nkind = \"sqlite\"\nencryption_key = [{ env = \"A\" }, { env = \"B\" }]\n";
    let setup = Setup::new(text).variable("A", KEY).variable("B", KEY.trim_end_matches('='));
    assert_text(
        &setup.errors(),
        r#"
error: `store.encryption_key` lists one key twice
  --> c.toml:3:18
  help: list each key once, the newest first
"#,
    );
}

#[test]
fn times_and_counts_out_of_bounds_are_reported() {
    for (text, message, help) in [
        (
            "[queue]\nmax_age = \"999ms\"",
            "`queue.max_age` is shorter than a second: \"999ms\"",
            "from 1 second to 30 days",
        ),
        ("[queue]\nmax_age = \"31d\"", "`queue.max_age` is too long: \"31d\"", "from 1 second to 30 days"),
        ("[queue]\nmax_age = \"24\"", "`queue.max_age` has no unit: \"24\"", "did you mean \"24h\"?"),
        ("[queue]\nmax_age = 24", "`queue.max_age` must be a duration from 1 second", "did you mean \"24h\"?"),
        ("[queue]\nbackoff = \"0s\"", "`queue.backoff` must be longer than zero", "\"30s\""),
        ("[queue]\nbackoff = 5", "`queue.backoff` must be a duration", "did you mean \"5s\"?"),
        (
            "[queue]\nmax_per_assistant = 0",
            "`queue.max_per_assistant` must be an integer from 1 to 10000000, not 0",
            "",
        ),
        ("[queue]\nmax_total = -1", "`queue.max_total` must be an integer from 1 to 10000000, not -1", ""),
        ("[queue]\ncoalesce = \"yes\"", "`queue.coalesce` must be `true` or `false`", "write true"),
        ("[queue]\non_dead = \"stop\"", "`queue.on_dead` cannot be \"stop\"", "write \"continue\" or \"hold\""),
        ("[idempotency]\nretention = \"0s\"", "`idempotency.retention` is shorter than a second: \"0s\"", "30 days"),
        ("[journal]\nretention = \"3651d\"", "`journal.retention` is too long: \"3651d\"", "to 3650 days"),
        ("[journal]\nretention = 30", "`journal.retention` must be a duration", "did you mean \"30d\"?"),
        ("[journal]\nvalues = \"all\"", "`journal.values` cannot be \"all\"", ""),
        ("[journal]\nvalue = \"full\"", "unknown key `journal.value`", "did you mean `values`?"),
    ] {
        let errors = Setup::new(&format!("[store]\nkind = \"sqlite\"\n{text}\n")).errors();
        assert!(errors.starts_with(&format!("error: {message}")) && errors.contains(help), "{text}: {errors}");
        assert_eq!(errors.matches("error:").count(), 1, "{errors}");
        assert!(errors.contains("--> c.toml:4:"), "{errors}");
    }
}

#[test]
fn settings_of_the_queue_that_contradict_each_other_are_reported() {
    let store = "[store]\nkind = \"sqlite\"\n[queue]\n";
    for (text, expected) in [
        ("backoff = \"11m\"", "error: `queue` waits longer at first (11m) than at most (10m)\n  --> c.toml:4:11"),
        (
            "max_backoff = \"500ms\"",
            "error: `queue` waits longer at first (1s) than at most (500ms)\n  --> c.toml:4:15",
        ),
    ] {
        let errors = Setup::new(&format!("{store}{text}\n")).errors();
        assert!(errors.starts_with(expected) && errors.matches("error:").count() == 1, "{errors}");
    }
    for (text, expected) in [
        ("max_backoff = \"25h\"", "warning: `queue.max_backoff` is longer than `max_age` (1day)\n  --> c.toml:4:15"),
        (
            "max_age = \"5s\"\nbackoff = \"6s\"",
            "warning: `queue.backoff` is longer than `max_age` (5s)\n  --> c.toml:5:11",
        ),
        (
            "max_per_assistant = 100001",
            "warning: `queue` lets more updates of one assistant wait (100001) than in all (100000)\n  --> c.toml:4:21",
        ),
        (
            "max_total = 999",
            "warning: `queue` lets more updates of one assistant wait (1000) than in all (999)\n  --> c.toml:4:13",
        ),
        // The default of `max_backoff` is no mistake of an operator who sets a short time.
        ("max_age = \"5s\"", ""),
    ] {
        let warnings = Setup::new(&format!("{store}{text}\n{QUIET}")).warnings();
        assert!(warnings.starts_with(expected), "{warnings}");
        assert_eq!(warnings.matches("warning:").count(), usize::from(!expected.is_empty()), "{warnings}");
    }
}

#[test]
fn a_journal_with_secrets_has_a_warning() {
    let warnings = Setup::new(&format!("[store]\nkind = \"sqlite\"\n[journal]\nvalues = \"full\"\n{QUIET}")).warnings();
    assert!(warnings.starts_with("warning: `journal.values` keeps secrets that callers send"), "{warnings}");
}

#[test]
fn what_needs_a_store_and_has_none_has_a_warning_each() {
    let setup = Setup::new(
        "[queue]\ncoalesce = true\nbackoff = \"2s\"\n[idempotency]\nretention = \"1h\"\n[journal]\n[clients.crm]\nkey_sha256 = \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n\
         callback = { url = \"https://crm.example/\", secret = { env = \"S\" } }\n\
         [vendors.sondos]\ntoken = { env = \"T\" }\n",
    )
    .variable("S", "hush-hush-hush-hush-hush-hush")
    .variable("SWITCHBOARD_JOURNAL__RETENTION", "40d");
    assert_text(
        &setup.warnings(),
        r#"
warning: `[queue]` has no effect without `[store]`
  --> c.toml:2:1
2 | coalesce …
  | ^^^^^^^^
  help: add a `[store]` with `kind = "sqlite"`, or take this out
warning: `[idempotency]` has no effect without `[store]`
  --> c.toml:5:1
5 | retention …
  | ^^^^^^^^^
  help: add a `[store]` with `kind = "sqlite"`, or take this out
warning: `clients.crm.callback` has no effect without `[store]`
  --> c.toml:9:1
9 | callback …
  | ^^^^^^^^
  help: add a `[store]` with `kind = "sqlite"`, or take this out
warning: `[journal]` has no effect without `[store]`
  --> environment variable SWITCHBOARD_JOURNAL__RETENTION
  help: add a `[store]` with `kind = "sqlite"`, or take this out
"#,
    );
    // Defaults and a section without a key are no mistakes, and neither is anything beside a store.
    assert_eq!(Setup::new(&format!("[queue]\n{QUIET}")).warnings(), "");
}
