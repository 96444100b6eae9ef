//! The log of the real binary: in a file that is renamed, and on a slow standard error.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{PATIENCE, Stage, configuration, eventually, tokens};

const NAME: &str = "switchboard.log";

/// The gateway, killed when dropped.
struct Gateway(Child);

impl Gateway {
    fn start(folder: &Path, stage: &Stage) -> Self {
        Self::with_stderr(folder, stage, Stdio::piped())
    }

    fn with_stderr(folder: &Path, stage: &Stage, stderr: Stdio) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["serve", "--config", "c.toml"])
            .envs(tokens(&stage.simulators))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn();
        Self(child.unwrap())
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n').filter_map(|line| serde_json::from_str(line.strip_suffix('\n')?).ok()).collect()
}

/// The first line with this message, as soon as there is one.
async fn said(path: &Path, message: &str) -> Value {
    eventually(PATIENCE, async || lines(path).into_iter().find(|line| line["message"] == message)).await
}

#[tokio::test]
async fn a_renamed_log_file_loses_and_repeats_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let text = configuration(&stage.simulators, &format!("[log]\nfile = \"{NAME}\"\n"));
    fs::write(folder.path().join("c.toml"), text).unwrap();
    let (path, old) = (folder.path().join(NAME), folder.path().join("old.log"));
    let mut gateway = Gateway::start(folder.path(), &stage);
    let api = said(&path, "listening").await["api"].as_str().unwrap().to_owned();
    let put = |number: usize| {
        let request = http::Request::put(format!("http://{api}/v1/assistants/7"))
            .header("content-type", "application/json")
            .header("x-request-id", format!("id-{number}"));
        stage.send(request.body(r#"{"name":"x"}"#.into()).unwrap())
    };
    for number in 0..20 {
        assert_eq!(put(number).await.status, 200);
    }
    let last = async || lines(&path).into_iter().find(|line| line["request_id"] == "id-19");
    eventually(PATIENCE, last).await;
    fs::rename(&path, &old).unwrap();
    for number in 20..40 {
        assert_eq!(put(number).await.status, 200);
    }
    gateway.signal("HUP");
    assert_eq!(said(&path, "configuration reloaded").await["trigger"], "signal");
    for number in 40..60 {
        assert_eq!(put(number).await.status, 200);
    }
    gateway.signal("TERM");
    assert!(gateway.0.wait().unwrap().success());
    let (before, after) = (lines(&old), lines(&path));
    let requests: Vec<_> = before.iter().chain(&after).filter(|line| line["target"] == "switchboard::access").collect();
    let ids: Vec<_> = requests.iter().map(|line| line["request_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..60).map(|number| format!("id-{number}")).collect::<Vec<_>>());
    assert!(
        before.iter().any(|line| line["request_id"] == "id-19")
            && after.iter().any(|line| line["request_id"] == "id-59")
    );
    let mut stderr = String::new();
    gateway.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
    stage.stop().await;
}

#[tokio::test]
async fn standard_error_that_accepts_partial_writes_gets_every_line_once_and_whole() {
    const REQUESTS: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    fs::write(folder.path().join("c.toml"), configuration(&stage.simulators, "")).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut gateway = Gateway::with_stderr(folder.path(), &stage, writer.into());
    let mut stderr = BufReader::with_capacity(512, reader);
    let first = stderr.by_ref().lines().map(Result::unwrap).find(|line| line.contains("listening")).unwrap();
    let api = serde_json::from_str::<Value>(&first).unwrap()["api"].as_str().unwrap().to_owned();
    // The test does not read until the end, and the lines do not fit into the pipe.
    for number in 0..REQUESTS {
        let request = http::Request::get(format!("http://{api}/v1/fields"))
            .header("x-request-id", format!("{number:0>100}"))
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(stage.send(request.body(Default::default()).unwrap()).await.status, 200);
    }
    gateway.signal("TERM");
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    assert!(gateway.0.wait().unwrap().success());
    let all: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let requests = all.iter().filter(|line| line["target"] == "switchboard::access");
    let ids: Vec<usize> = requests.map(|line| line["request_id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, (0..REQUESTS).collect::<Vec<_>>());
    stage.stop().await;
}
