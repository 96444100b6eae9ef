//! `[log]`, `[audit]` and `[traces]`: what they refuse, and where it says so.

use super::{Setup, assert_text};
use crate::value::Fsync;

#[test]
fn output_files_are_relative_to_the_configuration_file() {
    let setup = Setup::new("[log]\nfile = \"a.log\"\n[audit]\nfile = \"audit/b.jsonl\"\nfsync = \"always\"\n");
    let settings = setup.file("audit/old", "").settings();
    let folder = settings.log.file.as_deref().and_then(|path| path.parent()).expect("a folder");
    assert!(settings.log.file.as_deref().is_some_and(|path| path.ends_with("a.log")));
    assert_eq!(settings.audit.file.as_deref(), Some(&*folder.join("audit/b.jsonl")));
    assert_eq!(settings.audit.fsync, Fsync::Always);
}

#[test]
fn output_files_in_missing_folders_are_reported() {
    let setup = Setup::new("[log]\nfile = \"nowhere/a.log\"\n[audit]\nfile = \"made\"\nrotate_bytes = 10\n");
    assert_text(
        &setup.file("made/x", "").errors(),
        r#"
error: there is no folder `nowhere` for `log.file`
  --> c.toml:2:8
2 | file = "nowhere/a.log"
  |        ^^^^^^^^^^^^^^^
  help: make the folder, and let the user the gateway runs as write there
error: `made` for `audit.file` is a folder
  --> c.toml:4:8
4 | file = "made"
  |        ^^^^^^
  help: name a file in it
error: `audit.rotate_bytes` must be an integer of at least 4096, not 10
  --> c.toml:5:16
5 | rotate_bytes = 10
  |                ^^
"#,
    );
}

#[test]
fn the_page_of_a_trace_is_an_address_with_the_id_in_it() {
    let ui = |text: &str| Setup::new(&format!("[traces]\nui = \"{text}\"\n"));
    let right = "https://traces.example/search?id={trace_id}";
    assert_eq!(ui(right).settings().traces.ui.as_deref(), Some(right));
    for wrong in ["https://traces.example/", "javascript:alert('{trace_id}')", "https://a b/{trace_id}"] {
        let errors = ui(wrong).errors();
        let expected = "error: `traces.ui` must be an http or https address with `{trace_id}` in it\n  --> c.toml:2:6";
        assert!(errors.contains(expected), "{wrong}: {errors}");
    }
}

#[test]
fn a_collector_without_tls_and_bad_numbers_are_reported() {
    let setup = Setup::new(
        "[traces]\nendpoint = \"http://collector.example:4318\"\nsample_ratio = 1.5\n\
         [traces.headers]\nx-key = { env = \"T\" }\n\"x key\" = { env = \"T\" }\nplain = \"hush\"\n",
    );
    let errors = setup.errors();
    for expected in [
        "error: the secrets in `traces.headers` would travel unencrypted\n  --> c.toml:2:12",
        "error: `traces.sample_ratio` must be a number from 0 to 1\n  --> c.toml:3:16",
        "error: `x key` cannot be a header\n  --> c.toml:6:1",
        "error: `traces.headers.plain` holds the secret itself\n  --> c.toml:7:9",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    assert!(!errors.contains("hush"));
    let none = Setup::new("[traces]\nsample_ratio = 0\n").settings().traces;
    assert!(none.endpoint.is_none() && none.sample_ratio == Some(0.0));
}

#[test]
fn the_variables_of_opentelemetry_stand_below_the_file() {
    let setup = Setup::new("")
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/")
        .variable("OTEL_EXPORTER_OTLP_TIMEOUT", "2500")
        .variable("OTEL_SERVICE_NAME", "edge");
    let traces = setup.settings().traces;
    assert_eq!(traces.url().as_deref(), Some("http://127.0.0.1:4318/v1/traces"));
    assert_eq!((traces.timeout.as_millis(), traces.service_name.as_deref()), (2500, Some("edge")));
    let setup = setup.variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/in");
    assert_eq!(setup.settings().traces.url().as_deref(), Some("https://c.example/in"));
    let file = "[traces]\nendpoint = \"https://d.example/x/v1/traces\"\ntimeout = \"1s\"\nservice_name = \"mine\"\n";
    let traces = setup.file("c.toml", file).settings().traces;
    assert_eq!(traces.url().as_deref(), Some("https://d.example/x/v1/traces"));
    assert_eq!((traces.timeout.as_millis(), traces.service_name.as_deref()), (1000, Some("mine")));
}

#[test]
fn the_variables_of_opentelemetry_are_checked_and_can_turn_traces_off() {
    let setup = Setup::new("")
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example:4318")
        .variable("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=hush")
        .variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon");
    let errors = setup.errors();
    for expected in [
        "the secrets in `OTEL_EXPORTER_OTLP_HEADERS` would travel unencrypted\n  --> environment variable OTEL_EXPORTER_OTLP_ENDPOINT",
        "--> environment variable OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    ] {
        assert!(errors.contains(expected) && !errors.contains("hush"), "{expected}\n{errors}");
    }
    for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let off = Setup::new("").variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318").variable(name, value);
        assert_eq!(off.settings().traces.url(), None);
    }
}

