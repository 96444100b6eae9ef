//! Vendors: dialects, addresses, limits, fields.

use super::{Setup, assert_text};

#[test]
fn missing_and_unknown_dialects_are_reported() {
    let setup = Setup::new(
        r#"[vendors.sondoss]
token = { env = "T" }
[vendors.acme]
token = { env = "T" }
[vendors.other]
dialect = "famular"
token = { env = "T" }
[vendors.third]
dialect = "x"
token = { env = "T" }
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.sondoss` names no dialect and is not named after one
  --> c.toml:1:10
1 | [vendors.sondoss …
  |          ^^^^^^^
  help: add `dialect = "sondos"`, or name the table `sondos`
error: `vendors.acme` names no dialect and is not named after one
  --> c.toml:3:10
3 | [vendors.acme …
  |          ^^^^
  help: add `dialect`: "autocalls", "elevenlabs", "famulor", "gloriagent", "intellixent", "retell", "sondos" or "vapi"
error: `vendors.other.dialect`: there is no dialect "famular"
  --> c.toml:6:11
6 | dialect = "famular"
  |           ^^^^^^^^^
  help: did you mean `famulor`?
error: `vendors.third.dialect`: there is no dialect "x"
  --> c.toml:9:11
9 | dialect = "x"
  |           ^^^
  help: the dialects are "autocalls", "elevenlabs", "famulor", "gloriagent", "intellixent", "retell", "sondos" or "vapi"
"#,
    );
}

#[test]
fn a_copy_of_a_list_may_be_kept_for_no_time() {
    let text = |ttl: &str| format!("[vendors.sondos]\ntoken = {{ env = \"T\" }}\n{ttl}");
    let kept = |ttl: &str| Setup::new(&text(ttl)).settings().vendors["sondos"].list_ttl.as_secs();
    assert_eq!((kept(""), kept("list_ttl = \"0s\""), kept("list_ttl = \"1m\"")), (5, 0, 60));
    assert_text(
        &Setup::new(&text("list_ttl = 7\n")).errors(),
        r#"
error: `vendors.sondos.list_ttl` must be a duration such as "500ms", "30s" or "1m30s", not an integer
  --> c.toml:3:12
3 | list_ttl = 7
  |            ^
  help: did you mean "7s"?
"#,
    );
}

#[test]
fn branch_and_publish_are_for_dialects_that_know_them() {
    let settings = Setup::new(
        r#"[vendors.elevenlabs]
token = { env = "T" }
branch = "agtbrch 1/2"
[vendors.retell]
token = { env = "T" }
publish = "after_update"
[vendors.vapi]
token = { env = "T" }
"#,
    )
    .settings();
    let plan = |name: &str| settings.vendors[name].plan.plan();
    assert_eq!(plan("elevenlabs").parameters, [("branch", "agtbrch 1/2".to_owned())]);
    assert!(!plan("elevenlabs").publishes && plan("retell").publishes);
    assert_eq!(plan("vapi"), ::vendors::Settings::default());
    let shown = settings.redacted();
    assert_eq!(shown["vendors"]["elevenlabs"]["branch"], "agtbrch 1/2");
    assert_eq!(shown["vendors"]["retell"]["publish"], "after_update");
    assert_text(
        &Setup::new(
            r#"[vendors.sondos]
token = { env = "T" }
branch = "main"
publish = "never"
[vendors.elevenlabs]
token = { env = "T" }
branch = " "
publish = "after_update"
[vendors.retell]
token = { env = "T" }
branch = "main"
publish = "always"
"#,
        )
        .errors(),
        r#"
error: `vendors.sondos.branch` has no meaning with the dialect "sondos", which knows no branches
  --> c.toml:3:10
3 | branch = "main"
  |          ^^^^^^
  help: take it out; it is for accounts of the dialect "elevenlabs"
error: `vendors.sondos.publish` has no meaning with the dialect "sondos", which knows no step that publishes
  --> c.toml:4:11
4 | publish = "never"
  |           ^^^^^^^
  help: take it out; it is for accounts of the dialect "retell"
error: `vendors.elevenlabs.branch` must not be empty
  --> c.toml:7:10
7 | branch = " "
  |          ^^^
  help: leave the key out instead
error: `vendors.elevenlabs.publish` has no meaning with the dialect "elevenlabs", which knows no step that publishes
  --> c.toml:8:11
8 | publish = "after_update"
  |           ^^^^^^^^^^^^^^
  help: take it out; it is for accounts of the dialect "retell"
error: `vendors.retell.branch` has no meaning with the dialect "retell", which knows no branches
  --> c.toml:11:10
11 | branch = "main"
   |          ^^^^^^
  help: take it out; it is for accounts of the dialect "elevenlabs"
error: `vendors.retell.publish` cannot be "always"
  --> c.toml:12:11
12 | publish = "always"
   |           ^^^^^^^^
  help: write "never" or "after_update"
"#,
    );
}

#[test]
fn catalogs_have_texts_as_ids_where_the_vendor_has_them() {
    let text = |vendor: &str, ids: &str| {
        Setup::new(&format!(
            "[vendors.v]\ndialect = \"{vendor}\"\ntoken = {{ env = \"T\" }}\n[vendors.v.catalog]\nvoices = {ids}\n"
        ))
    };
    let ids = r#"{ "11labs:burt" = "Burt", "7" = "Seven", "a \"b\"" = "Quoted" }"#;
    let settings = text("vapi", ids).settings();
    let voices = settings.vendors["v"].catalog.kinds().find(|(kind, _)| kind.as_str() == "voices").unwrap().1.clone();
    assert_eq!(voices.keys().collect::<Vec<_>>(), ["11labs:burt", "7", "a \"b\""]);
    assert_text(
        &text("retell", r#"{ " burt" = "Burt", "" = "None" }"#).errors(),
        r#"
error: ` burt` cannot be a catalog id
  --> c.toml:5:12
5 | voices = { " burt" …
  |            ^^^^^^^
  help: did you mean `burt`? it is the vendor's id as text, without blanks around it, at most 256 bytes
error: `` cannot be a catalog id
  --> c.toml:5:30
5 | voices = { " burt" = "Burt", "" …
  |                              ^^
  help: it is the vendor's id as text, without blanks around it, at most 256 bytes
"#,
    );
    assert!(text("sondos", r#"{ "11labs:burt" = "Burt" }"#).errors().contains("it is the vendor's number"));
}

#[test]
fn bad_base_urls_are_reported() {
    let setup = Setup::new(
        r#"[vendors]
sondos = { token = { env = "T" }, base_url = "http://vendor.example/api" }
[vendors.famulor]
base_url = "https://user:hush@vendor.example/api"
token = { env = "T" }
[vendors.autocalls]
base_url = "https://vendor.example/api?key=hush"
token = { env = "T" }
[vendors.gloriagent]
base_url = "https://app.gloriagent.ai//api"
token = { env = "T" }
[vendors.intellixent]
base_url = "portal.intellixent.ai/api"
token = { env = "T" }
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.sondos.base_url` would send the token unencrypted to another machine
  --> c.toml:2:46
  help: use `https://`, or set `allow_plain_http = true` for this vendor
error: `vendors.famulor.base_url` holds a user name or password
  --> c.toml:4:12
  help: write a URL such as "https://vendor.example/api"
error: `vendors.autocalls.base_url` has a query
  --> c.toml:7:12
  help: write a URL such as "https://vendor.example/api"
error: `vendors.gloriagent.base_url` has an empty path segment (`//`)
  --> c.toml:10:12
10 | base_url = "https://app.gloriagent.ai//api"
   |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: write a URL such as "https://vendor.example/api"
error: `vendors.intellixent.base_url` does not start with `https://` or `http://`
  --> c.toml:13:12
13 | base_url = "portal.intellixent.ai/api"
   |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: write a URL such as "https://vendor.example/api"
"#,
    );
}

