//! `GET /admin/configuration`: every value in force and where it comes from, what a reload would change or refuse now, and the
//! last reloads.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use crate::admin::Operator;
use crate::api::query_names;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};

pub(crate) use crate::gateway::{Origin, Setting};
pub(crate) use crate::reload::{Check, ReloadResult};
#[cfg(feature = "console")]
pub(crate) use crate::reload::{CheckedProblem, ReloadProblem, SourceLine};
#[cfg(test)]
pub(crate) use crate::reload::{Difference, Severity};

use super::{blocking, parameter};

/// How many values one answer has at most.
const MAX_VALUES: usize = 300;

/// The words that `origin` takes.
pub(crate) const ORIGINS: [&str; 3] = ["default", "file", "variable"];

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Configuration {
    #[serde(flatten)]
    pub(crate) state: State,
    /// The values in force.
    pub(crate) values: Values,
}

/// What is in force and what is on disk, without the values.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    /// The file; `null` if only the environment is read.
    pub(crate) file: Option<String>,
    /// Counts configurations, from 1.
    pub(crate) generation: u64,
    /// Since when it is in force, in seconds since 1970.
    pub(crate) in_force_since: u64,
    /// Changed keys that wait for a restart.
    pub(crate) waits_for_restart: Vec<&'static str>,
    /// What a reload would do now; `null` if this gateway was not started from a configuration that can be read again.
    pub(crate) on_disk: Option<Check>,
    /// The reloads so far.
    pub(crate) reloads: Reloads,
}

/// A part of the values, in the order of their keys.
#[derive(Debug, Serialize)]
pub(crate) struct Values {
    /// How many there are.
    pub(crate) total: usize,
    /// How many of them are asked for.
    pub(crate) matching: usize,
    /// These.
    pub(crate) list: Vec<Setting>,
    /// The `cursor` of the next part.
    pub(crate) next: Option<String>,
}

/// The reloads since the process started.
#[derive(Debug, Serialize)]
pub(crate) struct Reloads {
    pub(crate) applied: u64,
    pub(crate) refused: u64,
    /// The last twenty, the newest first.
    pub(crate) last: VecDeque<ReloadResult>,
}

/// Which values are asked for.
struct Filter {
    /// A part of the key.
    key: String,
    /// One of [`ORIGINS`].
    origin: Option<String>,
    /// The last key of the part before.
    after: Option<String>,
}

/// The document. The file is read again if it has changed since it was read last.
///
/// # Errors
/// The query is invalid.
pub(crate) async fn configuration(operator: &Operator, query: Option<&str>) -> Result<Configuration, Problem> {
    let filter = Filter::of(query)?;
    let gateway = Arc::clone(&operator.context.gateway);
    let values = blocking(move || filter.apply(&gateway)).await?;
    Ok(Configuration { state: state(operator).await?, values })
}

/// The document without the values.
///
/// # Errors
/// The process has no thread for it.
pub(crate) async fn state(operator: &Operator) -> Result<State, Problem> {
    let reloader = Arc::clone(operator.reloader());
    let on_disk = blocking(move || reloader.check(false).map(Arc::unwrap_or_clone)).await?;
    let history = operator.reloader().history();
    let applied = history.outcomes.iter().find(|outcome| outcome.applied);
    Ok(State {
        file: operator.reloader().file().map(|file| file.display().to_string()),
        generation: operator.gateway().generation,
        in_force_since: history.in_force_since,
        waits_for_restart: applied.map(|outcome| outcome.needs_restart.clone()).unwrap_or_default(),
        on_disk,
        reloads: Reloads { applied: history.applied, refused: history.refused, last: history.outcomes.clone() },
    })
}

/// `POST /admin/configuration/check`: reads the files again, whether they seem to have changed or not, and applies nothing.
///
/// # Errors
/// This gateway was not started from a configuration that can be read again.
pub(crate) async fn check(operator: &Operator) -> Result<Check, Problem> {
    let reloader = Arc::clone(operator.reloader());
    blocking(move || reloader.check(true).map(Arc::unwrap_or_clone)).await?.ok_or_else(|| {
        let detail = "this gateway was not started from a configuration file, so there is nothing to check";
        Problem::new(Code::NotFound, detail)
    })
}

impl Filter {
    fn of(query: Option<&str>) -> Result<Self, Problem> {
        query_names(query, &["q", "origin", "cursor"])?;
        let origin = parameter(query, "origin");
        if origin.as_deref().is_some_and(|origin| !ORIGINS.contains(&origin)) {
            let detail = "the query parameter `origin` has to be `default`, `file` or `variable`";
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        let key = parameter(query, "q").unwrap_or_default().to_ascii_lowercase();
        Ok(Self { key, origin, after: parameter(query, "cursor") })
    }

    fn apply(&self, gateway: &Gateway) -> Values {
        let mut list = gateway.listed_settings();
        let total = list.len();
        list.retain(|setting| self.asks_for(setting));
        list.sort_by(|one, other| one.key.cmp(&other.key));
        let matching = list.len();
        if let Some(after) = &self.after {
            list.retain(|setting| setting.key > *after);
        }
        let next = list.get(MAX_VALUES).and_then(|_| list.get(MAX_VALUES - 1)).map(|last| last.key.clone());
        list.truncate(MAX_VALUES);
        Values { total, matching, list, next }
    }

    fn asks_for(&self, setting: &Setting) -> bool {
        let origin = match setting.origin {
            Origin::Default => "default",
            Origin::File { .. } => "file",
            Origin::Variable { .. } => "variable",
        };
        self.origin.as_deref().is_none_or(|asked| asked == origin)
            && setting.key.to_ascii_lowercase().contains(&self.key)
    }
}