#[test]
fn log_and_audit_cannot_share_a_file_even_under_different_paths() {
    for path in ["a.log", "./a.log", "audit/../a.log"] {
        let setup = Setup::new(&format!("[log]\nfile = \"a.log\"\n[audit]\nfile = \"{path}\"\n"));
        let text = setup.file("audit/old", "").errors();
        assert!(text.contains("`audit.file` is the file of `log.file`, too"), "{path}: {text}");
    }
}

#[test]
fn a_filter_names_targets_that_write_lines() {
    let filtered = |filter: &str| Setup::new(&format!("[auth]\nmode = \"none\"\n[log]\nfilter = \"{filter}\"\n"));
    for (filter, wrong, help) in [
        ("switchbord=debug", "names \"switchbord\", which writes no lines", "did you mean `switchboard`?"),
        ("info,switchboard::upstrem=debug", "\"switchboard::upstrem\"", "did you mean `switchboard::upstream`?"),
        ("inof", "names \"inof\"", "did you mean `info`?"),
        ("hello world!!", "names \"hello world!!\"", "write levels by module"),
        ("info,reqwest=debug", "names \"reqwest\"", "libraries such as `hyper`"),
    ] {
        let errors = filtered(filter).errors();
        assert!(errors.contains(wrong) && errors.contains(help), "{filter}: {errors}");
    }
    for filter in ["info", "warn,switchboard::upstream::client=trace", "h2=debug,switchboard::access=info", "3"] {
        let warnings = filtered(filter).warnings();
        assert!(!warnings.contains("log.filter"), "{filter}: {warnings}");
    }
    for filter in ["off", "h2=debug", "info,switchboard=off", "switchboard[span]=info"] {
        let warnings = filtered(filter).warnings();
        assert!(warnings.contains("`log.filter` lets no line of the gateway through"), "{filter}: {warnings}");
    }
}

#[test]
fn a_header_of_exports_may_be_any_legal_value() {
    let with = |value: &str| {
        let text = "[traces]\nendpoint = \"https://c.example\"\n[traces.headers]\nauthorization = { env = \"AUTH\" }\n";
        Setup::new(text).variable("AUTH", value)
    };
    for (value, sent) in [
        ("Bearer abc", "Bearer abc"),
        ("Basic dXNlcjpw\n", "Basic dXNlcjpw"),
        ("key=a b, other=\"c\"", "key=a b, other=\"c\""),
        (" Zürich\t1 ", "Zürich\t1"),
    ] {
        let settings = with(value).settings();
        assert_eq!(settings.traces.headers["authorization"].expose(), sent);
        assert_eq!(settings.redacted()["traces"]["headers"]["authorization"], "[redacted]");
    }
    for (value, wrong) in [("a\nb", "such as a line end"), ("\n", "is empty"), ("a\u{7f}", "no header can carry")] {
        let errors = with(value).errors();
        assert!(errors.contains("the secret for `traces.headers.authorization`") && errors.contains(wrong), "{errors}");
    }
}

#[test]
fn a_sampler_that_does_not_exist_has_a_warning() {
    let warned = |sampler: &str, ratio: &str, more: &str| {
        let text = format!("[traces]\nendpoint = \"https://c.example\"\n{more}");
        Setup::new(&text).variable("OTEL_TRACES_SAMPLER", sampler).variable("OTEL_TRACES_SAMPLER_ARG", ratio).warnings()
    };
    for (sampler, ratio, message, help) in [
        ("always_off_", "", "`OTEL_TRACES_SAMPLER` names no sampler", "did you mean `always_off`?"),
        ("xray", "", "`OTEL_TRACES_SAMPLER` names no sampler", "or set `traces.sample_ratio`"),
        ("traceidratio", "10%", "`OTEL_TRACES_SAMPLER_ARG` is no number from 0 to 1", "write such as 0.1"),
        ("parentbased_traceidratio", "2", "`OTEL_TRACES_SAMPLER_ARG` is no number from 0 to 1", "write such as 0.1"),
    ] {
        let warnings = warned(sampler, ratio, "");
        assert!(warnings.contains(message) && warnings.contains(help), "{sampler}: {warnings}");
        assert!(warnings.contains("--> environment variable OTEL_TRACES_SAMPLER"), "{warnings}");
        assert!(!warned(sampler, ratio, "sample_ratio = 0.5\n").contains("SAMPLER"), "it is not read then");
    }
    for (sampler, ratio) in [("", "x"), ("always_on", "x"), ("traceidratio", "0.25"), ("parentbased_traceidratio", "")]
    {
        assert!(!warned(sampler, ratio, "").contains("SAMPLER"), "{sampler}");
    }
}
