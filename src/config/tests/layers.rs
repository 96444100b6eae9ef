//! Defaults, file and environment, one over the other.

mod origins;

use std::time::Duration;

use super::{Setup, assert_text};
use crate::config::{AuthMode, Environment, FieldPolicy, Handling, load};

const VENDORS: &str = r#"
[server]
request_timeout = "20s"
[auth]
mode = "none"
[vendors.sondos]
token = { env = "T" }
"#;

#[test]
fn the_environment_overrides_the_file_which_overrides_the_defaults() {
    let setup = Setup::new(VENDORS)
        .variable("SWITCHBOARD_SERVER__MAX_IN_FLIGHT", "7")
        .variable("switchboard_auth__allow_insecure", "true")
        .variable("SWITCHBOARD_LOG__LEVEL", "debug");
    let settings = setup.settings();
    assert_eq!(settings.server.max_in_flight, 7);
    assert_eq!(settings.server.request_timeout, Duration::from_secs(20));
    assert_eq!(settings.server.header_timeout, Duration::from_secs(10));
    assert_eq!((settings.auth.mode, settings.auth.allow_insecure), (AuthMode::None, true));
    assert_eq!(settings.log.directives(), "debug");
}

#[test]
fn the_environment_reaches_every_kind_of_key() {
    let setup = Setup::new("[vendors.my-acme]\ndialect = \"sondos\"\ntoken = { file = \"gone\" }")
        .variable("SWITCHBOARD_VENDORS__MY_ACME__TOKEN__ENV", "SWITCHBOARD_MY_TOKEN")
        .variable("SWITCHBOARD_MY_TOKEN", "9|xyz")
        .variable("SWITCHBOARD_VENDORS__MY_ACME__FIELDS__FOLDER_ID", "drop")
        .variable("SWITCHBOARD_VENDORS__MY_ACME__RETRY", "{ max_attempts = 1 }")
        .variable("SWITCHBOARD_VENDORS__MY_ACME__BREAKER__FAILURE_RATIO", "1")
        .variable("SWITCHBOARD_VENDORS__MY_ACME__CATALOG__LANGUAGES__7", "Klingon")
        .variable("SWITCHBOARD_VENDORS__FAMULOR__TOKEN", "literal|token")
        .variable("SWITCHBOARD_CLIENTS__CRM__KEY_SHA256", &"a1".repeat(32))
        .variable("SWITCHBOARD_CLIENTS__CRM__VENDORS", "my-acme, famulor")
        .variable("SWITCHBOARD_CLIENTS__CRM__ASSISTANTS", r#"["7*"]"#)
        .variable("SWITCHBOARD_CLIENTS__CRM__HANDLING", "lenient")
        .variable("SWITCHBOARD_ROUTING__RULES", r#"[{ assistant = "7*", vendor = "famulor" }]"#)
        .variable("SWITCHBOARD_ASSISTANTS__SALES", r#"{ vendor = "famulor", id = 12 }"#);
    let settings = setup.settings();
    let acme = &settings.vendors["my-acme"];
    assert_eq!(acme.token.expose(), "9|xyz");
    assert_eq!(acme.fields["folder_id"], FieldPolicy::Drop);
    assert_eq!((acme.retry.max_attempts, acme.breaker.min_requests), (1, 20));
    assert_eq!(acme.catalog.kinds().next().unwrap().1["7"], "Klingon");
    assert_eq!(settings.vendors["famulor"].token.expose(), "literal|token");
    let client = &settings.clients["crm"];
    assert_eq!(client.vendors.as_deref(), Some(&["my-acme".to_owned(), "famulor".to_owned()][..]));
    assert_eq!(client.handling, Some(Handling::Lenient));
    assert_eq!(settings.routing.rules[0].vendor, "famulor");
    assert_eq!(settings.assistants["sales"].id, "12");
}

#[test]
fn problems_of_the_environment_name_the_variable_and_never_its_value() {
    let setup = Setup::new("[auth]\nmode = \"none\"")
        .variable("SWITCHBOARD_SERVER__LISTN", "hush")
        .variable("SWITCHBOARD_SERVER__MAX_IN_FLIGHT", "many")
        .variable("SWITCHBOARD_SERVER_LISTEN", "hush")
        .variable("SWITCHBOARD_STORE_KYE", "hush")
        .variable("SWITCHBOARD_VENDORS_SONDOS_TOKEN", "hush")
        .variable("SWITCHBOARD_ROUTING__RULES", "[{")
        .variable("SWITCHBOARD_ROUTING__RULES__0__VENDOR", "hush")
        .variable("SWITCHBOARD_LOG__LEVEL", "info")
        .variable("switchboard_log__level", "debug");
    let errors = setup.errors();
    assert!(!errors.contains("hush"), "{errors}");
    assert_text(
        &errors,
        r#"
error: `routing.rules` is not TOML: unclosed inline table, expected `}`
  --> environment variable SWITCHBOARD_ROUTING__RULES
  help: tables are written as `{ key = "value" }`, arrays as `[…]`; single keys are set with `__` between levels
error: `routing.rules` has no keys below it
  --> environment variable SWITCHBOARD_ROUTING__RULES__0__VENDOR
  help: set `routing.rules` as a whole; it has to be an array of tables
error: unknown key `server_listen`
  --> environment variable SWITCHBOARD_SERVER_LISTEN
  help: two underscores stand between levels: SWITCHBOARD_SERVER__LISTEN
error: unknown key `server.listn`
  --> environment variable SWITCHBOARD_SERVER__LISTN
  help: did you mean `listen`?
error: `server.max_in_flight` must be an integer from 1 to 1000000, not a string
  --> environment variable SWITCHBOARD_SERVER__MAX_IN_FLIGHT
error: unknown key `store_kye`
  --> environment variable SWITCHBOARD_STORE_KYE
  help: did you mean `store`?
error: unknown key `vendors_sondos_token`
  --> environment variable SWITCHBOARD_VENDORS_SONDOS_TOKEN
  help: two underscores stand between levels: SWITCHBOARD_VENDORS__SONDOS__TOKEN
error: two environment variables set `log.level`
  --> environment variable switchboard_log__level
  help: case does not count in their names; unset one of them
"#,
    );
}

#[test]
fn the_environment_names_the_file_unless_the_command_line_does() {
    let setup = Setup::new("[auth]\nmode = \"none\"").file("other.toml", "[log]\nlevel = \"warn\"");
    let other = setup.path("other.toml");
    let variable = ("SWITCHBOARD_CONFIG".to_owned(), other.display().to_string());
    let environment: Environment = [variable].into_iter().collect();
    let by_variable = load(None, &environment).expect("valid");
    assert_eq!((by_variable.log.level.as_str(), by_variable.files[0].path()), ("warn", other.as_path()));
    let by_path = load(Some(&setup.path("c.toml")), &environment).expect("valid");
    assert_eq!(by_path.log.level, "info");
}

#[test]
fn a_named_file_that_is_missing_is_reported() {
    let gone = [("SWITCHBOARD_CONFIG".to_owned(), "/nowhere/c.toml".to_owned())];
    let problems = load(None, &gone.into_iter().collect()).expect_err("not there");
    assert_text(
        &problems.to_string(),
        "
error: cannot read the configuration `/nowhere/c.toml`: No such file or directory (os error 2)
  --> environment variable SWITCHBOARD_CONFIG
  help: there is no folder /nowhere

1 error, 0 warnings",
    );
    assert_eq!(problems.files()[0].path(), std::path::Path::new("/nowhere/c.toml"));
    let help = |path: &str| {
        let problems = load(Some(path.as_ref()), &Environment::default()).expect_err("not there");
        problems.errors().next().and_then(|error| error.help.clone()).expect("a help")
    };
    let here = std::env::current_dir().unwrap();
    assert_eq!(help("nope.toml"), format!("there is no such file in {}", here.display()));
    assert_eq!(help("src/nope.toml"), format!("there is no such file in {}/src", here.display()));
    assert!(help("src").contains("`--config`"), "a folder is there, and is no configuration: {}", help("src"));
}

#[test]
fn a_variable_unsets_keys_that_exclude_it_and_replaces_a_whole_secret() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { file = "gone" }
rate_limit = { per_minute = 10, burst = 3 }
[vendors.famulor]
token = { file = "gone" }
"#,
    )
    .variable("SWITCHBOARD_VENDORS__SONDOS__TOKEN", "{ env = \"T\" }")
    .variable("SWITCHBOARD_VENDORS__SONDOS__RATE_LIMIT__PER_SECOND", "5")
    .variable("SWITCHBOARD_VENDORS__FAMULOR__TOKEN", "{}");
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.famulor.token` says neither `env` nor `file`
  --> environment variable SWITCHBOARD_VENDORS__FAMULOR__TOKEN
  help: write `{ env = "NAME" }` or `{ file = "PATH" }`
"#,
    );
    let settings = setup.variable("SWITCHBOARD_VENDORS__FAMULOR__TOKEN", "literal").settings();
    let limit = settings.vendors["sondos"].rate_limit.expect("a limit");
    assert_eq!((limit.count.get(), limit.burst.get()), (5, 3));
}

#[test]
fn values_of_a_file_keep_their_location_beside_a_variable() {
    let setup =
        Setup::new("[vendors.sondos]\nretry = { max_attempts = 0, backoff = \"x\" }\n[log]\nlevel = 1979-05-27\n")
            .variable("SWITCHBOARD_VENDORS__SONDOS__RETRY__MAX_ATTEMPTS", "2")
            .variable("SWITCHBOARD_LOG__FORMAT", "text");
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.sondos` lacks `token`
  --> c.toml:1:10
1 | [vendors.sondos …
  |          ^^^^^^
  help: add `token`: The account's API key, as a reference.
error: `vendors.sondos.retry.backoff` is not a duration: "x"
  --> c.toml:2:39
2 | retry = { max_attempts = 0, backoff = "x" …
  |                                       ^^^
  help: write a duration such as "500ms", "30s" or "1m30s"
error: `log.level` must be "off", "error", "warn", "info", "debug" or "trace", not a date or time
  --> c.toml:4:9
4 | level = 1979-05-27
  |         ^^^^^^^^^^
"#,
    );
}

#[test]
fn a_variable_does_not_hide_a_mistake_in_the_file() {
    let setup = Setup::new("server = 5\nassistants = 1\nrouting = { assistants_files = [\"a.csv\"] }")
        .file("a.csv", "a,b\nc,sondos,1")
        .variable("SWITCHBOARD_SERVER__LISTEN", "127.0.0.1:1")
        .variable("SWITCHBOARD_VENDORS__SONDOS__RETRY__BACKOFF", "1s")
        .variable("switchboard_vendors__sondos__retry", "{ backoff = \"2s\", max_attempts = 1 }")
        .variable("SWITCHBOARD_VENDORS__SONDOS__TOKEN__ENV", "T");
    assert_text(
        &setup.errors(),
        r#"
error: `server` must be a table, not an integer
  --> c.toml:1:10
1 | server = 5
  |          ^
  help: write a table `[server]`
error: `assistants` must be a table, not an integer
  --> c.toml:2:14
2 | assistants = 1
  |              ^
  help: write a table `[assistants]`
error: two environment variables set `vendors.sondos.retry.backoff`
  --> environment variable switchboard_vendors__sondos__retry
  help: case does not count in their names; unset one of them
error: a row of an assistants file has 2 cells
  --> a.csv:1:1
1 | a,b
  | ^^^
  help: write `name,vendor,id` or `name,vendor,id,handling`
"#,
    );
}

#[test]
fn variables_that_cannot_be_read_are_reported_and_those_of_kubernetes_are_not() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let setup = Setup::new("[auth]\nmode = \"none\"\n[admin]\ntoken = { env = \"ADMIN\" }");
    let variable = |name: &str, value: &[u8]| (OsString::from(name), OsString::from_vec(value.to_owned()));
    let services = ["SWITCHBOARD_ADMIN_PORT", "SWITCHBOARD_CONFIG_SERVICE_HOST", "SWITCHBOARD_V2_PORT_80_TCP_ADDR"];
    let services = services.map(|name| variable(name, b"tcp://10.0.0.1:80"));
    let unreadable = [variable("SWITCHBOARD_LOG__LEVEL", b"\xff"), variable("ADMIN", b"hush\xff")];
    let environment: Environment = services.into_iter().chain(unreadable).collect();
    let problems = load(Some(&setup.path("c.toml")), &environment).expect_err("not UTF-8");
    assert_text(
        &setup.render(problems.errors()),
        r#"
error: the environment variable `ADMIN` for `admin.token` is not UTF-8
  --> c.toml:4:17
4 | token = { env = "ADMIN" …
  |                 ^^^^^^^
  help: a secret consists of visible ASCII characters; set it again
error: the environment variable `SWITCHBOARD_LOG__LEVEL` is not UTF-8
  --> environment variable SWITCHBOARD_LOG__LEVEL
  help: write it in UTF-8, or unset it
"#,
    );
}

#[test]
fn control_characters_in_values_are_shown_escaped() {
    let setup = Setup::new("[auth]\nmode = \"none\"")
        .variable("SWITCHBOARD_SERVER__LISTEN", "127.0.0.1:20085\r")
        .variable("SWITCHBOARD_LOG__FILE", "gateway.log\r")
        .variable("SWITCHBOARD_LOG__LEVEL", "\u{1b}[2Jinfo")
        .variable("SWITCHBOARD_AUTH__ALLOW_INSECURE", "True")
        .variable("SWITCHBOARD_SERVER__MAX_IN_FLIGHT", "\"100\"");
    assert_text(
        &setup.errors(),
        r#"
error: `auth.allow_insecure` must be `true` or `false`, not a string
  --> environment variable SWITCHBOARD_AUTH__ALLOW_INSECURE
  help: write true
error: `log.file` holds control characters
  --> environment variable SWITCHBOARD_LOG__FILE
  help: take the control characters out, such as the line end of another system
error: `log.level` cannot be "\u{1b}[2Jinfo"
  --> environment variable SWITCHBOARD_LOG__LEVEL
  help: write "off", "error", "warn", "info", "debug" or "trace"
error: `server.listen` is not an address to listen on: "127.0.0.1:20085\r"
  --> environment variable SWITCHBOARD_SERVER__LISTEN
  help: write an IP address and port such as "127.0.0.1:8080"
error: `server.max_in_flight` must be an integer from 1 to 1000000, not a string
  --> environment variable SWITCHBOARD_SERVER__MAX_IN_FLIGHT
  help: write it without quotes: 100
"#,
    );
}

#[test]
fn a_variable_sets_the_name_that_is_written_like_it_and_none_where_several_could_be_meant() {
    let vendor = |name: &str| format!("[vendors.{name}]\ndialect = \"sondos\"\ntoken = {{ env = \"T\" }}\n");
    let setup = |names: &[&str]| Setup::new(&names.iter().map(|name| vendor(name)).collect::<String>());
    let token = |setup: &Setup, name: &str| setup.settings().vendors[name].token.expose().to_owned();
    let both = setup(&["my-acme", "my_acme"]).variable("SWITCHBOARD_VENDORS__MY_ACME__TOKEN", "1|new");
    assert_eq!((token(&both, "my_acme"), token(&both, "my-acme")), ("1|new".to_owned(), "1|abc".to_owned()));
    let one = setup(&["my-acme"]).variable("SWITCHBOARD_VENDORS__MY_ACME__TOKEN", "1|new");
    assert_eq!(token(&one, "my-acme"), "1|new");
    let several = setup(&["my-acme_1", "my_acme-1"]).variable("SWITCHBOARD_VENDORS__MY_ACME_1__TOKEN", "1|new");
    assert_text(
        &several.errors(),
        r#"
error: the variable `SWITCHBOARD_VENDORS__MY_ACME_1__TOKEN` could mean `vendors.my-acme_1` or `vendors.my_acme-1`
  --> environment variable SWITCHBOARD_VENDORS__MY_ACME_1__TOKEN
  help: `_` stands for `-` and `.`, too: set it in the file, or rename all but one of them
"#,
    );
    let assistant = |name: &str, id: u8| format!("[assistants.{name}]\nvendor = \"my-acme\"\nid = {id}\n");
    let text = vendor("my-acme") + &assistant("\"night.desk\"", 1) + &assistant("night-desk", 2);
    let setup = Setup::new(&text).variable("SWITCHBOARD_ASSISTANTS__NIGHT-DESK__ID", "12");
    let assistants = setup.settings().assistants;
    assert_eq!(["night.desk", "night-desk"].map(|name| assistants[name].id.as_str()), ["1", "12"]);
    let both = setup.variable("SWITCHBOARD_ASSISTANTS__NIGHT_DESK__ID", "13").errors();
    assert!(both.contains("could mean `assistants.night-desk` or `assistants.\"night.desk\"`"), "{both}");
}
