//! The audit log: who changed what, when, and what came of it. Names, never values; apart from the log and its filter.
//!
//! Recorded are updates that a vendor may have seen, reloads and the keys they change, refused administration, and the
//! gateway's start and stop. What is refused before it leaves the gateway changes nothing and stands in the access log.

mod file;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use serde::Serialize;

use crate::problem::Reason;

use super::background_writer::{Health, Lines};
use super::event::{KeyChanges, RequestFinished};
use super::settings::AuditSettings;
use file::AuditFile;

pub use file::AuditError;

/// How long the last lines may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most of a text that others have written, in characters.
const LONGEST: usize = 4096;
/// The most of a field's name, in characters: unknown fields may be called anything.
const LONGEST_NAME: usize = 64;

/// The audit log; records nothing while it is off. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Audit(Arc<ArcSwapOption<Lines>>);

/// What a new configuration makes of it, opened and ready to be applied.
pub(super) enum NextAudit {
    Off,
    /// Another file for the thread that runs.
    File(Box<AuditFile>),
    /// The first file, with its thread.
    Started(Lines),
}

/// Lines that may not be written yet after the audit log has changed.
#[must_use = "lines are lost if the process ends before they are written"]
pub struct Unwritten {
    lines: Option<Arc<Lines>>,
    /// The audit log is off from now on.
    ends: bool,
}

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The gateway listens.
    Start { version: &'a str, pid: u32, generation: u64 },
    /// The gateway ends.
    Stop { ended: &'a str },
    /// An update that the vendor may have seen.
    Update {
        request_id: &'a str,
        client: Option<&'a str>,
        assistant: Option<&'a str>,
        vendor: Option<&'a str>,
        vendor_id: Option<&'a str>,
        applied: Vec<&'a str>,
        dropped: Vec<String>,
        outcome: &'a str,
        status: u16,
        reason: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        attempts: Option<u32>,
    },
    /// What came of an update whose caller had gone, or had been cut off, when it was told of as `Update`.
    UpdateFinished {
        request_id: &'a str,
        vendor: &'a str,
        vendor_id: &'a str,
        outcome: &'a str,
        reason: &'a str,
        attempts: Option<u32>,
    },
    /// A configuration was taken up or refused.
    Reload { trigger: &'a str, outcome: &'a str, generation: u64, problems: Option<String> },
    /// Who may call, and as whom vendors are called, has changed with a reload.
    Keys(&'a KeyChanges),
    /// A request to administration without its token.
    AdminRefused { request_id: &'a str, method: &'a str, path: String, peer: Option<String> },
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

impl Audit {
    /// Does everything that can fail. What is prepared has to be applied, as it may have started a thread.
    pub(super) fn prepare(&self, audit: Option<&AuditSettings>) -> Result<NextAudit, AuditError> {
        let Some(audit) = audit else { return Ok(NextAudit::Off) };
        let file = AuditFile::open(audit)?;
        if self.is_on() { Ok(NextAudit::File(Box::new(file))) } else { file.lines().map(NextAudit::Started) }
    }

    /// Goes on as prepared, without waiting. Lines so far are written where they were meant to be, or where that
    /// fails, to the next file.
    pub(super) fn apply(&self, next: NextAudit) -> Unwritten {
        match next {
            NextAudit::Off => Unwritten { lines: self.0.swap(None), ends: true },
            NextAudit::Started(lines) => Unwritten { lines: self.0.swap(Some(Arc::new(lines))), ends: true },
            NextAudit::File(file) => {
                let lines = self.0.load_full();
                if let Some(lines) = &lines {
                    lines.replace(file);
                }
                Unwritten { lines, ends: false }
            }
        }
    }

    /// Whether anything is recorded.
    pub(super) fn is_on(&self) -> bool {
        self.0.load().is_some()
    }

    pub(super) fn record(&self, event: &Event<'_>) {
        let lines = self.0.load();
        let Some(lines) = lines.as_ref() else { return };
        let time = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
        if let Ok(mut line) = serde_json::to_vec(&Line { time, event }) {
            line.push(b'\n');
            lines.push(&line);
        }
    }

    /// Records an update, if the vendor may have seen it.
    pub(super) fn finished(&self, finished: &RequestFinished<'_>) {
        let update = &finished.update;
        let (Some(outcome), true) = (finished.outcome(), update.sent == Some(true) && self.is_on()) else { return };
        let (applied, dropped) = update.report.map_or_else(Default::default, |report| {
            let dropped = report.dropped.iter().map(|note| shortened(&note.field, LONGEST_NAME)).collect();
            (report.applied.iter().map(|field| field.name()).collect(), dropped)
        });
        let unanswered = matches!(finished.reason(), Reason::ClientClosed | Reason::Stopped | Reason::Panic);
        self.record(&Event::Update {
            request_id: finished.request_id,
            client: finished.client,
            assistant: update.assistant,
            vendor: update.vendor,
            vendor_id: update.vendor_id,
            applied,
            dropped,
            outcome,
            status: finished.status,
            reason: finished.reason().as_str(),
            attempts: (!unanswered).then_some(update.attempts),
        });
    }

    /// Lines lost, and why nothing can be written; `None` while it is off.
    pub(super) fn health(&self) -> Option<Health> {
        self.0.load().as_ref().map(|lines| lines.health())
    }

    /// Writes what is still to be written, within a bounded time, and is off from then on.
    pub(super) fn end(&self) {
        self.apply(NextAudit::Off).wait();
    }
}

impl Unwritten {
    /// Waits until the lines are written or have failed to be, for a bounded time.
    pub fn wait(self) {
        match self.lines {
            Some(lines) if self.ends => lines.end(PATIENCE),
            Some(lines) => lines.flush(PATIENCE),
            None => {}
        }
    }
}

/// At most so many characters of a text.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// The problems of a configuration, as far as they fit a line.
pub(super) fn problems(text: &str) -> String {
    shortened(text, LONGEST)
}
