//! A new configuration while the gateway runs: checked whole and swapped at once, or refused whole.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{self, Environment, Known, Server, Settings};
use crate::edge::shutdown::Shutdown;
use crate::edge::tls::{Tls, TlsMaterial};
use crate::gateway::Gateway;
use crate::telemetry::log::LogControl;
use crate::upstream::Tasks;

/// How often the files are looked at. Looking works where notifications do not: in containers, over symbolic links
/// that are swapped, on network file systems.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
        config::load(self.path.as_deref(), &self.environment, &Known::of_registry())
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
    log: Option<LogControl>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    outcome: Option<Outcome>,
    files: Vec<PathBuf>,
    applied: u64,
    refused: u64,
}

impl Reloader {
    /// A reloader of `gateway`; without a `source` there is nothing to reload.
    pub fn new(
        gateway: Arc<ArcSwap<Gateway>>,
        source: Option<Source>,
        tasks: Tasks,
        tls: Option<Tls>,
        log: Option<LogControl>,
    ) -> Self {
        let files = gateway.load().settings.files.clone();
        Self { gateway, source, tasks, tls, log, last: Mutex::new(Last { files, ..Last::default() }) }
    }

    /// The generation in force.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.gateway.load_full()
    }

    /// What came of the last reload, and how many were applied and refused so far.
    pub fn history(&self) -> (Option<Outcome>, u64, u64) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        (last.outcome.clone(), last.applied, last.refused)
    }

    /// Reads the configuration anew and takes it up, or keeps the old one. Reloads happen one after the other.
    pub fn reload(&self, trigger: &'static str) -> Outcome {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.gateway.load_full();
        let result = self.next(&before, &mut last.files);
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let outcome = match result {
            Ok(next) => {
                let needs_restart = needs_restart(&before.settings, &next.settings);
                let generation = next.generation;
                if let Some(log) = &self.log {
                    log.follow(&next.settings.log);
                }
                self.gateway.store(Arc::new(next));
                last.applied += 1;
                tracing::info!(trigger, generation, ?needs_restart, "configuration reloaded");
                Outcome { applied: true, generation, trigger, at, problems: None, needs_restart }
            }
            Err(problems) => {
                last.refused += 1;
                tracing::error!(trigger, %problems, "new configuration refused, the old one stays in force");
                Outcome {
                    applied: false,
                    generation: before.generation,
                    trigger,
                    at,
                    problems: Some(problems),
                    needs_restart: Vec::new(),
                }
            }
        };
        last.outcome = Some(outcome.clone());
        outcome
    }

    fn next(&self, before: &Gateway, files: &mut Vec<PathBuf>) -> Result<Gateway, String> {
        let source = self.source.as_ref().ok_or("this gateway was not started from a configuration file")?;
        let settings = source.load().map_err(|problems| {
            *files = problems.files().to_vec();
            problems.to_string()
        })?;
        files.clone_from(&settings.files);
        let tls = settings.server.tls.as_ref().map(material);
        let next = Gateway::build(settings, Some(before), &self.tasks).map_err(|error| error.to_string())?;
        if let (Some(tls), Some(material)) = (&self.tls, &tls) {
            tls.reload(material).map_err(|error| format!("server.tls: {error}"))?;
        }
        Ok(next)
    }

    fn files(&self) -> Vec<PathBuf> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).files.clone()
    }
}

/// The PEM texts of the API's own certificate.
pub fn material(tls: &config::Tls) -> TlsMaterial {
    TlsMaterial {
        certificate_chain: tls.identity.cert.pem.clone().into_bytes(),
        private_key: tls.identity.key.pem.expose().as_bytes().to_vec(),
        client_ca: tls.client_ca.as_ref().map(|file| file.pem.clone().into_bytes()),
    }
}

/// Keys that are read once, when the listeners start.
fn needs_restart(before: &Settings, after: &Settings) -> Vec<&'static str> {
    let changed: [(&'static str, fn(&Server, &Server) -> bool); 7] = [
        ("server.listen", |a, b| a.listen != b.listen),
        ("server.admin_listen", |a, b| a.admin_listen != b.admin_listen),
        ("server.header_timeout", |a, b| a.header_timeout != b.header_timeout),
        ("server.idle_timeout", |a, b| a.idle_timeout != b.idle_timeout),
        ("server.max_connections", |a, b| a.max_connections != b.max_connections),
        ("server.max_headers", |a, b| a.max_headers != b.max_headers),
        ("server.tls", |a, b| a.tls.is_some() != b.tls.is_some()),
    ];
    let (before, after) = (&before.server, &after.server);
    changed.into_iter().filter(|(_, differ)| differ(before, after)).map(|(key, _)| key).collect()
}

/// Reloads when a file changed or on `SIGHUP`, until the shutdown.
pub async fn watch(reloader: Arc<Reloader>, shutdown: Shutdown) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        tracing::error!("SIGHUP cannot be taken over; reload with POST /admin/reload");
        return;
    };
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen = look(&reloader).await;
    loop {
        let trigger = tokio::select! {
            () = shutdown.soft().cancelled() => return,
            _ = hangups.recv() => "signal",
            _ = ticks.tick() => {
                let now = look(&reloader).await;
                if now == seen {
                    continue;
                }
                "file"
            }
        };
        let runner = Arc::clone(&reloader);
        if tokio::task::spawn_blocking(move || runner.reload(trigger)).await.is_err() {
            tracing::error!("a reload panicked; the old configuration stays in force");
        }
        seen = look(&reloader).await;
    }
}

/// What tells one state of a file from another.
type Fingerprint = (PathBuf, Option<(SystemTime, u64, u64)>);

async fn look(reloader: &Arc<Reloader>) -> Vec<Fingerprint> {
    let files = reloader.files();
    let fingerprints = move || files.into_iter().map(fingerprint).collect();
    tokio::task::spawn_blocking(fingerprints).await.unwrap_or_default()
}

fn fingerprint(path: PathBuf) -> Fingerprint {
    use std::os::unix::fs::MetadataExt;
    let state = std::fs::metadata(&path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len(), meta.ino())));
    (path, state)
}
