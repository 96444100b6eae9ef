//! Where each value comes from, and what is shown of a file that is refused.

use crate::config::tests::Setup;
use crate::config::{Origin, Setting};

fn listed(setup: &Setup) -> Vec<Setting> {
    let settings = setup.settings();
    settings.origins.settings(&settings.redacted())
}

/// Where a key's value comes from, the folder left out.
fn origin(setup: &Setup, key: &str) -> String {
    let listed = listed(setup);
    let setting = listed.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("{key}: {listed:#?}"));
    let origin = match &setting.origin {
        Origin::Default => "default".to_owned(),
        Origin::Variable { variable } => format!("${variable}"),
        Origin::File { file, line, column } => format!("{}:{line}:{column}", file.rsplit('/').next().unwrap()),
    };
    setting.reads.as_ref().map_or(origin.clone(), |reads| format!("{origin} {reads}"))
}

const TEXT: &str = r#"auth.mode = "none"
routing.assistants_files = ["bots.csv"]
[server]
request_timeout = "20s"
hosts = ["a.example"]
[vendors.sondos]
token = { env = "T" }
breaker = { window = "1m" }
fields = { folder_id = "drop" }
[vendors.twin-2]
dialect = "sondos"
  timeout = "5s"
[vendors.twin-2.token]
file = "token"
[assistants.night-desk]
vendor = "sondos"
id = 7
"#;

fn setup() -> Setup {
    Setup::new(TEXT)
        .file("token", "2|b")
        .file("bots.csv", "name,vendor,id\nday.desk,sondos,8\n")
        .variable("SWITCHBOARD_SERVER__REQUEST_TIMEOUT", "9s")
        .variable("SWITCHBOARD_ASSISTANTS__NIGHT_DESK__HANDLING", "lenient")
        .variable("SWITCHBOARD_VENDORS__SONDOS__BREAKER__OPEN_FOR", "7s")
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
}

#[test]
fn a_value_comes_from_a_default_a_line_of_a_file_or_a_variable() {
    let setup = setup();
    for (key, expected) in [
        ("server.header_timeout", "default"),
        ("server.request_timeout", "$SWITCHBOARD_SERVER__REQUEST_TIMEOUT"),
        ("server.hosts", "c.toml:5:1"),
        ("auth.mode", "c.toml:1:6"),
        ("vendors.sondos.token", "c.toml:7:1 environment variable T"),
        ("vendors.sondos.breaker.window", "c.toml:8:13"),
        ("vendors.sondos.breaker.open_for", "$SWITCHBOARD_VENDORS__SONDOS__BREAKER__OPEN_FOR"),
        ("vendors.sondos.breaker.min_requests", "default"),
        ("vendors.sondos.fields.folder_id", "c.toml:9:12"),
        ("vendors.twin-2.timeout", "c.toml:12:3"),
        ("vendors.twin-2.token", "c.toml:13:17 file token"),
        ("traces.endpoint", "$OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("assistants.\"day.desk\"", "bots.csv:2:1"),
        ("assistants.night-desk", "c.toml:15:13"),
    ] {
        assert_eq!(origin(&setup, key), expected, "{key}");
    }
}

#[test]
fn an_assistant_has_one_place_and_what_another_source_sets_has_its_own() {
    let settings = setup().settings();
    let handling = settings.origins.origin("assistants.night-desk.handling");
    assert_eq!(handling, Origin::Variable { variable: "SWITCHBOARD_ASSISTANTS__NIGHT_DESK__HANDLING".to_owned() });
    assert_eq!(settings.origins.origin("assistants.night-desk.id"), Origin::Default);
}

#[test]
fn no_secret_is_listed() {
    let setup = setup().variable("SWITCHBOARD_ADMIN__TOKEN", "hush-hush-hush-hush");
    let listed = format!("{:?}", listed(&setup));
    for secret in ["1|abc", "2|b", "hush"] {
        assert!(!listed.contains(secret), "{secret}: {listed}");
    }
    let variable = "$SWITCHBOARD_ADMIN__TOKEN environment variable SWITCHBOARD_ADMIN__TOKEN";
    assert_eq!(origin(&setup, "admin.token"), variable);
}

#[test]
fn what_is_around_a_problem_is_shown_without_what_may_be_secret() {
    let text = "# the old one was hush-1\n[vendors.sondos]\ntoken = \"hush-2\"\ntimeot = \"5s\" # hush-3\nmax_waiting = 5 # hush-4\n\
                [clients.crm]\ncallback = { url = \"https://h/?hush-5\" }\nlimit = \"hush-6\"\n[traces]\nheaders = { x = \"hush-7\" }\nsample_ratio = { a = \"hush-10\", b = 1 }\n\
                [admin]\ntoken = \"\"\"\nhush-8\n\"\"\"\nnonsense = 1\nhush-9 = 1\n";
    let problems = Setup::new(text).load().unwrap_err();
    let shown: Vec<_> = problems.errors().map(|problem| (problem.lines.clone(), problem.to_string())).collect();
    assert!(shown.len() >= 5 && shown.iter().all(|(lines, _)| !lines.is_empty()), "{shown:#?}");
    let around = format!("{:?}", shown.iter().map(|(lines, _)| lines).collect::<Vec<_>>());
    for secret in (1..=8).chain([10]) {
        assert!(!around.contains(&format!("hush-{secret}")), "hush-{secret}: {shown:#?}");
    }
    for line in ["[vendors.sondos]", "max_waiting = 5", "[admin]", "timeot …", "token = …"] {
        assert!(around.contains(&format!("{line:?}")), "{line}: {shown:#?}");
    }
}
