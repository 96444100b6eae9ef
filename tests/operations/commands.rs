//! `compare` for one update, the JSON Schema, shell completions, the manual page, and which gateway is asked.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn switchboard(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn compare_lists_what_one_update_would_lose_gain_and_look_up() {
    let update = r#"{"language": "en", "ambient_sound": "office", "mode": "dualplex", "voice_id": 3, "name": "x"}"#;
    let output = switchboard(&["compare", "autocalls", "sondos", "-"], update);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    for expected in [
        "Lost by moving this update from Autocalls to Sondos: 2\n",
        "  #/ambient_sound\n      Sondos does not document this field.\n",
        "  #/mode\n      ",
        "Gained: 0\n",
        "ids are each vendor's own: 2\n  language, voice_id\n",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let back = text(&switchboard(&["compare", "sondos", "autocalls", "-"], update).stdout);
    assert!(back.contains(": 0\nGained: 2\n  #/ambient_sound, #/mode\n"), "{back}");
}

#[test]
fn compare_refuses_an_update_that_no_vendor_accepts() {
    for (update, expected) in [
        (r#"{"speech_speed": 9}"#, "#/speech_speed"),
        (r#"{"nmae": "x"}"#, "#/nmae"),
        (r#"{"name": }"#, "not valid JSON"),
    ] {
        let output = switchboard(&["compare", "autocalls", "sondos", "-"], update);
        assert_eq!(output.status.code(), Some(1), "{update}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    let output = switchboard(&["compare", "autocalls", "sodnos"], "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn check_lists_every_problem_and_prints_a_json_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(
        &path,
        "[server]\nlistn = 1\n[vendors.sondos]\ntoken = { env = \"NOPE\" }\n[log]\nfilter = \"a=b=c\"\n",
    )
    .unwrap();
    let output = switchboard(&["check", "--config", path.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    for expected in
        ["did you mean `listen`?", "`NOPE` for `vendors.sondos.token` is not set", "`log.filter`", "3 errors"]
    {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let schema: serde_json::Value = serde_json::from_slice(&switchboard(&["check", "--schema"], "").stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::validator_for(&schema).is_ok());
}

#[test]
fn completions_and_manual_have_every_command() {
    let manual = text(&switchboard(&["man"], "").stdout);
    let commands = [
        "demo", "serve", "simulate", "check", "explain", "coverage", "compare", "keygen", "health", "queue", "history",
    ];
    for command in commands {
        assert!(manual.contains(&format!(".SS \"{command}\"")), "{command}");
        assert!(manual.contains(&format!("  switchboard {command}")), "an example of {command}");
    }
    for command in ["list", "dead", "replay", "cancel"] {
        assert!(manual.contains(&format!(".SS \"queue {command}\"")), "{command}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&switchboard(&["completions", shell], "").stdout);
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
        assert!(!["bash", "zsh"].contains(&shell) || script.contains("intellixent"), "{shell} completes vendors");
    }
}

#[test]
fn commands_that_ask_a_gateway_refuse_a_configuration_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (typo, broken) = (folder.path().join("typo.toml"), folder.path().join("broken.toml"));
    std::fs::write(&broken, "[server]\nadmin_listen = \"127.0.0.1:9\n").unwrap();
    for (path, expected) in [(&typo, "error: cannot read the configuration"), (&broken, "broken.toml:2:")] {
        let path = path.to_str().unwrap();
        for command in [&["status"][..], &["health"], &["queue"], &["queue", "cancel", "U"], &["history", "bot"]] {
            let output = switchboard(&[command, &["--config", path]].concat(), "");
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
            assert!(said.contains(expected) && said.contains("name the gateway with --url"), "{command:?}: {said}");
            assert!(output.stdout.is_empty());
        }
    }
}
