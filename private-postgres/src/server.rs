//! One server: how it starts, stops, freezes, and gets a standby.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::binaries::{Binaries, binaries, run};
use crate::options::Options;
use crate::watcher::Watcher;
use crate::{USER, cluster};

/// How long a server may take to start or stop; the machine may be slow.
const PATIENCE: Duration = Duration::from_mins(2);
/// Below the ports that systems give to clients, so that a restart finds its port free.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its connections are closed, and what it holds is written.
    Fast,
    /// At once, as `pg_ctl stop -m immediate`; it recovers when it starts again.
    Immediate,
    /// By SIGKILL.
    Kill,
}

/// A running server, in a folder of its own. It ends, and the folder is removed, when this is dropped or the program ends.
#[derive(Debug)]
pub struct Server {
    home: PathBuf,
    port: u16,
    binaries: Binaries,
    environment: Vec<(String, String)>,
    running: Mutex<Option<Child>>,
    /// Ends last.
    _watcher: Watcher,
}

impl Server {
    /// Starts one. `None` where there are no binaries.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(options: &Options) -> Option<Self> {
        let binaries = binaries()?;
        let home = cluster::home(binaries);
        cluster::fill(&home.join("data"), options, binaries);
        Some(Self::run(home, binaries, &options.environment))
    }

    fn run(home: PathBuf, binaries: &Binaries, environment: &[(String, String)]) -> Self {
        let watcher = Watcher::start(&home).unwrap_or_else(|error| panic!("sh: {error}"));
        let mut server = Self {
            home,
            port: 0,
            binaries: binaries.clone(),
            environment: environment.to_vec(),
            running: Mutex::new(None),
            _watcher: watcher,
        };
        for _ in 0..20 {
            server.port = fastrand::u16(PORTS);
            if server.try_start() {
                return server;
            }
        }
        panic!("twenty ports from {PORTS:?} are in use");
    }

    /// The port of `127.0.0.1` that it listens on, and part of the name of its Unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        &self.home
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.home.join("log")).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn running(&self) -> MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first process of the server.
    fn pid(&self) -> Option<Pid> {
        self.running().as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?))
    }

    /// Starts it, with the same folder and port as before, and returns once it takes connections.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.try_start() {
            assert!(Instant::now() < deadline, "port {} is in use: {}", self.port, self.log());
            pause();
        }
    }

    /// `false` if another program has the port.
    fn try_start(&self) -> bool {
        let log = File::options().create(true).append(true).open(self.home.join("log"));
        let log = log.and_then(|log| Ok((log.try_clone()?, log))).unwrap_or_else(|error| panic!("the log: {error}"));
        let before = self.log().len();
        let mut command = self.binaries.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.home).arg("-p").arg(self.port.to_string());
        command.envs(self.environment.iter().cloned());
        let child = command.stdout(log.0).stderr(log.1).spawn();
        *self.running() = Some(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            let ended = self.running().as_mut().and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                *self.running() = None;
                let log = self.log();
                let said = log.get(before..).unwrap_or_default();
                assert!(said.contains("Address already in use"), "postgres: {status}: {said}");
                return false;
            }
            assert!(Instant::now() < deadline, "postgres is not ready after {PATIENCE:?}: {}", self.log());
            pause();
        }
        true
    }

    /// Whether the present process says that it takes connections.
    fn is_ready(&self) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let own = self.pid().map(|pid| pid.as_raw_nonzero().to_string());
        let mut lines = file.lines();
        lines.next() == own.as_deref() && lines.nth(6).is_some_and(|state| state.trim() == "ready")
    }

    /// Ends it, and returns once it has ended.
    pub fn stop(&self, how: Stop) {
        self.thaw();
        let Some(pid) = self.pid() else { return };
        let processes = self.processes();
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
            Stop::Kill => Signal::KILL,
        };
        let _ = kill_process(pid, signal);
        let child = self.running().take();
        if let Some(mut child) = child {
            let _ = child.wait();
        }
        // What a killed one has left ends by itself, soon, and a new one refuses to start before.
        let deadline = Instant::now() + PATIENCE;
        for process in processes {
            while runs(process) && Instant::now() < deadline {
                pause();
            }
        }
    }

    /// Stops it and starts it again.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&self, how: Stop) {
        self.stop(how);
        self.start_again();
    }

    /// Stops all its processes where they are (SIGSTOP), until [`thaw`](Self::thaw); Linux only.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets its processes go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        for process in self.processes() {
            // It may have ended just now.
            let _ = kill_process(process, signal);
        }
    }

    /// The first process, and those that it has started.
    fn processes(&self) -> Vec<Pid> {
        let Some(pid) = self.pid() else { return Vec::new() };
        let number = pid.as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?));
        std::iter::once(pid).chain(children).collect()
    }

    /// Starts a standby of this server, which follows it under that name; `None` where there is no `pg_basebackup`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn standby(&self, name: &str) -> Option<Self> {
        if !cluster::has("pg_basebackup") {
            return None;
        }
        let home = cluster::home(&self.binaries);
        let data = home.join("data");
        let primary = format!("host={} port={} user={USER} application_name={name}", self.home.display(), self.port);
        let mut backup = self.binaries.command("pg_basebackup");
        run(backup.args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-d"]).arg(primary).arg("-D").arg(&data));
        Some(Self::run(home, &self.binaries, &self.environment))
    }

    /// Makes a standby a primary, on a timeline of its own, and returns once it is one.
    pub fn promote(&self) {
        run(self.binaries.command("pg_ctl").arg("promote").arg("-w").arg("-D").arg(self.data()));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

/// Whether a process has not ended; of one that has, its parent may not have heard yet.
fn runs(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    let is_there = rustix::process::test_kill_process(process).is_ok();
    is_there && !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

/// A moment between two looks at a process, which gives no signal.
#[expect(clippy::disallowed_methods, reason = "what waits here is no task of the gateway")]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}
