//! The audit log: who changed what, when, and with which outcome. It holds names, never values.
//!
//! It records changes of assistants that a vendor may have received or is to receive, changes that were withdrawn, sent again or discarded, reloads and the keys they change, refused requests to
//! administration, start and stop. What is refused before it is sent changes nothing; it is in the access log only.

mod search;

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use serde::Serialize;
use vendors::Report;

use crate::problem::Reason;
use crate::value::AssistantOperation;

use super::append_file::{AppendFile, AppendSettings};
use super::background_writer::{BackgroundWriter, WriterHealth};
use super::event::{ChangeFinished, KeyChanges, RecordMoved, ReloadRequest, RequestFinished, Who};
use super::settings::AuditSettings;

/// Only the gateway's own user may read the file.
const FILE_MODE: u32 = 0o600;
/// How long a flush may take.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// The status of a change that is delivered later.
const ACCEPTED: u16 = 202;
/// The longest text of a problem, in characters.
const MAX_TEXT_CHARS: usize = 4096;
/// The longest name of a field, in characters. Callers choose the names of unknown fields.
const MAX_NAME_CHARS: usize = 64;

pub(super) use search::AuditFiles;
pub use search::AuditFound;

/// The audit log; records nothing while it is off. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Audit(Arc<ArcSwapOption<BackgroundWriter>>, Arc<ArcSwapOption<AuditFiles>>);

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The gateway listens.
    Start {
        version: &'a str,
        pid: u32,
        generation: u64,
    },
    /// The gateway ends.
    Stop {
        ended: &'a str,
    },
    /// A change of that operation that the vendor may have received.
    Update(Change<'a>),
    Create(Change<'a>),
    Delete(Change<'a>),
    Copy(Change<'a>),
    /// The result of a change that was recorded when its caller disconnected or was cut off.
    UpdateFinished(ChangeResult<'a>),
    CreateFinished(ChangeResult<'a>),
    DeleteFinished(ChangeResult<'a>),
    CopyFinished(ChangeResult<'a>),
    /// A change that waited was withdrawn.
    Cancel(Moved<'a>),
    /// A dead change is sent again.
    Replay(Moved<'a>),
    /// A dead change is not to be sent again.
    Discard(Moved<'a>),
    /// A configuration was applied or refused.
    Reload {
        trigger: &'a str,
        /// `None` unless a request triggered it.
        #[serde(flatten)]
        by: Option<&'a ReloadRequest>,
        outcome: &'a str,
        generation: u64,
        problems: Option<String>,
    },
    /// A reload has changed clients' keys or vendors' tokens.
    Keys(&'a KeyChanges),
    /// A request to administration without its token was refused.
    AdminRefused {
        request_id: &'a str,
        method: &'a str,
        path: String,
        peer: Option<String>,
    },
    /// A browser has signed in to the console.
    AdminSignedIn {
        request_id: &'a str,
        role: &'a str,
        peer: Option<String>,
    },
}

/// Who changed what, and how it ended.
#[derive(Debug, Serialize)]
pub(super) struct Change<'a> {
    request_id: &'a str,
    client: Option<&'a str>,
    assistant: Option<&'a str>,
    vendor: Option<&'a str>,
    vendor_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<String>,
    #[serde(flatten)]
    fields: Option<ChangedFields<'a>>,
    outcome: &'a str,
    status: u16,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
}

/// The names of fields; a deletion has none.
#[derive(Debug, Default, Serialize)]
struct ChangedFields<'a> {
    applied: Vec<&'a str>,
    dropped: Vec<String>,
}

/// How a change ended after its caller had gone.
#[derive(Debug, Serialize)]
pub(super) struct ChangeResult<'a> {
    request_id: &'a str,
    vendor: &'a str,
    vendor_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<String>,
    outcome: &'a str,
    reason: &'a str,
    attempts: Option<u32>,
}

/// Who moved which record.
#[derive(Debug, Serialize)]
pub(super) struct Moved<'a> {
    request_id: &'a str,
    by: Who,
    peer: Option<IpAddr>,
    client: Option<&'a str>,
    update: String,
    operation: &'a str,
    assistant: &'a str,
    vendor: &'a str,
    vendor_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed_as: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

impl Audit {
    /// Opens the file of a new configuration.
    pub(super) fn prepare(audit: Option<AuditSettings>) -> Result<Option<AppendFile>, String> {
        let Some(AuditSettings { file, rotate_bytes, keep, fsync }) = audit else { return Ok(None) };
        let settings = AppendSettings { path: file, mode: FILE_MODE, rotate_bytes, keep, fsync, report };
        AppendFile::open("audit.file", settings).map(Some)
    }

    /// Switches to another file. Earlier lines are written to the old one, or to the new one if that fails. Waits for
    /// them, for a bounded time, only if there is no new one.
    pub(super) fn apply(&self, next: Option<AppendFile>) {
        self.1.store(next.as_ref().map(|file| Arc::new(file.files())));
        match (next.map(Box::new), self.0.load_full()) {
            (Some(file), Some(writer)) => writer.replace(file),
            (Some(file), None) => self.0.store(Some(Arc::new(BackgroundWriter::start("audit", file)))),
            (None, _) => {
                self.0.swap(None).inspect(|writer| writer.flush(FLUSH_TIMEOUT));
            }
        }
    }

    /// Whether anything is recorded.
    pub(super) fn is_on(&self) -> bool {
        self.0.load().is_some()
    }

    pub(super) fn record(&self, event: &Event<'_>) {
        let writer = self.0.load();
        let Some(writer) = writer.as_ref() else { return };
        let time = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
        if let Ok(mut line) = serde_json::to_vec(&Line { time, event }) {
            line.push(b'\n');
            writer.push(line);
        }
    }

    /// Records a change if the vendor may have received it.
    pub(super) fn finished(&self, finished: &RequestFinished<'_>) {
        let update = &finished.update;
        // What is delivered later is recorded with who asked for it, and once more with its result.
        let is_accepted = update.record.is_some() && finished.status == ACCEPTED;
        let outcome = if is_accepted { Some("accepted") } else { finished.outcome() };
        let (Some(operation), Some(outcome)) = (update.operation, outcome) else { return };
        if !is_accepted && update.sent != Some(true) || !self.is_on() {
            return;
        }
        let event: fn(_) -> _ = match operation {
            AssistantOperation::Update => Event::Update,
            AssistantOperation::Create => Event::Create,
            AssistantOperation::Delete => Event::Delete,
            AssistantOperation::Copy => Event::Copy,
            AssistantOperation::Read | AssistantOperation::List => return,
        };
        let unanswered = matches!(finished.reason(), Reason::ClientClosed | Reason::Stopped | Reason::Panic);
        self.record(&event(Change {
            request_id: finished.request_id,
            client: finished.client,
            assistant: update.assistant,
            vendor: update.vendor,
            vendor_id: update.vendor_id,
            update: update.record.map(|record| record.to_string()),
            fields: (operation != AssistantOperation::Delete).then(|| ChangedFields::of(update.report)),
            outcome,
            status: finished.status,
            reason: finished.reason().as_str(),
            attempts: (!unanswered).then_some(update.attempts),
        }));
    }

    /// Records how a change ended after its caller had gone.
    pub(super) fn change_finished(&self, finished: &ChangeFinished<'_>) {
        let event: fn(_) -> _ = match finished.operation {
            AssistantOperation::Update => Event::UpdateFinished,
            AssistantOperation::Create => Event::CreateFinished,
            AssistantOperation::Delete => Event::DeleteFinished,
            AssistantOperation::Copy => Event::CopyFinished,
            AssistantOperation::Read | AssistantOperation::List => return,
        };
        let &ChangeFinished { request_id, vendor, vendor_id, .. } = finished;
        let update = finished.update.map(|update| update.to_string());
        let (outcome, reason, attempts) = match finished.result {
            Ok(attempts) => ("applied", "ok", Some(attempts)),
            Err(problem) => (problem.outcome.as_str(), problem.reason().as_str(), problem.attempts),
        };
        self.record(&event(ChangeResult { request_id, vendor, vendor_id, update, outcome, reason, attempts }));
    }

    /// Records that a change was withdrawn, or a dead one sent again or discarded.
    pub(super) fn moved(&self, moved: &RecordMoved<'_>) {
        let &RecordMoved { request_id, by, peer, client, assistant, vendor, vendor_id, replayed_as, reason, .. } =
            moved;
        let event: fn(_) -> _ = match (replayed_as, reason) {
            (Some(_), _) => Event::Replay,
            (None, Some(_)) => Event::Discard,
            (None, None) => Event::Cancel,
        };
        self.record(&event(Moved {
            request_id,
            by,
            peer,
            client,
            update: moved.update.to_string(),
            operation: moved.operation.as_str(),
            assistant,
            vendor,
            vendor_id,
            replayed_as: replayed_as.map(|replay| replay.to_string()),
            reason,
        }));
    }

    /// Looks up the events of a request or a record. It blocks. `None` while the audit log is off.
    pub(super) fn find(&self, id: &str) -> Option<AuditFound> {
        Some(self.1.load_full()?.find(id))
    }

    /// Whether lines are written; `None` while the audit log is off.
    pub(super) fn health(&self) -> Option<WriterHealth> {
        self.0.load().as_ref().map(|writer| writer.health())
    }

    /// Flushes for a bounded time and turns the audit log off.
    pub(super) fn end(&self) {
        self.apply(None);
    }
}

impl<'a> ChangedFields<'a> {
    fn of(report: Option<&'a Report>) -> Self {
        report.map_or_else(Self::default, |report| Self {
            applied: report.applied.iter().map(|field| field.name()).collect(),
            dropped: report.dropped.iter().map(|note| truncated(&note.field, MAX_NAME_CHARS)).collect(),
        })
    }
}

/// Reports in the log that the file fails, or works again.
fn report(file: &Path, error: Option<&io::Error>) {
    let file = file.display();
    match error {
        Some(error) => {
            tracing::error!(%file, %error, "the audit log cannot be written; lines are kept and retried while the buffer has room");
        }
        None => tracing::warn!(%file, "the audit log is written again"),
    }
}

/// The first `max_chars` characters of a text.
pub(super) fn truncated(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

/// The problems of a configuration, truncated to fit a line.
pub(super) fn problems(text: &str) -> String {
    truncated(text, MAX_TEXT_CHARS)
}

#[cfg(test)]
mod tests;
