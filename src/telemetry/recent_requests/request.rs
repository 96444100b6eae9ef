//! One finished request, with everything that its access line has, and the names of its fields.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use http::Method;
use tokio::time::Instant;
use uuid::Uuid;
use vendors::{Field, FieldSet, Note};

use crate::http::attempt_times::{AttemptTime, AttemptTimes};
use crate::problem::{Code, Fault, Reason};
use crate::telemetry::RequestTrace;
use crate::telemetry::event::RequestFinished;
use crate::value::AssistantOperation;

/// How much of the cause is kept, in bytes.
const MAX_CAUSE: usize = 1024;
/// How much of any other text is kept, in bytes; callers choose the names of unknown fields.
const MAX_TEXT: usize = 200;
/// How much of the names of dropped fields and warnings together is kept, in bytes.
const MAX_NAMES: usize = 2048;

/// A finished request. Its texts stand in one string, so that it takes one allocation.
#[derive(Debug, Clone)]
pub struct RecentRequest {
    /// Its number, counted from the start of this process; later ones have greater numbers.
    pub number: u64,
    /// When it ended.
    pub ended: SystemTime,
    /// The address that it came from.
    pub peer: Option<IpAddr>,
    /// The path template; `none` if no route matches.
    pub route: &'static str,
    /// What it does with assistants.
    pub operation: Option<AssistantOperation>,
    /// Its record, if there is a store.
    pub update: Option<Uuid>,
    /// Its trace, if it is traced.
    pub trace_id: Option<u128>,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// The status of the response.
    pub status: u16,
    /// Why it ended as it did.
    pub reason: Reason,
    /// The problem's code.
    pub code: Option<Code>,
    /// Whose fault it is.
    pub fault: Option<Fault>,
    /// Whether the change was applied.
    pub outcome: Option<&'static str>,
    /// The number of attempts.
    pub attempts: u32,
    /// How many fields were applied.
    pub applied: usize,
    /// How many fields were dropped.
    pub dropped: usize,
    /// From its arrival to its end.
    pub total: Duration,
    /// The time in which the caller sent the body.
    pub receiving: Duration,
    /// The time spent waiting before and between attempts.
    pub queued: Duration,
    /// The time spent in attempts.
    pub with_vendor: Duration,
    /// The decompressed length of the body in bytes.
    pub request_bytes: usize,
    /// The length of the response body in bytes.
    pub response_bytes: u64,
    method: Method,
    applied_fields: FieldSet,
    arrived: Instant,
    attempt_times: AttemptTimes,
    texts: Texts,
}

/// Several texts in one string: where each ends.
#[derive(Debug, Clone)]
struct Texts {
    text: String,
    /// The ends of those that most requests have.
    ends: [u16; 6],
    /// The ends of the dropped fields and the warnings.
    notes: [u16; 2],
}

impl RecentRequest {
    /// A request that ends now, without a number.
    pub(super) fn of(finished: &RequestFinished<'_>) -> Self {
        let &RequestFinished { ref update, problem, .. } = finished;
        let (applied, dropped) = update.counts();
        Self {
            number: 0,
            ended: finished.ended,
            peer: finished.peer,
            route: finished.route,
            operation: update.operation,
            update: update.record,
            trace_id: finished.trace.map(RequestTrace::trace_id),
            dry_run: update.dry_run,
            status: finished.status,
            reason: finished.reason(),
            code: problem.and_then(|problem| problem.code),
            fault: problem.map(|problem| problem.fault),
            outcome: finished.outcome(),
            attempts: update.attempts,
            applied,
            dropped,
            total: finished.total,
            receiving: update.receiving,
            queued: update.queued,
            with_vendor: update.with_vendor,
            request_bytes: update.request_bytes,
            response_bytes: finished.response_bytes,
            method: finished.method.clone(),
            applied_fields: update.report.map_or(&[][..], |report| &report.applied).iter().copied().collect(),
            arrived: finished.arrived,
            attempt_times: update.attempt_times.clone(),
            texts: Texts::of(finished),
        }
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        self.texts.get(0).unwrap_or_default()
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The client, if it was authenticated.
    pub fn client(&self) -> Option<&str> {
        self.texts.get(1)
    }

    /// The assistant, as in the path.
    pub fn assistant(&self) -> Option<&str> {
        self.texts.get(2)
    }

    /// The vendor account.
    pub fn vendor(&self) -> Option<&str> {
        self.texts.get(3)
    }

    /// The vendor's id of the assistant.
    pub fn vendor_id(&self) -> Option<&str> {
        self.texts.get(4)
    }

    /// Details of the problem for operators.
    pub fn cause(&self) -> Option<&str> {
        self.texts.get(5)
    }

    /// The names of the applied fields.
    pub fn applied_fields(&self) -> impl Iterator<Item = &'static str> {
        Field::ALL.into_iter().filter(|field| self.applied_fields.contains(*field)).map(Field::name)
    }

