//! A new configuration while the gateway runs: checked whole and swapped at once, or refused whole.
//!
//! The order matters. Everything that can fail or wait comes first. Then the generation, the TLS configuration and
//! telemetry are stored one right after the other. Last, lines of the old audit log are written, which may take seconds.
//!
//! The generation is stored before the TLS configuration. A connection that shook hands under the new authorities is
//! therefore judged by the new clients. One that shook hands under the old authorities is judged by the old clients,
//! or by the new generation, which verifies its certificate again (see [`crate::net::tls::client_trust`]).
//!
//! Reloads happen one after the other; a reader of the present state does not wait for one.

mod collector;
mod telemetry;
mod watch;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use serde::Serialize;

use crate::config::{self, AuthMode, Environment, LogFormat, Settings, TlsVersion, VendorNames, Watched};
use crate::gateway::Gateway;
use crate::net::tls::acceptor::{NextTls, Tls, TlsMaterial};
use crate::telemetry::event::ConfigReloaded;
use crate::telemetry::{Next as NextTelemetry, Telemetry, Unwritten};
use crate::upstream::Tasks;

pub(crate) use telemetry::{log, telemetry};
pub use watch::watch;

/// How often files that changed while they were read are read again.
const READINGS: usize = 3;
/// How many outcomes are remembered.
const REMEMBERED: usize = 20;
/// The most that is told of a refused configuration, in bytes: a file that is none has a problem in each line.
const LONGEST: usize = 64 * 1024;

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file named on the command line.
    pub path: Option<PathBuf>,
    /// The environment at the start of the process.
    pub environment: Environment,
}

impl Source {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(&self) -> Result<Settings, config::Problems> {
        config::load(self.path.as_deref(), &self.environment, &VendorNames::of_registry())
    }
}

/// What came of a reload.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Whether the new configuration is in force.
    pub applied: bool,
    /// The generation in force afterwards.
    pub generation: u64,
    /// What asked for it.
    pub trigger: &'static str,
    /// When, in seconds since 1970.
    pub at: u64,
    /// What stands against it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problems: Option<String>,
    /// Changed keys that take effect only at a restart.
    pub needs_restart: Vec<&'static str>,
}

/// Takes up new configurations.
pub struct Reloader {
    gateway: Arc<ArcSwap<Gateway>>,
    source: Option<Source>,
    tasks: Tasks,
    tls: Option<Tls>,
    telemetry: Telemetry,
    started: Started,
    /// Held by whoever reloads.
    turn: Mutex<()>,
    past: Mutex<Past>,
}

/// A new configuration, ready to be applied.
struct Next {
    gateway: Gateway,
    tls: Option<NextTls>,
    telemetry: NextTelemetry,
    warnings: config::Problems,
    needs_restart: Vec<&'static str>,
}

/// What is read once, when the process starts, and holds until it ends.
struct Started {
    listen: SocketAddr,
    admin_listen: SocketAddr,
    header_timeout: Duration,
    idle_timeout: Duration,
    max_connections: usize,
    max_headers: usize,
    tls: bool,
    log_format: LogFormat,
}

/// What a reloader keeps of the first configuration.
pub struct First {
    started: Started,
    files: Vec<Watched>,
}

impl First {
    /// What is kept of it.
    pub fn of(settings: &Settings) -> Self {
        Self { started: Started::of(settings), files: settings.files.clone() }
    }
}

#[derive(Default)]
struct Past {
    outcomes: VecDeque<Outcome>,
    files: Vec<Watched>,
    applied: u64,
    refused: u64,
    /// When the configuration in force was taken up, in seconds since 1970.
    in_force_since: u64,
}

/// What came of reloads so far.
#[derive(Debug, Clone)]
pub struct History {
    /// The last one; `None` if there was none.
    pub last: Option<Outcome>,
    /// How many were applied.
    pub applied: u64,
    /// How many were refused.
    pub refused: u64,
    /// When the configuration in force was taken up, in seconds since 1970.
    pub in_force_since: u64,
}