#[test]
fn bad_retry_and_breaker_settings_are_reported() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "T" }
retry = { max_attempts = 0, backoff = "3s" }
breaker = { failure_ratio = 1.5, min_requests = 0, window = "0s" }
rate_limit = {}
[vendors.famulor]
token = { env = "T" }
[vendors.famulor.retry]
backoff = "1s"
max_backoff = "500ms"
[vendors.famulor.breaker]
failure_ratio = 0
[vendors.famulor.rate_limit]
per_minute = 10
per_second = 1
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.sondos.retry.max_attempts` must be an integer from 1 to 20, not 0
  --> c.toml:3:26
3 | retry = { max_attempts = 0 …
  |                          ^
error: `vendors.sondos.retry` waits longer at first (3s) than at most (2s)
  --> c.toml:3:39
3 | retry = { max_attempts = 0, backoff = "3s" …
  |                                       ^^^^
  help: lower `backoff`, or raise `max_backoff` to at least "3s"
error: `vendors.sondos.breaker.failure_ratio` must be a number above 0 and at most 1
  --> c.toml:4:29
4 | breaker = { failure_ratio = 1.5 …
  |                             ^^^
error: `vendors.sondos.breaker.min_requests` must be an integer from 1 to 1000000, not 0
  --> c.toml:4:49
4 | breaker = { failure_ratio = 1.5, min_requests = 0 …
  |                                                 ^
error: `vendors.sondos.breaker.window` must be longer than zero
  --> c.toml:4:61
4 | breaker = { failure_ratio = 1.5, min_requests = 0, window = "0s" …
  |                                                             ^^^^
  help: write a duration such as "500ms", "30s" or "1m30s"
error: `vendors.sondos.rate_limit` does not say how many
  --> c.toml:5:1
5 | rate_limit …
  | ^^^^^^^^^^
  help: add `per_second` or `per_minute`
error: `vendors.famulor.retry` waits longer at first (1s) than at most (500ms)
  --> c.toml:9:11
9 | backoff = "1s"
  |           ^^^^
  help: lower `backoff`, or raise `max_backoff` to at least "1s"
error: `vendors.famulor.breaker.failure_ratio` must be a number above 0 and at most 1
  --> c.toml:12:17
12 | failure_ratio = 0
   |                 ^
error: `vendors.famulor.rate_limit` has both `per_second` and `per_minute`
  --> c.toml:14:1
14 | per_minute …
   | ^^^^^^^^^^
  help: keep one of the two
"#,
    );
}

#[test]
fn bad_field_policies_and_catalogs_are_reported() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "T" }
[vendors.sondos.fields]
folder_idd = "drop"
folder_id = "dorp"
frobnicate = "send"
[vendors.sondos.catalog.languages]
"1" = "English"
"2" = "English"
en = "English (UK)"
"3" = 3
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.sondos.fields.folder_idd` is not a canonical field
  --> c.toml:4:1