    /// The names of the dropped fields, each with the code of its reason.
    pub fn dropped_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let before = self.texts.ends.last().copied().unwrap_or_default();
        self.texts.notes(before, self.texts.notes[0])
    }

    /// The names of the fields with a warning, each with the warning's code.
    pub fn warnings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.notes(self.texts.notes[0], self.texts.notes[1])
    }

    /// When its attempts began, from its arrival on, and how they ended.
    pub fn attempt_times(&self) -> impl Iterator<Item = (Duration, &AttemptTime)> {
        self.attempt_times.iter().map(|time| (time.started.saturating_duration_since(self.arrived), time))
    }

    /// Whether one of its texts has this one within it, in any case of ASCII letters.
    pub fn has_text(&self, part: &str) -> bool {
        let has = |text: &str| contains(text.as_bytes(), part.as_bytes());
        let mut texts = (0..self.texts.ends.len()).filter_map(|index| self.texts.get(index));
        texts.any(has)
            || [self.reason.as_str(), self.route].into_iter().any(has)
            || self.dropped_fields().chain(self.warnings()).any(|(field, code)| has(field) || has(code))
            || self.update.is_some_and(|id| has(&id.to_string()))
            || self.trace_id.is_some_and(|id| has(&format!("{id:032x}")))
            || self.peer.is_some_and(|peer| has(&peer.to_string()))
            || self.applied_fields().any(has)
    }

    /// Whether it failed and that was not the caller's fault.
    pub fn is_failure(&self) -> bool {
        self.fault.is_some_and(|fault| fault != Fault::Caller)
    }
}

/// Whether `text` has `part` within it, in any case of ASCII letters.
fn contains(text: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, text)
        .any(|at| text.get(at..at + part.len()).is_some_and(|found| found.eq_ignore_ascii_case(part)))
}

impl Texts {
    /// An update pays for this, so it is written for those that drop nothing.
    fn of(finished: &RequestFinished<'_>) -> Self {
        let RequestFinished { update, problem, .. } = finished;
        let texts = [
            start(finished.request_id, MAX_TEXT),
            start(finished.client.unwrap_or_default(), MAX_TEXT),
            start(update.assistant.unwrap_or_default(), MAX_TEXT),
            start(update.vendor.unwrap_or_default(), MAX_TEXT),
            start(update.vendor_id.unwrap_or_default(), MAX_TEXT),
            start(problem.and_then(|problem| problem.internal.as_deref()).unwrap_or_default(), MAX_CAUSE),
        ];
        let notes = update.report.map_or(0, |report| report.dropped.len() + report.warnings.len());
        let length = texts.iter().map(|text| text.len()).sum::<usize>();
        let mut text = String::with_capacity(length + (48 * notes).min(MAX_NAMES));
        let ends = texts.map(|part| {
            text.push_str(part);
            end(&text)
        });
        let mut all = Self { notes: [end(&text); 2], ends, text };
        if let Some(report) = update.report.filter(|_| notes > 0) {
            all.push_notes([&report.dropped, &report.warnings]);
        }
        all
    }

    #[cold]
    fn push_notes(&mut self, lists: [&[Note]; 2]) {
        let until = self.text.len() + MAX_NAMES;
        self.notes = lists.map(|notes| {
            for note in notes {
                self.push_note(until, note);
            }
            end(&self.text)
        });
    }

    /// Adds a code and a name; nothing if there is no room.
    fn push_note(&mut self, until: usize, note: &Note) {
        let (name, code) = (start(&note.field, MAX_TEXT), start(&note.code, MAX_TEXT));
        if self.text.len() + name.len() + code.len() + 2 > until {
            return;
        }
        self.text.push_str(code);
        self.text.push(' ');
        match note.field {
            Cow::Borrowed(_) => self.text.push_str(name), // a canonical name
            Cow::Owned(_) => self.text.push_str(&name.replace('\n', " ")),
        }
        self.text.push('\n');
    }

    fn get(&self, index: usize) -> Option<&str> {
        let end = |index: usize| self.ends.get(index).map_or(0, |end| usize::from(*end));
        let start = index.checked_sub(1).map_or(0, end);
        self.text.get(start..end(index)).filter(|text| !text.is_empty())
    }

    fn notes(&self, from: u16, to: u16) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.text.get(usize::from(from)..usize::from(to)).unwrap_or_default().split_terminator('\n');
        lines.map(|line| line.split_once(' ').map_or((line, ""), |(code, name)| (name, code)))
    }
}

/// Where a text ends; all that is kept of one request is far shorter than can be written.
fn end(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}

/// The start of a text, of so many bytes at most.
fn start(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes { text } else { cut(text, bytes) }
}

#[cold]
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}
