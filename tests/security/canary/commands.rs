//! Commands: what they print of secrets in configurations, updates and arguments.

use std::process::Output;

use serde_json::json;

use super::gateway::Folder;
use super::reloading::{MISTAKES, credentials, mistaken, nowhere};
use super::secret::core;

fn run(folder: &Folder, arguments: &[&str]) -> Output {
    let output = folder.command(arguments).output().unwrap();
    folder.canaries.assert_absent(&format!("standard output of {arguments:?}"), &output.stdout);
    folder.canaries.assert_absent(&format!("standard error of {arguments:?}"), &output.stderr);
    output
}

#[test]
fn a_configuration_is_checked_without_repeating_its_secrets() {
    let mut folder = Folder::new();
    folder.canaries.bytes("a secret where it does not belong", core("a secret where it does not belong").as_bytes());
    let good = folder.configuration(&nowhere(), true).replace("\"trace\"", "\"info\"");
    folder.write("switchboard.toml", &good);
    assert!(run(&folder, &["check", "--config", "switchboard.toml"]).status.success());
    for mistake in MISTAKES {
        let wrong = mistaken(&good, mistake, &credentials()[0]);
        folder.write("switchboard.toml", &wrong);
        for command in ["check", "serve"] {
            let output = run(&folder, &[command, "--config", "switchboard.toml"]);
            assert_eq!(output.status.code(), Some(1), "{command}: {mistake}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("error: "), "{command}: {mistake}");
        }
    }
}

#[test]
fn a_wrong_variable_of_ours_is_reported_without_its_value() {
    let mut folder = Folder::new();
    folder.write("switchboard.toml", &folder.configuration(&nowhere(), false));
    for name in [
        "SWITCHBOARD_VENDORS__BY_ENV__TOKN",
        "SWITCHBOARD_ADMIN_TOKEN",
        "SWITCHBOARD_SERVER__LISTEN",
        "SWITCHBOARD_VENDORS__BY_ENV",
    ] {
        let secret = folder.canaries.text(name);
        folder.environment.push((name.to_owned(), secret));
        assert_eq!(run(&folder, &["check", "--config", "switchboard.toml"]).status.code(), Some(1), "{name}");
        folder.environment.pop();
    }
}

#[test]
fn an_update_is_explained_and_compared_without_its_keys() {
    let mut folder = Folder::new();
    let keys = [folder.canaries.text("calcom"), folder.canaries.text("calendly")];
    let tools = json!([
        { "type": "calendar_integration", "calcom_api_key": keys[0], "calcom_event_slug": "x" },
        { "type": "calendar_integration", "calendar_type": "calendly", "calendly_api_key": keys[1],
          "calendly_event_type_uri": "https://api.calendly.com/event_types/A" },
    ]);
    folder.write("switchboard.toml", &folder.configuration(&nowhere(), false));
    folder.write("good.json", &json!({ "name": "x", "tools": tools }).to_string());
    folder
        .write("bad.json", &json!({ "name": "x", "tools": { "tools": tools }, "calcom_api_key": keys[0] }).to_string());
    folder.write("cut.json", &json!({ "tools": tools }).to_string().replace("}]}", ""));
    for file in ["good.json", "bad.json", "cut.json"] {
        for vendor in ["autocalls", "famulor", "gloriagent", "intellixent", "sondos"] {
            for handling in ["strict", "lenient"] {
                run(&folder, &["explain", vendor, file, "--handling", handling]);
            }
            run(&folder, &["compare", vendor, "sondos", file]);
        }
        run(&folder, &["explain", "by_env", file, "--config", "switchboard.toml"]);
    }
    let explained = run(&folder, &["explain", "autocalls", "good.json"]);
    assert!(String::from_utf8(explained.stdout).unwrap().contains("\"calcom_api_key\":\"[redacted]\""));
}

#[test]
fn a_new_key_is_printed_once_and_nothing_else_of_a_secret() {
    let folder = Folder::new();
    let output = String::from_utf8(run(&folder, &["keygen", "crm"]).stdout).unwrap();
    let key = output.lines().find(|line| line.starts_with("sb_")).unwrap();
    assert_eq!(output.matches(key).count(), 1);
    assert_eq!(output.matches(&key[3..35]).count(), 1);
    let output = String::from_utf8(run(&folder, &["keygen", "--store"]).stdout).unwrap();
    let key = output.lines().find(|line| line.len() == 44 && line.ends_with('=')).unwrap();
    assert_eq!(output.matches(&key[..43]).count(), 1);
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["coverage"],
        &["man"],
        &["completions", "bash"],
        &["check", "--schema"],
        &["serve", "--nonsense"],
    ] {
        run(&folder, arguments);
    }
}
