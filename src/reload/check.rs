//! What a reload would do now: the configuration is read and checked, and nothing is applied.
//!
//! The last result is kept until a file or the generation changes, and files are read once in [`MIN_INTERVAL`] at most, so
//! that a page which many look at reads nothing while nothing happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::config::{self, Origin, Origins, Setting, Settings, SourceLine, WatchedFile};
use crate::gateway::Gateway;
use crate::value::unix_seconds;

use super::result::Refusal;
use super::{ReloadProblem, Reloader, Source, StartupSettings, files_of};

/// The least time between two reads that no reload asks for.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// How many differences are listed.
const MAX_DIFFERENCES: usize = 100;

/// The configuration as it would be read now.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// When it was read, in seconds since 1970.
    pub at: u64,
    /// The generation that it was compared with.
    pub generation: u64,
    /// Whether a reload would apply it.
    pub accepted: bool,
    /// Why not; the warnings if it is accepted.
    pub problems: Vec<CheckedProblem>,
    /// What a reload would change, at most a hundred.
    pub differences: Vec<Difference>,
    /// How many further keys differ.
    pub more_differences: usize,
    /// Keys that differ from those of the start of the process, which only a restart changes.
    pub needs_restart: Vec<&'static str>,
    /// The files that it consists of.
    pub files: Vec<String>,
}

/// One thing that is wrong with a configuration, with the lines around it.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedProblem {
    /// What is wrong.
    #[serde(flatten)]
    pub problem: ReloadProblem,
    /// The lines of the file around it, without what may be secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SourceLine>,
}

/// A key whose value differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The dotted key.
    pub key: String,
    /// The value in force, secrets redacted; `null` if there is none.
    pub in_force: Value,
    /// The value in the file, secrets redacted; `null` if there is none.
    pub on_disk: Value,
    /// Whether both are secrets or certificates, of which only the contents differ.
    pub is_secret: bool,
    /// Where the new value comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// The last result, and what it depends on.
pub(super) struct Checked {
    check: Arc<Check>,
    files: Vec<WatchedFile>,
    at: Instant,
}

impl Reloader {
    /// What a reload would do now; `None` if this gateway was not started from a configuration that can be read again.
    /// `again` reads the files even if none seems to have changed. It blocks, and changes nothing.
    pub fn check(&self, again: bool) -> Option<Arc<Check>> {
        let source = self.source.as_ref()?;
        let mut last = self.checked.lock();
        let before = self.gateway();
        if let Some(last) = &*last {
            let is_old =
                || last.check.generation != before.generation || last.files.iter().any(WatchedFile::has_changed);
            if last.at.elapsed() < MIN_INTERVAL || !(again || is_old()) {
                return Some(Arc::clone(&last.check));
            }
        }
        let (check, files) = self.checked_now(source, &before);
        let check = Arc::new(check);
        *last = Some(Checked { check: Arc::clone(&check), files, at: Instant::now() });
        Some(check)
    }

    fn checked_now(&self, source: &Source, before: &Gateway) -> (Check, Vec<WatchedFile>) {
        let loaded = source.load_again();
        let files = files_of(&loaded).to_vec();
        let read = files.iter().filter(|file| file.path().is_file()).map(|file| file.path().display().to_string());
        let mut check = Check {
            at: unix_seconds(),
            generation: before.generation,
            accepted: false,
            problems: Vec::new(),
            differences: Vec::new(),
            more_differences: 0,
            needs_restart: Vec::new(),
            files: read.collect(),
        };
        match loaded {
            Err(problems) => check.problems = with_lines(problems.errors().chain(problems.warnings())),
            Ok(settings) => {
                check.problems = with_lines(settings.warnings.warnings());
                check.needs_restart = self.startup.changed_keys(&StartupSettings::of(&settings));
                check.differences = differences(before, &settings);
                check.more_differences = check.differences.len().saturating_sub(MAX_DIFFERENCES);
                check.differences.truncate(MAX_DIFFERENCES);
                match self.refusal(&settings, before) {
                    None => check.accepted = true,
                    Some(refusal) => {
                        let found =
                            refusal.problems.into_iter().map(|problem| CheckedProblem { problem, lines: Vec::new() });
                        check.problems.splice(0..0, found);
                    }
                }
            }
        }
        (check, files)
    }

    /// Why a reload would refuse settings that are right in themselves.
    fn refusal(&self, settings: &Settings, before: &Gateway) -> Option<Refusal> {
        let built = || Gateway::check(settings).map_err(|error| error.to_string().into());
        self.acceptable(settings, before).map(|_| ()).and_then(|()| built()).err()
    }
}