4 | folder_idd …
  | ^^^^^^^^^^
  help: did you mean `folder_id`?
error: `vendors.sondos.fields.folder_id` cannot be "dorp"
  --> c.toml:5:13
5 | folder_id = "dorp"
  |             ^^^^^^
  help: did you mean `drop`?
error: `vendors.sondos.fields.frobnicate` is not a canonical field
  --> c.toml:6:1
6 | frobnicate …
  | ^^^^^^^^^^
  help: `switchboard coverage` lists all fields
error: `vendors.sondos.catalog.languages` gives "English" the ids 1 and 2
  --> c.toml:9:7
9 | "2" = "English"
  |       ^^^^^^^^^
  help: updates that use this name cannot tell which is meant; make the names differ
error: `en` cannot be a catalog id
  --> c.toml:10:1
10 | en …
   | ^^
  help: it is the vendor's number, without zeros before it, such as `12`
error: `vendors.sondos.catalog.languages.3` must be a string, not an integer
  --> c.toml:11:7
11 | "3" = 3
   |       ^
"#,
    );
}

#[test]
fn vendor_names_that_paths_cannot_hold_are_reported() {
    let setup = Setup::new(
        r#"[vendors."a:b"]
dialect = "sondos"
token = { env = "T" }
[vendors.sondos]
dialect = "sondos"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `a:b` cannot be a vendor name
  --> c.toml:1:10
1 | [vendors."a:b" …
  |          ^^^^^
  help: did you mean `a-b`? a vendor name consists of lower-case letters, digits, `_` and `-`, a letter first, at most 64 characters
error: `vendors.sondos` lacks `token`
  --> c.toml:4:10
4 | [vendors.sondos …
  |          ^^^^^^
  help: add `token`: The account's API key, as a reference.
"#,
    );
}

#[test]
fn omitted_settings_come_from_the_dialect() {
    let setup = Setup::new(
        r#"
[vendors.sondos]
token = { env = "T" }
[vendors.other]
dialect = "famulor"
base_url = "http://127.0.0.1:8081/api//"
token = { env = "T" }
rate_limit = { per_minute = 90 }
"#,
    );
    let settings = setup.settings();
    let (sondos, other) = (&settings.vendors["sondos"], &settings.vendors["other"]);
    assert_eq!(sondos.base_url.as_str(), "https://app.sondos-ai.com/api");
    assert_eq!(other.base_url.as_str(), "http://127.0.0.1:8081/api");
    assert_eq!((sondos.dialect.as_str(), other.dialect.as_str()), ("sondos", "famulor"));
    let limit = other.rate_limit.expect("a limit");
    assert_eq!((limit.count.get(), limit.burst.get()), (90, 2));
}

#[test]
fn settings_without_effect_have_warnings() {
    let setup = Setup::new(
        r#"
[vendors.sondos]
token = { env = "T" }
timeout = "40s"
connect_timeout = "50s"
base_url = "http://vendor.example"
allow_plain_http = true
ca_file = "ca.pem"
[auth]
mode = "none"
"#,
    )
    .file("ca.pem", &super::identity().0);
    assert_text(
        &setup.warnings(),
        r#"
warning: `vendors.sondos.timeout` is longer than `server.request_timeout` (30s)
  --> c.toml:4:11
4 | timeout = "40s"
  |           ^^^^^
  help: `server.request_timeout` ends the wait first; lower `timeout`
warning: `vendors.sondos.connect_timeout` is longer than `timeout` (40s)
  --> c.toml:5:19
5 | connect_timeout = "50s"
  |                   ^^^^^
  help: `timeout` ends the wait first; lower `connect_timeout`
warning: `vendors.sondos.ca_file` has no effect on a plain `http://` address
  --> c.toml:8:11
8 | ca_file = "ca.pem"
  |           ^^^^^^^^
  help: use `https://` in `base_url`
"#,
    );
}

#[test]
fn contradicting_field_forms_and_languages_are_reported() {
    let setup = Setup::new(
        r#"[auth]
mode = "none"
[vendors.sondos]
token = { env = "T" }
[vendors.sondos.fields]
language = "drop"
language_id = "refuse"
voice = "drop"
voice_id = "drop"
[vendors.sondos.catalog.languages]
"1" = "English"
"2" = "EN"
"03" = "Arabic"
[vendors.sondos.catalog.voices]
"1" = "Aria"
"2" = "aria"
[log]
filter = "info,switchboard=loud"
[[routing.rules]]
assistant = "sales-*"
vendor = "sondos"
"#,
    );
    let errors = setup.errors();
    for expected in [
        "`vendors.sondos.fields` treats `language` and `language_id` differently\n  --> c.toml:7:15",
        "`vendors.sondos.catalog.languages` lists English twice: by its code as 2, by its name as 1\n  --> c.toml:12:7",
        "`03` cannot be a catalog id\n  --> c.toml:13:1",
        "`log.filter` cannot be read: ",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    assert!(!errors.contains("voice"), "{errors}");
    let warnings = setup.load().expect_err("refused").to_string();
    for expected in [
        "\"Aria\" and \"aria\" differ in letter case only",
        "`routing.rules[0]` never applies: ids are digits, without a leading zero at `sondos`, and \"sales-*\" matches none",
    ] {
        assert!(warnings.contains(expected), "{expected}\n{warnings}");
    }
}

#[test]
fn an_address_that_holds_the_endpoint_is_a_warning() {
    let address = |url: &str| {
        let text =
            format!("[auth]\nmode = \"none\"\n[vendors.sondos]\nbase_url = \"{url}\"\ntoken = {{ env = \"T\" }}\n");
        Setup::new(&text).warnings()
    };
    for good in [
        "https://a.example/api",
        "https://a.example/api/",
        "https://a.example/user",
        "https://a.example/api/user/assistants",
    ] {
        assert!(!address(good).contains("endpoint"), "{good}");
    }
    for bad in [
        "https://a.example/api/user/assistant",
        "https://a.example/user/assistant/",
        "https://a.example/api/user/assistant/789",
    ] {
        let warned = address(bad);
        assert!(warned.contains("holds the path of an endpoint, `/user/assistant`"), "{bad}: {warned}");
    }
}

#[test]
fn a_token_that_is_not_set_hides_no_other_problem_of_its_vendor() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "UNSET_TOKEN" }
base_url = "http://api.example"
ca_file = "none.pem"
rate_limit = { burst = 3 }
retry = { backoff = "3s" }
connect_timeout = "11s"
[vendors.sondos.catalog.voices]
"1" = "Ada"
"2" = "Ada"
[vendors.sondos.fields]
voice = "drop"
voice_id = "refuse"
[vendors.nameless]
token = { env = "T" }
ca_file = "other.pem"
roots = "none"
[vendors.broken]
dialect = "sondos"
base_url = "sondos.example"
token = { env = "T" }
client_certificate = { cert = "own.pem", key = "own.key" }
"#,
    );
    let problems = setup.load().expect_err("problems").to_string();
    for expected in [
        "`UNSET_TOKEN` for `vendors.sondos.token` is not set",
        "`vendors.sondos.base_url` would send the token unencrypted",
        "none.pem` for `vendors.sondos.ca_file`",
        "`vendors.sondos.ca_file` has no effect on a plain",
        "`vendors.sondos.rate_limit`",
        "`vendors.sondos.retry` waits longer at first",
        "`vendors.sondos.connect_timeout` is longer than `timeout` (10s)",
        "`vendors.sondos.catalog.voices` gives \"Ada\" the ids 1 and 2",
        "`vendors.sondos.fields` treats `voice` and `voice_id` differently",
        "`vendors.nameless` names no dialect",
        "other.pem` for `vendors.nameless.ca_file`",
        "`vendors.broken.base_url`",
        "own.pem` for `vendors.broken.client_certificate.cert`",
    ] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}
