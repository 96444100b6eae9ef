//! Applies a new configuration while the gateway runs: all of it or, if anything is wrong with it, none of it.
//!
//! Everything that can fail or wait comes first. Then the generation, the TLS configuration and telemetry are stored one
//! right after the other. If the audit log ends, its last lines are written then, which may take seconds.
//!
//! The generation is stored before the TLS configuration, so that a connection accepted under the new authorities meets
//! the new clients. A connection accepted under the old authorities meets the old clients, or the new generation, which
//! verifies its certificate again (see [`crate::net::tls::client_trust`]).

mod check;
mod collector;
mod emptied;
mod result;
mod startup;
mod telemetry;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch as latest;

use crate::config::{self, Environment, Settings, TlsVersion, WatchedFile};
use crate::gateway::Gateway;
use crate::net::tls::acceptor::{NextTls, Tls, TlsError, TlsMaterial};
use crate::telemetry::event::ReloadRequest;
use crate::telemetry::{PreparedTelemetry as NextTelemetry, Telemetry};
use crate::upstream::Tasks;
use crate::value::{Lock, unix_seconds};

pub use crate::config::{Severity, SourceLine};
pub use check::{Check, CheckedProblem, Difference};
pub use result::{ReloadProblem, ReloadResult};
pub(crate) use telemetry::{START, log, telemetry};
pub use watch::watch;

use result::{Refusal, changed};
pub use startup::StartupSettings;

/// How often the files are read if they change meanwhile.
const MAX_READS: usize = 3;
/// How many outcomes are kept.
const MAX_OUTCOMES: usize = 20;

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
        config::load(self.path.as_deref(), &self.environment)
    }

    /// The same for a gateway that runs: a file that is gone was there.
    fn load_again(&self) -> Result<Settings, config::Problems> {
        self.load().map_err(|problems| match self.file() {
            Some(file) if !file.exists() => {
                problems.of_missing_file("put the file back; the gateway applies it by itself")
            }
            _ => problems,
        })
    }

    /// The configuration file; `None` if only the environment is read.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        config::file(self.path.as_deref(), &self.environment)
    }
}

/// Applies new configurations.
pub struct Reloader {
    gateway: Arc<ArcSwap<Gateway>>,
    source: Option<Source>,
    tasks: Tasks,
    tls: ListenersTls,
    telemetry: Telemetry,
    startup: StartupSettings,
    /// The generation in force, for those who wait for another one.
    applied: latest::Sender<u64>,
    /// Held during a reload: there is one at a time.
    lock: Lock<()>,
    /// The last check that applied nothing.
    checked: Lock<Option<check::Checked>>,
    state: Lock<State>,
}

/// A new configuration, ready to be applied.
struct Next {
    gateway: Gateway,
    tls: Option<NextTls>,
    admin_tls: Option<NextTls>,
    telemetry: NextTelemetry,
    warnings: config::Problems,
    needs_restart: Vec<&'static str>,
}

/// What triggered a reload.
#[derive(Clone, Copy)]
struct Trigger<'r> {
    name: &'static str,
    by: Option<&'r ReloadRequest>,
}

/// TLS of the listeners that have it.
#[derive(Clone, Debug, Default)]
pub struct ListenersTls {
    /// Of the API.
    pub api: Option<Tls>,
    /// Of administration.
    pub admin: Option<Tls>,
}

#[derive(Default)]
struct State {
    files: Vec<WatchedFile>,
    history: Arc<History>,
}

/// The reloads so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The outcomes of the last ones, the newest first.
    pub outcomes: VecDeque<ReloadResult>,
    /// How many were applied.
    pub applied: u64,
    /// How many were refused.
    pub refused: u64,
    /// When the configuration in force was applied, in seconds since 1970.
    pub in_force_since: u64,
}

