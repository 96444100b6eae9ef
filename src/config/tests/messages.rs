//! Rendered messages: what is wrong, where to the column, and what would be right.

use super::{Setup, assert_text};

#[test]
fn every_syntax_error_is_reported() {
    let setup = Setup::new(
        r#"[auth]
mode = none
[log
level = "info"
format = 
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: not TOML: invalid float, expected `nan`
  --> c.toml:2:8
2 | mode = none
  |        ^^^^
  help: texts stand in quotes
error: not TOML: unclosed table, expected `]`
  --> c.toml:3:5
3 | [log
  |     ^
"#,
    );
}

#[test]
fn a_key_given_twice_is_reported() {
    let setup = Setup::new(
        r#"[log]
level = "info"
level = "warn"
[auth]
mode = "none"
[auth]
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `level` is given twice
  --> c.toml:3:1
3 | level …
  | ^^^^^
  help: keep one of the two; the first is in line 2
error: `auth` is given twice
  --> c.toml:6:2
6 | [auth …
  |  ^^^^
  help: keep one of the two; the first is in line 4
"#,
    );
}

#[test]
fn unknown_keys_suggest_the_nearest_key() {
    let setup = Setup::new(
        r#"[sever]
listen = "127.0.0.1:1"
[vendors.sondos]
tokn = { env = "T" }
  timeout_ms = 5 # five
[auth]
listen = "127.0.0.1:1"
frobnicate = true
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: unknown key `sever`
  --> c.toml:1:2
1 | [sever …
  |  ^^^^^
  help: did you mean `server`?
error: unknown key `vendors.sondos.tokn`
  --> c.toml:4:1
4 | tokn …
  | ^^^^
  help: did you mean `token`?
error: unknown key `vendors.sondos.timeout_ms`
  --> c.toml:5:3
5 |   timeout_ms …
  |   ^^^^^^^^^^
  help: did you mean `timeout`?
error: unknown key `auth.listen`
  --> c.toml:7:1
7 | listen …
  | ^^^^^^
  help: `listen` belongs in `[server]`
error: unknown key `auth.frobnicate`
  --> c.toml:8:1
8 | frobnicate …
  | ^^^^^^^^^^
  help: the keys here are `mode`, `allow_insecure`, `failed_attempts`
"#,
    );
}

#[test]
fn wrong_types_are_reported() {
    let setup = Setup::new(
        r#"listen = 1
log = "info"
[server]
max_in_flight = "7"
request_timeout = 30
listen = 8080
max_body_bytes = 1e3
drain_delay = 2026-01-01
[auth]
allow_insecure = "true"
mode = ["none"]
[routing]
rules = { vendor = "x" }
[assistants]
sales = "sondos:1"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: unknown key `listen`
  --> c.toml:1:1
1 | listen …
  | ^^^^^^
  help: `listen` belongs in `[server]`
error: `log` must be a table, not a string
  --> c.toml:2:7
2 | log = "info"
  |       ^^^^^^
  help: write a table `[log]`
error: `server.max_in_flight` must be an integer from 1 to 1000000, not a string
  --> c.toml:4:17
4 | max_in_flight = "7"
  |                 ^^^
  help: write it without quotes: 7
error: `server.request_timeout` must be a duration such as "500ms", "30s" or "1m30s", not an integer
  --> c.toml:5:19
5 | request_timeout = 30
  |                   ^^
  help: did you mean "30s"?
error: `server.listen` must be an IP address and port such as "127.0.0.1:8080", not an integer
  --> c.toml:6:10
6 | listen = 8080
  |          ^^^^
error: `server.max_body_bytes` must be an integer from 1 to 67108864, not a float
  --> c.toml:7:18
7 | max_body_bytes = 1e3
  |                  ^^^
  help: write it in digits: 1000
error: `server.drain_delay` must be a duration such as "500ms", "30s" or "1m30s", not a date or time
  --> c.toml:8:15
8 | drain_delay = 2026-01-01
  |               ^^^^^^^^^^
error: `auth.allow_insecure` must be `true` or `false`, not a string
  --> c.toml:10:18
10 | allow_insecure = "true"
   |                  ^^^^^^
  help: write it without quotes: true
error: `auth.mode` must be "keys" or "none", not an array
  --> c.toml:11:8
11 | mode = ["none"]
   |        ^^^^^^^^
error: `routing.rules` must be an array of tables, not a table
  --> c.toml:13:9
13 | rules = { vendor = "x" }
   |         ^^^^^^^^^^^^^^^^
  help: write `[[routing.rules]]`, with double brackets
error: `assistants.sales` must be a table, not a string
  --> c.toml:15:9
15 | sales = "sondos:1"
   |         ^^^^^^^^^^
  help: write `{ vendor = …, id = … }`, or a table `[assistants.sales]`
"#,
    );
}

#[test]
fn values_out_of_range_are_reported() {
    let setup = Setup::new(
        r#"[server]
max_in_flight = 0
max_headers = 7
max_body_bytes = -1
request_timeout = "30"
header_timeout = "0s"
idle_timeout = "soon"
drain_timeout = "90days"
listen = "localhost:8080"
admin_listen = "127.0.0.1:70000"
[log]
level = "inof"
format = "xml"
filter = ""
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `server.max_in_flight` must be an integer from 1 to 1000000, not 0
  --> c.toml:2:17
2 | max_in_flight = 0
  |                 ^
error: `server.max_headers` must be an integer from 8 to 1000, not 7
  --> c.toml:3:15
3 | max_headers = 7
  |               ^
error: `server.max_body_bytes` must be an integer from 1 to 67108864, not -1
  --> c.toml:4:18
4 | max_body_bytes = -1
  |                  ^^
error: `server.request_timeout` has no unit: "30"
  --> c.toml:5:19
5 | request_timeout = "30"
  |                   ^^^^
  help: did you mean "30s"?
error: `server.header_timeout` must be longer than zero
  --> c.toml:6:18
6 | header_timeout = "0s"
  |                  ^^^^
  help: write a duration such as "500ms", "30s" or "1m30s"
error: `server.idle_timeout` is not a duration: "soon"
  --> c.toml:7:16
7 | idle_timeout = "soon"
  |                ^^^^^^
  help: write a duration such as "500ms", "30s" or "1m30s"
error: `server.drain_timeout` is longer than 30 days: "90days"
  --> c.toml:8:17
8 | drain_timeout = "90days"
  |                 ^^^^^^^^
  help: write a duration such as "500ms", "30s" or "1m30s"
error: `server.listen` is not an address to listen on: "localhost:8080"
  --> c.toml:9:10
9 | listen = "localhost:8080"
  |          ^^^^^^^^^^^^^^^^
  help: write an IP address and port such as "127.0.0.1:8080"
error: `server.admin_listen` is not an address to listen on: "127.0.0.1:70000"
  --> c.toml:10:16
10 | admin_listen = "127.0.0.1:70000"
   |                ^^^^^^^^^^^^^^^^^
  help: write an IP address and port such as "127.0.0.1:8080"
error: `log.level` cannot be "inof"
  --> c.toml:12:9
12 | level = "inof"
   |         ^^^^^^
  help: did you mean `info`?
error: `log.format` cannot be "xml"
  --> c.toml:13:10
13 | format = "xml"
   |          ^^^^^
  help: write "auto", "json" or "text"
error: `log.filter` must not be empty
  --> c.toml:14:10
14 | filter = ""
   |          ^^
  help: leave the key out instead
"#,
    );
}

#[test]
fn problems_of_several_sections_are_reported_in_the_order_of_the_file() {
    let setup = Setup::new(
        r#"[auth]
mode = "key"
[vendors.sondos]
token = { env = "T" }
timeout = "3 sec onds"
[assistants.Sales]
vendor = "sondso"
id = "x1"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `auth.mode` cannot be "key"
  --> c.toml:2:8
2 | mode = "key"
  |        ^^^^^
  help: did you mean `keys`?
error: `vendors.sondos.timeout` is not a duration: "3 sec onds"
  --> c.toml:5:11
5 | timeout = "3 sec onds"
  |           ^^^^^^^^^^^^
  help: write a duration such as "500ms", "30s" or "1m30s"
error: `Sales` cannot be an assistant name
  --> c.toml:6:13
6 | [assistants.Sales …
  |             ^^^^^
  help: did you mean `sales`? an assistant name consists of lower-case letters, digits, `.`, `_` and `-`, a letter first, at most 128 characters
error: `assistants.Sales.vendor` names the vendor "sondso", which is not configured
  --> c.toml:7:10
7 | vendor = "sondso"
  |          ^^^^^^^^
  help: did you mean `sondos`?
"#,
    );
}

#[test]
fn insecure_listeners_are_refused() {
    let setup = Setup::new(
        r#"[server]
listen = "0.0.0.0:8080"
admin_listen = "[::]:9090"
[auth]
mode = "none"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `server.admin_listen` is open to anyone who can reach [::]:9090
  --> c.toml:3:16
3 | admin_listen = "[::]:9090"
  |                ^^^^^^^^^^^
  help: listen on a loopback address, or set `admin.token`
error: `auth.mode = "none"` would let in anyone who can reach 0.0.0.0:8080
  --> c.toml:5:8
5 | mode = "none"
  |        ^^^^^^
  help: use `mode = "keys"`, or listen on a loopback address, or set `auth.allow_insecure = true` where something in front authenticates
"#,
    );
}

#[test]
fn two_listeners_at_one_address_are_refused() {
    let setup = Setup::new(
        r#"[server]
listen = "127.0.0.1:9090"
[auth]
mode = "none"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: both listeners have the address 127.0.0.1:9090
  --> c.toml:2:10
2 | listen = "127.0.0.1:9090"
  |          ^^^^^^^^^^^^^^^^
  help: give each a port of its own
"#,
    );
}

#[test]
fn problems_are_also_json() {
    let setup = Setup::new("[log]\nlevl = \"info\"\n");
    let problems = setup.load().expect_err("an unknown key");
    let json = serde_json::to_value(problems.errors().collect::<Vec<_>>()).expect("json");
    let expected = serde_json::json!([{
        "severity": "error",
        "kind": "unknown_key",
        "key": "log.levl",
        "message": "unknown key `log.levl`",
        "place": { "in": "file", "path": setup.path("c.toml"), "line": 2, "column": 1 },
        "help": "did you mean `level`?",
    }]);
    assert_eq!(json, expected);
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_its_encoding() {
    for (bytes, what) in [
        (&b"\xff\xfe"[..], "it is UTF-16; save it as UTF-8"),
        (b"[\0l\0o\0g\0]\0", "it is UTF-16; save it as UTF-8"),
        (b"# M\xfcller", "it is not UTF-8 (from line 1 on), as in Latin-1 or Windows-1252; save it as UTF-8"),
    ] {
        let setup = Setup::new("");
        std::fs::write(setup.path("c.toml"), bytes).expect("written");
        let expected =
            format!("error: cannot read the configuration `c.toml`: {what}\n  help: the file has to be text in UTF-8");
        assert_text(&setup.errors(), &expected);
    }
}

#[test]
fn what_is_no_network_is_refused() {
    let setup = Setup::new("[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"lb.internal\"]\n[auth]\nmode = \"none\"\n");
    let text = setup.errors().to_string();
    assert!(text.contains("`server.trusted_proxies` holds `lb.internal`"), "{text}");
    assert!(text.contains("c.toml:2:") && text.contains("10.0.0.0/8\""), "{text}");
}

#[test]
fn other_formats_are_named_once() {
    for (text, format) in [
        ("server:\n  listen: 127.0.0.1:8080\nvendors:\n  sondos:\n    token: hush\n", "YAML"),
        ("---\nauth:\n  mode: none\n", "YAML"),
        ("# mine\n{ \"auth\": { \"mode\": \"none\" } }\n", "JSON"),
    ] {
        let expected = format!(
            "error: this is {format}, but the configuration is TOML\n  --> c.toml:1:1\n  help: write tables as `[server]` and \
             keys as `listen = \"127.0.0.1:8080\"`"
        );
        assert_text(&Setup::new(text).errors(), &expected);
    }
}

#[test]
fn hints_show_what_would_be_right() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "T" }
rate_limit = 50
retry = { backoff = "100" }
catalog_ttl = 10
[vendors.sondos.catalog.voices]
Aria = 12
[vendors.acme.eu]
token = { env = "T" }
[[server]]
max_headers = 8
[assistants.sales.bot]
vendor = "sondos"
id = "7"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.sondos.rate_limit` must be a table, not an integer
  --> c.toml:3:14
3 | rate_limit = 50
  |              ^^
  help: write `{ per_second = 50, burst = 100 }`, or with `per_minute`
error: `vendors.sondos.retry.backoff` has no unit: "100"
  --> c.toml:4:21
4 | retry = { backoff = "100" …
  |                     ^^^^^
  help: did you mean "100ms"?
error: `vendors.sondos.catalog_ttl` must be a duration such as "500ms", "30s" or "1m30s", not an integer
  --> c.toml:5:15
5 | catalog_ttl = 10
  |               ^^
  help: did you mean "10m"?
error: `Aria` stands where a catalog id belongs
  --> c.toml:7:1
7 | Aria …
  | ^^^^
  help: write the id first: "12" = "Aria"
error: `vendors.acme` names no dialect and is not named after one
  --> c.toml:8:10
8 | [vendors.acme …
  |          ^^^^
  help: add `dialect`: "autocalls", "elevenlabs", "famulor", "gloriagent", "intellixent", "retell", "sondos" or "vapi"
error: `vendors.acme.eu` is a table in a table
  --> c.toml:8:15
8 | [vendors.acme.eu …
  |               ^^
  help: write a name without a dot, such as `[vendors.acme-eu]`
error: `server` must be a table, not an array
  --> c.toml:10:1
10 | [[server]]
   | ^^^^^^^^^^
  help: write `[server]`, with single brackets
error: `assistants.sales.bot` is a table in a table
  --> c.toml:12:19
12 | [assistants.sales.bot …
   |                   ^^^
  help: if the name is `sales.bot`, quote the dot: `[assistants."sales.bot"]`
"#,
    );
}