fn with_lines<'p>(problems: impl Iterator<Item = &'p config::Problem>) -> Vec<CheckedProblem> {
    let problems: Vec<_> = problems.collect();
    let mut lines = problems.iter().map(|problem| problem.lines.clone());
    let listed = ReloadProblem::list(problems.iter().copied()).into_iter();
    // The last one listed may stand for all others.
    listed
        .map(|problem| {
            let lines = lines.next().filter(|_| problem.line.is_some()).unwrap_or_default();
            CheckedProblem { problem, lines }
        })
        .collect()
}

/// What differs between the configuration in force and another, in the order of their keys.
fn differences(before: &Gateway, settings: &Settings) -> Vec<Difference> {
    let redacted = settings.redacted();
    let mut found = compared(&before.origins.settings(&before.redacted_settings), settings.origins.settings(&redacted));
    let listed: BTreeSet<String> = found.iter().map(|one| one.key.clone()).collect();
    let secrets = before.secrets_that_differ(settings).into_iter().filter(|key| !listed.contains(key));
    found.extend(secrets.map(|key| secret(key, &settings.origins)));
    found.sort_by(|one, other| one.key.cmp(&other.key));
    for one in &mut found {
        // What was read last may wait for a restart.
        if let Some(kept) = before.kept(&one.key) {
            one.in_force.clone_from(&kept.value);
        }
    }
    found.retain(|one| one.is_secret || one.in_force != one.on_disk);
    found
}

fn secret(key: String, origins: &Origins) -> Difference {
    let shown = || Value::from(crate::value::REDACTED);
    Difference { origin: origins.origin(&key), key, in_force: shown(), on_disk: shown(), is_secret: true }
}

