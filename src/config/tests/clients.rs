//! Clients: keys, permissions, limits.

use super::{Setup, assert_text};
use crate::value::{Right, Rights};

#[test]
fn malformed_digests_are_reported() {
    let setup = Setup::new(
        r#"[clients.crm]
key_sha256 = "abc"
[clients.web]
key_sha256 = ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "zz"]
[clients.app]
key_sha256 = []
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `clients.crm.key_sha256` is not 64 hexadecimal digits
  --> c.toml:2:14
  help: `switchboard keygen CLIENT` makes a key and prints this line
error: `clients.web.key_sha256[1]` is not 64 hexadecimal digits
  --> c.toml:4:83
  help: `switchboard keygen CLIENT` makes a key and prints this line
error: `clients.app.key_sha256` must not be empty
  --> c.toml:6:14
6 | key_sha256 = []
  |              ^^
  help: leave the key out, or name at least one
"#,
    );
}

#[test]
fn a_key_shared_by_two_clients_is_reported() {
    let setup = Setup::new(
        r#"[clients.crm]
key_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
[clients.web]
key_sha256 = ["0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"]
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `clients.web.key_sha256` is the key of the client "crm" already
  --> c.toml:4:15
  help: give each client a key of its own, and list it once
"#,
    );
}

#[test]
fn clients_that_can_never_authenticate_are_reported() {
    let setup = Setup::new(
        r#"[clients.crm]
vendors = ["sondso"]
[clients.web]
certificate = "web.example"
[vendors.sondos]
token = { env = "T" }
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `clients.crm` has neither `key_sha256` nor `certificate`
  --> c.toml:1:10
1 | [clients.crm …
  |          ^^^
  help: run `switchboard keygen CLIENT` and add the line it prints
error: `clients.crm.vendors[0]` names the vendor "sondso", which is not configured
  --> c.toml:2:12
2 | vendors = ["sondso" …
  |            ^^^^^^^^
  help: did you mean `sondos`?
error: `clients.web.certificate` is never asked for, as `server.tls.client_ca` is not set
  --> c.toml:4:15
4 | certificate = "web.example"
  |               ^^^^^^^^^^^^^
  help: set `server.tls.client_ca` to the issuer of the clients' certificates
"#,
    );
}

#[test]
fn invalid_names_and_empty_lists_are_reported() {
    let setup = Setup::new(
        r#"[clients.CRM]
key_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
vendors = []
handling = "lenint"
rate_limit = { per_second = 1, per_minute = 2 }
[clients.b]
key_sha256 = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
rate_limit = { burst = 0 }
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `CRM` cannot be a client name
  --> c.toml:1:10
1 | [clients.CRM …
  |          ^^^
  help: did you mean `crm`? a client name consists of lower-case letters, digits, `.`, `_` and `-`, a letter first, at most 64 characters
error: `clients.CRM.vendors` must not be empty
  --> c.toml:3:11
3 | vendors = []
  |           ^^
  help: leave the key out, or name at least one
error: `clients.CRM.handling` cannot be "lenint"
  --> c.toml:4:12
4 | handling = "lenint"
  |            ^^^^^^^^
  help: did you mean `lenient`?
error: `clients.CRM.rate_limit` has both `per_second` and `per_minute`
  --> c.toml:5:32
5 | rate_limit = { per_second = 1, per_minute …
  |                                ^^^^^^^^^^
  help: keep one of the two
error: `clients.b.rate_limit` does not say how many
  --> c.toml:8:1
8 | rate_limit …
  | ^^^^^^^^^^
  help: add `per_second` or `per_minute`
error: `clients.b.rate_limit.burst` must be an integer from 1 to 100000000, not 0
  --> c.toml:8:24
8 | rate_limit = { burst = 0 …
  |                        ^
"#,
    );
}

#[test]
fn operations_are_known_words_that_stand_once() {
    let setup = Setup::new(
        r#"[clients.a]
key_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
operations = ["read", "delet", "read"]
[clients.b]
key_sha256 = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
operations = []
[clients.c]
key_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
operations = "read"
[clients.d]
key_sha256 = "1111111111111111111111111111111111111111111111111111111111111111"
operations = ["*", 7]
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `clients.a.operations[1]` cannot be "delet"
  --> c.toml:3:23
3 | operations = ["read", "delet" …
  |                       ^^^^^^^
  help: did you mean `delete`?
error: `clients.a.operations` lists "read" twice
  --> c.toml:3:32
3 | operations = ["read", "delet", "read" …
  |                                ^^^^^^
  help: list each operation once
error: `clients.b.operations` must not be empty
  --> c.toml:6:14
6 | operations = []
  |              ^^
  help: leave the key out, or name at least one
error: `clients.c.operations` must be an array, each element "read", "update", "create" or "delete", not a string
  --> c.toml:9:14
9 | operations = "read"
  |              ^^^^^^
error: `clients.d.operations[0]` cannot be "*"
  --> c.toml:12:15
12 | operations = ["*" …
   |               ^^^
  help: write "read", "update", "create" or "delete"
error: `clients.d.operations[1]` must be "read", "update", "create" or "delete", not an integer
  --> c.toml:12:20
12 | operations = ["*", 7 …
   |                    ^
"#,
    );
}

#[test]
fn a_client_reads_and_updates_unless_its_operations_are_listed() {
    let text = r#"[clients.a]
key_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
[clients.b]
key_sha256 = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
operations = ["delete", "create"]
"#;
    let settings = Setup::new(text).settings();
    let of = |client: &str| settings.clients[client].operations;
    assert_eq!(of("a"), Rights::of(&[Right::Read, Right::Update]));
    assert_eq!(of("b"), Rights::of(&[Right::Create, Right::Delete]));
    assert_eq!(settings.redacted()["clients"]["a"]["operations"], serde_json::json!(["read", "update"]));
    assert_eq!(settings.redacted()["clients"]["b"]["operations"], serde_json::json!(["create", "delete"]));
    let variable = Setup::new(text).variable("SWITCHBOARD_CLIENTS__A__OPERATIONS", "[\"read\"]").settings();
    assert_eq!(variable.clients["a"].operations, Rights::of(&[Right::Read]));
}

#[test]
fn a_configuration_without_clients_or_vendors_has_warnings() {
    assert_text(
        &Setup::new("").warnings(),
        r#"
warning: no vendors are configured, so no update can go anywhere
  help: add a `[vendors.NAME]` table with a `token`
warning: no clients are configured, so every caller is refused
  --> built-in defaults:71:8
71 | mode = "keys"
   |        ^^^^^^
  help: run `switchboard keygen NAME` and add the `[clients.NAME]` table it prints, or set `auth.mode = "none"` on a loopback address
"#,
    );
}