impl Reloader {
    /// A reloader of `gateway`, which has just been started. Without a `source` every reload is refused.
    pub fn new(
        mut startup: StartupSettings,
        gateway: Arc<ArcSwap<Gateway>>,
        source: Option<Source>,
        tasks: Tasks,
        tls: ListenersTls,
        telemetry: Telemetry,
    ) -> Self {
        let history = Arc::new(History { in_force_since: unix_seconds(), ..History::default() });
        let state = Lock::new(State { files: std::mem::take(&mut startup.files), history });
        let applied = latest::Sender::new(gateway.load().generation);
        Self {
            gateway,
            source,
            tasks,
            tls,
            telemetry,
            startup,
            applied,
            lock: Lock::default(),
            checked: Lock::default(),
            state,
        }
    }

    /// The generation in force.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.gateway.load_full()
    }

    /// Tells of each generation that comes into force.
    pub fn applied(&self) -> latest::Receiver<u64> {
        self.applied.subscribe()
    }

    /// The telemetry of requests and reloads.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// The reloads so far.
    pub fn history(&self) -> Arc<History> {
        Arc::clone(&self.state.lock().history)
    }

    /// The configuration file; `None` if only the environment is read.
    pub fn file(&self) -> Option<PathBuf> {
        self.source.as_ref().and_then(Source::file)
    }

    /// Whether limits are shared with other replicas at present; `None` without a store that replicas share.
    pub fn shares_limits(&self) -> Option<bool> {
        self.tasks.shared.as_ref().map(|shared| shared.is_shared())
    }

    /// Reads the configuration again and applies it, or keeps the old one. It blocks; call it within a tokio runtime.
    pub fn reload(&self, trigger: &'static str) -> ReloadResult {
        self.reload_for(Trigger { name: trigger, by: None })
    }

    /// The same for an operator's request.
    pub fn requested(&self, by: &ReloadRequest) -> ReloadResult {
        self.reload_for(Trigger { name: "request", by: Some(by) })
    }

    fn reload_for(&self, trigger: Trigger<'_>) -> ReloadResult {
        let _lock = self.lock.lock();
        let before = self.gateway.load_full();
        let outcome = match self.next(&before) {
            Ok(next) => self.apply(next, &before, trigger),
            Err(refusal) => self.refuse(refusal, &before, trigger),
        };
        Arc::make_mut(&mut self.state.lock().history).add(outcome.clone());
        outcome
    }

    /// Applies the new configuration. Nothing here fails, and nothing waits but the end of the audit log.
    fn apply(&self, next: Next, before: &Gateway, Trigger { name: trigger, by }: Trigger<'_>) -> ReloadResult {
        let Next { gateway, tls, admin_tls, telemetry, warnings, needs_restart } = next;
        let (generation, keys) = (gateway.generation, gateway.keys_changed_since(before));
        let secrets = gateway.secrets_changed_since(before);
        let dialects = gateway.dialects_changed_since(before);
        let changed = changed(&before.redacted_settings, &gateway.redacted_settings, secrets);
        gateway.apply_scopes(Some(before), &self.tasks);
        self.gateway.store(Arc::new(gateway));
        self.applied.send_replace(generation);
        for (tls, next) in [(&self.tls.api, tls), (&self.tls.admin, admin_tls)] {
            if let (Some(tls), Some(next)) = (tls, next) {
                tls.replace(next);
            }
        }
        self.telemetry.apply(telemetry);
        for (vendor, before, dialect) in dialects {
            tracing::warn!(
                %vendor,
                before,
                dialect,
                "an account has another dialect now; changes that wait for it are not sent until it has theirs again, or expire"
            );
        }
        for warning in warnings.warnings() {
            tracing::warn!(%warning, "configuration");
        }
        let (names, restart) = (changed.join(", "), needs_restart.join(", "));
        tracing::info!(trigger, generation, changed = names, needs_restart = restart, "configuration reloaded");
        let problems = ReloadProblem::list(warnings.warnings());
        self.telemetry.reloaded((trigger, by), generation, None, keys.as_ref());
        ReloadResult { applied: true, generation, trigger, at: unix_seconds(), problems, changed, needs_restart }
    }

    fn refuse(&self, refusal: Refusal, before: &Gateway, Trigger { name: trigger, by }: Trigger<'_>) -> ReloadResult {
        let Refusal { text, problems } = refusal;
        tracing::error!(trigger, problems = %text, "new configuration refused, the old one stays in force");
        let generation = before.generation;
        self.telemetry.reloaded((trigger, by), generation, Some(&text), None);
        let (changed, needs_restart) = (Vec::new(), Vec::new());
        ReloadResult { applied: false, generation, trigger, at: unix_seconds(), problems, changed, needs_restart }
    }

    /// Builds everything that can fail.
    fn next(&self, before: &Gateway) -> Result<Next, Refusal> {
        let source = self.source.as_ref().ok_or("this gateway was not started from a configuration file")?;
        let mut settings = self.read(source)?;
        let (tls, admin_tls) = self.acceptable(&settings, before)?;
        let needs_restart = self.startup.changed_keys(&StartupSettings::of(&settings));
        let (warnings, telemetry) = (std::mem::take(&mut settings.warnings), telemetry(&settings));
        let mut gateway = Gateway::build(settings, Some(before), &self.tasks).map_err(|error| error.to_string())?;
        gateway.keep(before, &needs_restart);
        let telemetry = self.telemetry.prepare(telemetry)?;
        Ok(Next { gateway, tls, admin_tls, telemetry, warnings, needs_restart })
    }

    /// Checks what makes settings impossible that are right in themselves, and reads the listeners' new certificates.
    fn acceptable(&self, settings: &Settings, before: &Gateway) -> Result<(Option<NextTls>, Option<NextTls>), Refusal> {
        emptied::check(settings, before, self.file())?;
        self.startup.check_addresses(settings)?;
        let server = &settings.server;
        let tls = next_tls(&self.tls.api, &server.tls).map_err(|error| format!("server.tls: {error}"))?;
        let admin_tls =
            next_tls(&self.tls.admin, &server.admin_tls).map_err(|error| format!("server.admin_tls: {error}"))?;
        Ok((tls, admin_tls))
    }

    /// Reads the configuration from files that do not change meanwhile.
    fn read(&self, source: &Source) -> Result<Settings, config::Problems> {
        let mut result = source.load_again();
        for _ in 1..MAX_READS {
            if !files_of(&result).iter().any(WatchedFile::has_changed) {
                break;
            }
            result = source.load_again();
        }
        self.state.lock().files = files_of(&result).to_vec();
        result
    }

    /// The files of the configuration as they are now, and whether any has changed since it was read.
    fn check_files(&self) -> (Vec<WatchedFile>, bool) {
        let files = self.state.lock().files.clone();
        let now: Vec<_> = files.iter().map(WatchedFile::refreshed).collect();
        let changed = now != files;
        (now, changed)
    }
}

