//! `/admin/status`, and `switchboard status`, which prints it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use http::Method;
use serde_json::Value;

use crate::support::Stage;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["status"]).args(args).env_remove("SWITCHBOARD_CONFIG").stdin(Stdio::null());
    command
}

/// Runs `switchboard status` against the gateway in this process: whether it succeeded, and its output.
async fn run(args: &[&str]) -> (bool, String) {
    let mut command = command(args);
    command.env("RIGHT", "sim-sondos").env("WRONG", "sim-famulor");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn status_has_the_last_minutes_of_each_vendor() {
    let stage = Stage::new().await;
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    stage.fail("sondos", &["status=500"]);
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    let status = stage.admin(Method::GET, "/admin/status").await.json();
    for window in ["1m", "5m"] {
        let recent = &status["vendors"]["sondos"]["recent"][window];
        assert!(recent["requests_per_second"].as_f64().unwrap() > 0.0, "{recent}");
        assert_eq!(recent["error_ratio"], 0.5);
        for part in ["total_ms", "vendor_ms"] {
            let [p50, p99] = ["p50", "p99"].map(|percentile| recent[part][percentile].as_f64().unwrap());
            assert!(0.0 < p50 && p50 <= p99, "{recent}");
        }
        let idle = &status["vendors"]["famulor"]["recent"][window];
        assert_eq!((&idle["requests_per_second"], &idle["error_ratio"]), (&0.0.into(), &Value::Null));
    }
    assert_eq!(status["vendors"]["sondos"]["max_in_flight"], 128);
    stage.stop().await;
}

#[tokio::test]
async fn the_command_prints_a_table_or_the_json_document() {
    let stage = Stage::new().await;
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    let url = format!("http://{}", stage.app.admin());
    let (well, text) = run(&["--url", &url]).await;
    assert!(well && !text.contains('\u{1b}'), "{text}");
    let row = text.lines().find(|line| line.starts_with("sondos")).unwrap();
    assert!(row.contains("closed") && row.contains("0.0 %") && row.contains("0/128"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" closed ")).count(), 5, "{text}");
    let (well, text) = run(&["--url", &format!("{url}/admin/status"), "--json"]).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(well && document["vendors"]["sondos"]["breaker"] == "closed", "{text}");
    stage.stop().await;
}

#[tokio::test]
async fn status_says_why_it_gets_no_status() {
    let stage = Stage::with("[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\n").await;
    let admin = format!("http://{}", stage.app.admin());
    let api = format!("http://{}", stage.app.api());
    let other = stage.simulator("famulor").base_url().to_string();
    for (args, message) in [
        (&["--url", &*admin][..], "wants the token of `admin.token`"),
        (&["--url", &*admin, "--token-env", "WRONG"], "refuses this token"),
        (&["--url", &*admin, "--token-env", "NOBODY_HAS_THIS"], "`NOBODY_HAS_THIS` is not set"),
        (&["--url", &*api], "is a gateway's API"),
        (&["--url", &*other], "is not the administration of a gateway"),
        (&["--url", "ftp://127.0.0.1:9"], "administration speaks http or https, not ftp"),
        (&["--url", "/admin/status"], "is no URL"),
    ] {
        let (well, text) = run(args).await;
        assert!(!well && text.contains(message), "{args:?}: {text}");
    }
    let (well, text) = run(&["--url", &admin, "--token-env", "RIGHT"]).await;
    assert!(well && text.contains("sondos"), "{text}");
    stage.stop().await;
    let (well, text) = run(&["--url", &admin]).await;
    assert!(!well && text.contains("does not answer"), "{text}");
}

#[tokio::test]
async fn status_keeps_watching_after_the_gateway_stops() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    let url = format!("http://{}", stage.app.admin());
    let mut child = command(&["--url", &url, "--watch", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (mut lines, seen) = tokio::task::spawn_blocking(move || {
        let seen = lines.by_ref().filter(|line| line.starts_with("sondos")).take(2).count();
        (lines, seen)
    })
    .await
    .unwrap();
    assert_eq!(seen, 2);
    stage.stop().await;
    let gone = tokio::task::spawn_blocking(move || lines.any(|line| line.contains("does not answer"))).await.unwrap();
    assert!(gone);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn the_command_says_why_a_vendor_fails() {
    let stage = Stage::new().await;
    stage.fail("sondos", &["shape=401-unauthenticated"]);
    for _ in 0..3 {
        stage.put("sondos:1", r#"{"name": "a"}"#).await.problem("vendor_credentials_rejected");
    }
    // Without the scheme, as people write addresses.
    let (well, text) = run(&["--url", &stage.app.admin().to_string()]).await;
    assert!(well && text.contains("! sondos: refuses our token since ") && text.contains(" (3 updates)"), "{text}");
    let row = text.lines().find(|line| line.starts_with("sondos")).unwrap();
    assert!(row.contains("vendor_credentials_rejected"), "{text}");
    stage.stop().await;
}