fn compared(before: &[Setting], after: Vec<Setting>) -> Vec<Difference> {
    let old: std::collections::BTreeMap<&str, &Value> = before.iter().map(|one| (&*one.key, &one.value)).collect();
    let keys: BTreeSet<&str> = after.iter().map(|one| &*one.key).collect();
    let gone = before.iter().filter(|one| !keys.contains(&*one.key) && !one.value.is_null()).map(|one| Difference {
        key: one.key.clone(),
        in_force: one.value.clone(),
        on_disk: Value::Null,
        is_secret: false,
        origin: Origin::Default,
    });
    let gone: Vec<_> = gone.collect();
    let changed = after.into_iter().filter_map(|one| {
        let in_force = old.get(&*one.key).copied().cloned().unwrap_or_default();
        let differs = in_force != one.value;
        differs.then_some(Difference {
            key: one.key,
            in_force,
            on_disk: one.value,
            is_secret: false,
            origin: one.origin,
        })
    });
    changed.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use arc_swap::ArcSwap;
    use serde_json::json;

    use crate::config::{Environment, load_text};
    use crate::reload::check::*;
    use crate::reload::{ListenersTls, Telemetry};
    use crate::upstream::Tasks;

    const GOOD: &str = "auth.mode = \"none\"\n[vendors.sondos]\ntoken = { file = \"token\" }\n";

    fn reloader(folder: &Path) -> Reloader {
        std::fs::write(folder.join("token"), "1|a").unwrap();
        std::fs::set_permissions(folder.join("token"), Permissions::from_mode(0o600)).unwrap();
        std::fs::write(folder.join("c.toml"), GOOD).unwrap();
        let source = Source { path: Some(folder.join("c.toml")), environment: Environment::default() };
        let settings = source.load().unwrap();
        let (startup, tasks) = (StartupSettings::of(&settings), Tasks::default());
        let gateway = Arc::new(ArcSwap::from_pointee(Gateway::build(settings, None, &tasks).unwrap()));
        Reloader::new(startup, gateway, Some(source), tasks, ListenersTls::default(), Telemetry::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_tells_what_a_reload_would_change_and_applies_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let reloader = reloader(folder.path());
        let check = reloader.check(false).unwrap();
        assert!(check.accepted && check.differences.is_empty() && check.problems.is_empty(), "{check:?}");
        tokio::time::advance(MIN_INTERVAL).await;
        std::fs::write(folder.path().join("token"), "1|b").unwrap();
        std::fs::write(
            folder.path().join("c.toml"),
            format!("server.request_timeout = \"9s\"\nlog.format = \"json\"\n{GOOD}"),
        )
        .unwrap();
        let check = reloader.check(false).unwrap();
        let keys: Vec<_> = check.differences.iter().map(|one| &*one.key).collect();
        assert_eq!(keys, ["log.format", "server.request_timeout", "vendors.sondos.token"]);
        let (timeout, token) = (&check.differences[1], &check.differences[2]);
        assert_eq!((&timeout.in_force, &timeout.on_disk), (&json!("30s"), &json!("9s")));
        assert!(matches!(&timeout.origin, Origin::File { line: 1, column: 8, .. }), "{timeout:?}");
        assert_eq!((token.is_secret, &token.on_disk), (true, &json!("[redacted]")));
        assert_eq!(check.needs_restart, ["log.format"]);
        assert_eq!((reloader.gateway().generation, reloader.history().outcomes.len()), (1, 0));
        assert!(reloader.reload("request").applied);
        tokio::time::advance(MIN_INTERVAL).await;
        let check = reloader.check(false).unwrap();
        assert!(check.generation == 2 && check.differences.is_empty(), "{check:?}");
        // The format that was read waits for a restart; another one is compared with what is in force.
        assert_eq!(check.needs_restart, ["log.format"]);
        tokio::time::advance(MIN_INTERVAL).await;
        std::fs::write(
            folder.path().join("c.toml"),
            format!("server.request_timeout = \"9s\"\nlog.format = \"text\"\n{GOOD}"),
        )
        .unwrap();
        let check = reloader.check(false).unwrap();
        let [format] = check.differences.as_slice() else { panic!("{check:?}") };
        assert_eq!((&format.in_force, &format.on_disk), (&json!("auto"), &json!("text")));
        // Back at what is in force, it differs no longer, though another one was read last.
        tokio::time::advance(MIN_INTERVAL).await;
        let same = format!("server.request_timeout = \"9s\"\nlog.format = \"auto\"\n{GOOD}");
        std::fs::write(folder.path().join("c.toml"), same).unwrap();
        assert!(reloader.check(false).unwrap().differences.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_read_again_only_if_they_changed_or_it_is_asked_for_and_once_a_second_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let reloader = reloader(folder.path());
        let first = reloader.check(false).unwrap();
        let is_first = |check: Option<Arc<Check>>| Arc::ptr_eq(&first, &check.unwrap());
        assert!(is_first(reloader.check(true)), "it was read within the same second");
        tokio::time::advance(MIN_INTERVAL).await;
        assert!(is_first(reloader.check(false)), "nothing has changed");
        assert!(!is_first(reloader.check(true)));
        tokio::time::advance(MIN_INTERVAL).await;
        let second = reloader.check(false).unwrap();
        std::fs::write(folder.path().join("c.toml"), "[vendors]\n").unwrap();
        assert!(!Arc::ptr_eq(&second, &reloader.check(false).unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_reload_would_refuse_is_refused_here_too() {
        let folder = tempfile::tempdir().unwrap();
        let reloader = reloader(folder.path());
        let refused = async |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            tokio::time::advance(MIN_INTERVAL).await;
            let check = reloader.check(true).unwrap();
            let outcome = reloader.reload("request");
            assert!(!check.accepted && !outcome.applied, "{check:?}");
            let (checked, reloaded) = (&check.problems[0].problem, &outcome.problems[0]);
            assert_eq!((&checked.message, checked.line), (&reloaded.message, reloaded.line));
            check
        };
        refused("c.toml", "auth.mode = \"none\"\n").await;
        let check = refused("c.toml", &format!("{GOOD}timeot = 1\n[log]\nlevel = \"info\"\n")).await;
        let lines = &check.problems[0].lines;
        let shown: Vec<_> = lines.iter().map(|line| (line.number, &*line.text, line.mark)).collect();
        assert_eq!(
            shown,
            [
                (2, "[vendors.sondos]", None),
                (3, "token = …", None),
                (4, "timeot …", Some((0, 6))),
                (5, "[log]", None),
                (6, "level = \"info\"", None),
            ]
        );
        std::fs::write(folder.path().join("ca.pem"), "none").unwrap();
        refused("c.toml", &format!("{GOOD}ca_file = \"ca.pem\"\n")).await;
    }

    #[test]
    fn keys_that_are_new_gone_or_other_differ() {
        let environment = Environment::default().with([("T".to_owned(), "1|a".to_owned())].into_iter());
        let listed = |text: &str| {
            let text = format!("auth.mode = \"none\"\n[vendors.sondos]\ntoken = {{ env = \"T\" }}\n{text}");
            let settings = load_text(&text, &environment).unwrap();
            settings.origins.settings(&settings.redacted())
        };
        let (before, after) = (listed("timeout = \"1s\"\n"), listed("rate_limit = { per_second = 5 }\n"));
        assert_eq!(compared(&before, before.clone()), Vec::new());
        let found: Vec<_> =
            compared(&before, after).into_iter().map(|one| (one.key, one.in_force, one.on_disk)).collect();
        let limit = |key: &str| format!("vendors.sondos.rate_limit.{key}");
        assert!(found.contains(&("vendors.sondos.timeout".to_owned(), json!("1s"), json!("10s"))), "{found:?}");
        assert!(found.contains(&(limit("per_second"), Value::Null, json!(5))), "{found:?}");
    }
}
