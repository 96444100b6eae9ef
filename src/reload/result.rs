//! What became of a reload, as operators and programs read it.

use serde::Serialize;
use serde_json::Value;

use crate::config::{self, Location, Severity};

/// The most that is reported of the problems of a configuration: a file in another format has one in each line.
const MAX_PROBLEMS_BYTES: usize = 64 * 1024;
const MAX_PROBLEMS: usize = 200;

/// How many changed keys are named.
const MAX_CHANGED: usize = 100;

/// What became of a reload.
#[derive(Debug, Clone, Serialize)]
pub struct ReloadResult {
    /// Whether the new configuration is in force.
    pub applied: bool,
    /// The generation in force afterwards.
    pub generation: u64,
    /// What triggered it.
    pub trigger: &'static str,
    /// When, in seconds since 1970.
    pub at: u64,
    /// Why it was refused; the warnings if it was applied.
    pub problems: Vec<ReloadProblem>,
    /// The names of the keys that it changed, those of secrets and certificates with another content among them.
    pub changed: Vec<String>,
    /// Changed keys that take effect after a restart.
    pub needs_restart: Vec<&'static str>,
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct ReloadProblem {
    /// Error or warning.
    pub severity: Severity,
    /// The file, as it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The environment variable, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The dotted key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Why a configuration is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// For the log and the audit log.
    pub(super) text: String,
    pub(super) problems: Vec<ReloadProblem>,
}

impl ReloadProblem {
    /// Whether it makes the configuration unusable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn of(problem: &config::Problem) -> Self {
        let mut shown = Self {
            severity: problem.severity,
            key: problem.key.clone(),
            help: problem.help.clone(),
            ..Self::error(problem.message.clone())
        };
        match &problem.location {
            Location::File { path, line, column } => {
                (shown.file, shown.line, shown.column) = (Some(path.display().to_string()), Some(*line), Some(*column));
            }
            Location::Defaults { line, column } => (shown.line, shown.column) = (Some(*line), Some(*column)),
            Location::Variable { name } => shown.variable = Some(name.clone()),
            Location::Whole => {}
        }
        shown
    }

    fn error(message: String) -> Self {
        let severity = Severity::Error;
        let (file, line, column, variable, key, help) = (None, None, None, None, String::new(), None);
        Self { severity, file, line, column, variable, key, message, help }
    }

    /// As many of these as are reported.
    pub(super) fn list<'p>(problems: impl IntoIterator<Item = &'p config::Problem>) -> Vec<Self> {
        let mut problems = problems.into_iter();
        let (mut list, mut bytes) = (Vec::new(), 0);
        for problem in problems.by_ref().map(Self::of) {
            bytes += problem.message.len() + problem.key.len() + problem.help.as_ref().map_or(0, String::len);
            if bytes > MAX_PROBLEMS_BYTES || list.len() == MAX_PROBLEMS {
                let more = 1 + problems.count();
                list.push(Self::error(format!("and {more} more, all of which `switchboard check` lists")));
                break;
            }
            list.push(problem);
        }
        list
    }
}

impl From<config::Problems> for Refusal {
    fn from(problems: config::Problems) -> Self {
        let list = ReloadProblem::list(problems.errors().chain(problems.warnings()));
        Self { text: truncated(problems.to_string()), problems: list }
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        let text = truncated(text);
        Self { problems: vec![ReloadProblem::error(text.clone())], text }
    }
}

impl From<&str> for Refusal {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// As much of it as is reported.
fn truncated(mut problems: String) -> String {
    if problems.len() > MAX_PROBLEMS_BYTES {
        problems.truncate(problems.floor_char_boundary(MAX_PROBLEMS_BYTES));
        problems.push_str("…\nand more, all of which `switchboard check` lists");
    }
    problems
}

/// The keys that differ between two configurations as operators see them, and those of `secrets`, whose contents differ.
pub(super) fn changed(before: &Value, after: &Value, secrets: Vec<String>) -> Vec<String> {
    let mut found = secrets;
    collect(before, after, "", &mut found);
    found.sort();
    found.dedup();
    let more = found.len().saturating_sub(MAX_CHANGED);
    if more > 0 {
        found.truncate(MAX_CHANGED);
        found.push(format!("and {more} more"));
    }
    found
}

fn collect(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        if before != after {
            found.push(path.to_owned());
        }
        return;
    };
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    for name in names {
        let quoted = if name.contains('.') { format!("{name:?}") } else { name.clone() };
        let path = if path.is_empty() { quoted } else { format!("{path}.{quoted}") };
        collect(old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null), &path, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::reload::result::changed;

    #[test]
    fn changed_keys_are_named_down_to_the_value() {
        let before = json!({ "log": { "level": "info", "file": null }, "assistants": { "a.b": { "id": "1" } }, "vendors": { "x": {} } });
        let after = json!({ "log": { "level": "warn", "file": null }, "assistants": { "a.b": { "id": "2" }, "c": { "id": "3" } }, "vendors": {} });
        let names = changed(&before, &after, vec!["admin.token".to_owned()]);
        assert_eq!(names, ["admin.token", "assistants.\"a.b\".id", "assistants.c", "log.level", "vendors.x"]);
        assert!(changed(&before, &before, Vec::new()).is_empty());
    }

    #[test]
    fn the_names_are_bounded() {
        let many = json!((0..1000).map(|n| (format!("k{n:04}"), json!(1))).collect::<serde_json::Map<_, _>>());
        let names = changed(&json!({}), &many, Vec::new());
        assert_eq!((names.len(), names[100].as_str()), (101, "and 900 more"));
    }
}
