//! The real binary as a process of its own, with real signals.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::eventually;

/// A process may drain for as long as its configuration says.
const TO_END: Duration = Duration::from_mins(2);

/// How long a line may take to appear; the machine may be slow.
const TO_LOG: Duration = Duration::from_mins(1);

/// A running gateway; killed when dropped.
pub(crate) struct Process {
    child: Arc<Mutex<Child>>,
    pub(crate) pid: u32,
    log: watch::Receiver<Vec<String>>,
    pub(crate) api: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Process {
    /// Starts `switchboard serve` with the file `switchboard.toml` of `directory`, which is its working directory
    /// too, and returns once it listens.
    pub(crate) async fn serve(directory: &Path, environment: &[(String, String)]) -> Self {
        Self::try_serve(directory, environment).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same; what is wrong if it does not come to listen.
    pub(crate) async fn try_serve(directory: &Path, environment: &[(String, String)]) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        Self::try_serve_by(command.envs(environment.iter().cloned()), directory).await
    }

    /// As [`serve`](Self::serve), by a command that runs the binary.
    pub(crate) async fn serve_by(command: &mut Command, directory: &Path) -> Self {
        Self::try_serve_by(command, directory).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_serve_by(command: &mut Command, directory: &Path) -> Result<Self, String> {
        let mut child = command
            .args(["serve", "--config", "switchboard.toml"])
            .env("SWITCHBOARD_LOG__FORMAT", "json")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, log) = watch::channel(Vec::new());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                lines.send_modify(|all| all.push(line));
            }
        });
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        let pid = child.id();
        let mut process = Self { child: Arc::new(Mutex::new(child)), pid, log, api: address, admin: address };
        let listening = process.try_logged("\"message\":\"listening\"").await?;
        let listening: Value = serde_json::from_str(&listening).unwrap();
        process.api = listening["api"].as_str().unwrap().parse().unwrap();
        process.admin = listening["admin"].as_str().unwrap().parse().unwrap();
        Ok(process)
    }

    /// The first line of the log that holds `text`, as soon as there is one.
    pub(crate) async fn logged(&mut self, text: &str) -> String {
        self.try_logged(text).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_logged(&mut self, text: &str) -> Result<String, String> {
        let says = self.log.wait_for(|lines| lines.iter().any(|line| line.contains(text)));
        let found = timeout(TO_LOG, says).await.map(|lines| lines.map(|lines| lines.clone()));
        let lines = match found {
            Ok(Ok(lines)) => lines,
            Ok(Err(_)) => {
                let said = self.log.borrow().join("\n");
                return Err(format!("the process ended without saying {text}:\n{said}"));
            }
            Err(_) => return Err(format!("the process did not say {text} within {TO_LOG:?}")),
        };
        Ok(lines.into_iter().find(|line| line.contains(text)).unwrap())
    }

    /// How many lines of the log hold `text` by now.
    pub(crate) fn lines(&self, text: &str) -> usize {
        self.log.borrow().iter().filter(|line| line.contains(text)).count()
    }

    /// Sends a signal by its name, as in `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid)]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end, up to which nothing must have panicked.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let status = eventually(TO_END, async || self.child.lock().unwrap().try_wait().unwrap()).await;
        assert!(!self.log.borrow().iter().any(|line| line.contains("panicked")));
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