impl History {
    fn add(&mut self, outcome: ReloadResult) {
        if outcome.applied {
            self.applied += 1;
            self.in_force_since = outcome.at;
        } else {
            self.refused += 1;
        }
        if self.outcomes.len() == MAX_OUTCOMES {
            self.outcomes.pop_back();
        }
        self.outcomes.push_front(outcome);
    }
}

fn files_of(result: &Result<Settings, config::Problems>) -> &[WatchedFile] {
    match result {
        Ok(settings) => &settings.files,
        Err(problems) => problems.files(),
    }
}

/// The material that replaces `present`, if that listener has TLS now and then.
fn next_tls(present: &Option<Tls>, next: &Option<config::Tls>) -> Result<Option<NextTls>, TlsError> {
    next.as_ref().filter(|_| present.is_some()).map(|tls| NextTls::new(&tls_material(tls))).transpose()
}

/// The PEM texts of a listener's certificate.
pub fn tls_material(tls: &config::Tls) -> TlsMaterial {
    TlsMaterial {
        certificate_chain: tls.identity.cert.pem.clone().into_bytes(),
        private_key: tls.identity.key.pem.expose().as_bytes().to_vec().into(),
        client_ca: tls.client_ca.as_ref().map(|file| file.pem.clone().into_bytes()),
        tls13_only: tls.min_version == TlsVersion::V1_3,
    }
}