impl Reloader {
    /// A reloader of `gateway`, which has just been started; without a `source` there is nothing to reload.
    pub fn new(
        First { started, files }: First,
        gateway: Arc<ArcSwap<Gateway>>,
        source: Option<Source>,
        tasks: Tasks,
        tls: Option<Tls>,
        telemetry: Telemetry,
    ) -> Self {
        let past = Mutex::new(Past { files, in_force_since: now(), ..Past::default() });
        Self { gateway, source, tasks, tls, telemetry, started, turn: Mutex::default(), past }
    }

    /// The generation in force.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.gateway.load_full()
    }

    /// What tells of requests and of reloads.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// What came of reloads so far.
    pub fn history(&self) -> History {
        let past = self.past();
        let Past { applied, refused, in_force_since, .. } = *past;
        History { last: past.outcomes.back().cloned(), applied, refused, in_force_since }
    }

    /// How many connections each listener keeps until a restart.
    pub fn max_connections(&self) -> usize {
        self.started.max_connections
    }

    /// What came of the last reloads, the newest first.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.past().outcomes.iter().rev().cloned().collect()
    }

    /// Reads the configuration again and applies it, or keeps the old one. Blocks; call it within a tokio runtime.
    pub fn reload(&self, trigger: &'static str) -> Outcome {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.gateway.load_full();
        let (outcome, unwritten) = match self.next(&before) {
            Ok(next) => self.apply(next, &before, trigger),
            Err(problems) => self.refuse(shortened(problems), &before, trigger),
        };
        self.past().remember(outcome.clone());
        if let Some(unwritten) = unwritten {
            unwritten.wait();
        }
        outcome
    }

    /// Puts the new generation in force. Nothing here fails or waits.
    fn apply(&self, next: Next, before: &Gateway, trigger: &'static str) -> (Outcome, Option<Unwritten>) {
        let Next { gateway, tls, telemetry, warnings, needs_restart } = next;
        let (generation, keys) = (gateway.generation, gateway.keys_changed_since(before));
        gateway.keep_order(Some(before), &self.tasks);
        self.gateway.store(Arc::new(gateway));
        if let (Some(tls), Some(next)) = (&self.tls, tls) {
            tls.replace(next);
        }
        let unwritten = self.telemetry.apply(telemetry);
        for warning in &warnings {
            tracing::warn!(%warning, "configuration");
        }
        tracing::info!(trigger, generation, ?needs_restart, "configuration reloaded");
        let outcome = Outcome { applied: true, generation, trigger, at: now(), problems: None, needs_restart };
        self.telemetry.reloaded(&ConfigReloaded { trigger, generation, problems: None, keys });
        (outcome, Some(unwritten))
    }

    fn refuse(&self, problems: String, before: &Gateway, trigger: &'static str) -> (Outcome, Option<Unwritten>) {
        tracing::error!(trigger, %problems, "new configuration refused, the old one stays in force");
        let unwritten = self.telemetry.reopen();
        let (generation, needs_restart) = (before.generation, Vec::new());
        self.telemetry.reloaded(&ConfigReloaded { trigger, generation, problems: Some(&problems), keys: None });
        let outcome =
            Outcome { applied: false, generation, trigger, at: now(), problems: Some(problems), needs_restart };
        (outcome, unwritten)
    }

    /// Does everything that can fail.
    fn next(&self, before: &Gateway) -> Result<Next, String> {
        let source = self.source.as_ref().ok_or("this gateway was not started from a configuration file")?;
        let mut settings = self.read(source).map_err(|problems| problems.to_string())?;
        if settings.vendors.is_empty() && !before.routes.accounts.is_empty() {
            return Err("the configuration names no vendor any more, as if its file were empty or half written; restart if that is meant".into());
        }
        self.started.allows(&settings)?;
        let tls = settings.server.tls.as_ref().filter(|_| self.tls.is_some()).map(|tls| NextTls::new(&material(tls)));
        let tls = tls.transpose().map_err(|error| format!("server.tls: {error}"))?;
        let needs_restart = self.started.differs_from(&Started::of(&settings));
        let (warnings, telemetry) = (std::mem::take(&mut settings.warnings), telemetry(&settings));
        let gateway = Gateway::build(settings, Some(before), &self.tasks).map_err(|error| error.to_string())?;
        let telemetry = self.telemetry.prepare(telemetry)?; // last, as what it prepares has to be applied
        Ok(Next { gateway, tls, telemetry, warnings, needs_restart })
    }

    /// The configuration from files none of which changed while the others were read.
    fn read(&self, source: &Source) -> Result<Settings, config::Problems> {
        let mut result = source.load();
        for _ in 1..READINGS {
            if !files_of(&result).iter().any(Watched::has_changed) {
                break;
            }
            result = source.load();
        }
        self.past().files = files_of(&result).to_vec();
        result
    }

    /// The files in force as they are now, and whether any has changed since it was read.
    fn look(&self) -> (Vec<Watched>, bool) {
        let files = self.past().files.clone();
        let now: Vec<_> = files.iter().map(Watched::again).collect();
        let changed = now != files;
        (now, changed)
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn remember(&mut self, outcome: Outcome) {
        if outcome.applied {
            self.applied += 1;
            self.in_force_since = outcome.at;
        } else {
            self.refused += 1;
        }
        if self.outcomes.len() == REMEMBERED {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(outcome);
    }
}

/// As much of it as is told.
fn shortened(mut problems: String) -> String {
    if problems.len() > LONGEST {
        problems.truncate(problems.floor_char_boundary(LONGEST));
        problems.push_str("…\nand more, all of which `switchboard check` lists");
    }
    problems
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn files_of(result: &Result<Settings, config::Problems>) -> &[Watched] {
    match result {
        Ok(settings) => &settings.files,
        Err(problems) => problems.files(),
    }
}

/// The PEM texts of the API's own certificate.
pub fn material(tls: &config::Tls) -> TlsMaterial {
    TlsMaterial {
        certificate_chain: tls.identity.cert.pem.clone().into_bytes(),
        private_key: tls.identity.key.pem.expose().as_bytes().to_vec().into(),
        client_ca: tls.client_ca.as_ref().map(|file| file.pem.clone().into_bytes()),
        tls13_only: tls.min_version == TlsVersion::V1_3,
    }
}

impl Started {
    fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        Self {
            listen: server.listen,
            admin_listen: server.admin_listen,
            header_timeout: server.header_timeout,
            idle_timeout: server.idle_timeout,
            max_connections: server.max_connections,
            max_headers: server.max_headers,
            tls: server.tls.is_some(),
            log_format: settings.log.format,
        }
    }

    /// Changed keys that are read once.
    fn differs_from(&self, after: &Self) -> Vec<&'static str> {
        let changed = [
            ("server.listen", self.listen != after.listen),
            ("server.admin_listen", self.admin_listen != after.admin_listen),
            ("server.header_timeout", self.header_timeout != after.header_timeout),
            ("server.idle_timeout", self.idle_timeout != after.idle_timeout),
            ("server.max_connections", self.max_connections != after.max_connections),
            ("server.max_headers", self.max_headers != after.max_headers),
            ("server.tls", self.tls != after.tls),
            ("log.format", self.log_format != after.log_format),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }

    /// Refuses what would be safe on the addresses that it names, but not on those that are listened on until a
    /// restart.
    fn allows(&self, after: &Settings) -> Result<(), String> {
        let (api, admin) = (self.listen, self.admin_listen);
        if after.auth.mode == AuthMode::None && !after.auth.allow_insecure && !config::is_loopback(api) {
            return Err(format!(
                "`auth.mode = \"none\"` needs a restart: until then {api} is listened on, and everybody who reaches it would be let in"
            ));
        }
        if after.admin.token.is_none() && !config::is_loopback(admin) {
            return Err(format!(
                "going without `admin.token` needs a restart: until then {admin} is listened on, which other machines reach"
            ));
        }
        Ok(())
    }
}
