//! A request that is traced: its spans go to the queue as each ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, Uri};
use tokio::time::Instant;

use crate::http::trace_context::TraceContext;
use crate::problem::{Fault, Reason};
use crate::telemetry::audit::shortened;
use crate::telemetry::event::{AttemptEnded, RequestFinished};

use super::Exporter;
use super::otlp::{ERROR, KeyValue, PARENT_KNOWN, PARENT_REMOTE, SAMPLED, Span, Status, kind};

/// Waits that are shorter are no spans.
const WORTH_TELLING: Duration = Duration::from_millis(1);
/// The most of a path, in characters.
const LONGEST_PATH: usize = 256;

/// A request that is traced.
pub struct Recording {
    exporter: Arc<Exporter>,
    trace: TraceContext,
    /// What its caller's `tracestate` says.
    state: String,
    arrived: Instant,
    /// The time of day at `arrived`, to which all times of the trace are related.
    at: SystemTime,
}

/// What a span says beside its place in the trace.
struct Told {
    name: String,
    kind: i32,
    attributes: Vec<KeyValue>,
    /// The word for what went wrong.
    error: Option<String>,
}

impl Recording {
    pub(super) fn new(exporter: Arc<Exporter>, (trace, state): (TraceContext, String), arrived: Instant) -> Self {
        Self { exporter, trace, state, arrived, at: SystemTime::now() - arrived.elapsed() }
    }

    /// The trace that the request belongs to.
    pub fn trace_id(&self) -> u128 {
        self.trace.trace_id()
    }

    /// Tells of something within the request that began then and ends now.
    pub(crate) fn inner(&self, name: &str, began: Instant, error: Option<&str>) {
        let (name, error) = (name.to_owned(), error.map(str::to_owned));
        let told = Told { name, kind: kind::INTERNAL, attributes: Vec::new(), error };
        self.tell(&self.trace.child(), began, told);
    }

    /// The trace of a request to a vendor that is handed over now.
    pub(crate) fn call(self: &Arc<Self>, vendor: &str, method: &Method, uri: &Uri) -> VendorCall {
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let attributes = vec![
            KeyValue::text("http.request.method", method.as_str()),
            KeyValue::text("url.full", uri.to_string()),
            KeyValue::text("server.address", uri.host().unwrap_or_default()),
            KeyValue::integer("server.port", port),
            KeyValue::text("switchboard.vendor", vendor),
        ];
        let (name, state) = (method.to_string(), Mutex::default());
        VendorCall { recording: Arc::clone(self), name, attributes, handed_over: Instant::now(), state }
    }

    /// Tells of the request itself.
    pub(in crate::telemetry) fn finished(&self, finished: &RequestFinished<'_>) {
        let (update, reason) = (&finished.update, finished.reason());
        let method = known(finished.method);
        let mut attributes = vec![
            KeyValue::text("http.request.method", method.unwrap_or("_OTHER")),
            KeyValue::integer("http.request.body.size", update.request_bytes),
            KeyValue::text("switchboard.request_id", finished.request_id),
            KeyValue::text("switchboard.reason", reason.as_str()),
        ];
        // A path that leads nowhere may be anything, such as a credential in the wrong place.
        if finished.problem.is_none() || update.assistant.is_some() {
            attributes.push(KeyValue::text("url.path", shortened(finished.path, LONGEST_PATH)));
        }
        if !matches!(reason, Reason::ClientClosed | Reason::Stopped) {
            attributes.push(KeyValue::integer("http.response.status_code", finished.status));
            attributes.push(KeyValue::integer("http.response.body.size", finished.answer_bytes));
        }
        let route = (finished.route != "none").then_some(finished.route);
        let texts = [
            ("http.route", route),
            ("switchboard.client", finished.client),
            ("switchboard.assistant", update.assistant),
            ("switchboard.vendor", update.vendor),
            ("switchboard.outcome", finished.outcome()),
        ];
        attributes.extend(texts.into_iter().filter_map(|(key, text)| Some(KeyValue::text(key, text?))));
        if update.report.is_some() {
            let (applied, dropped) = update.counts();
            attributes.push(KeyValue::integer("switchboard.applied", applied));
            attributes.push(KeyValue::integer("switchboard.dropped", dropped));
        }
        let method = method.unwrap_or("HTTP");
        let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
        let at_fault = finished.problem.is_some_and(|problem| problem.fault != Fault::Caller);
        let error = at_fault.then(|| reason.as_str().to_owned());
        self.tell(&self.trace, self.arrived, Told { name, kind: kind::SERVER, attributes, error });
    }

    fn tell(&self, place: &TraceContext, began: Instant, told: Told) {
        let Told { name, kind, mut attributes, error } = told;
        let parent = place.parent_id().map(|id| id.to_be_bytes().to_vec()).unwrap_or_default();
        let remote = if kind == kind::SERVER && !parent.is_empty() { PARENT_REMOTE } else { 0 };
        attributes.extend(error.as_ref().map(|error| KeyValue::text("error.type", error)));
        self.exporter.export(Span {
            trace_id: place.trace_id().to_be_bytes().to_vec(),
            span_id: place.span_id().to_be_bytes().to_vec(),
            trace_state: self.state.clone(),
            parent_span_id: parent,
            name,
            kind,
            start_time_unix_nano: self.nanos(began),
            end_time_unix_nano: self.nanos(Instant::now()),
            attributes,
            status: error.map(|_| Status { message: String::new(), code: ERROR }),
            flags: SAMPLED | PARENT_KNOWN | remote,
        });
    }

    fn nanos(&self, at: Instant) -> u64 {
        let at = self.at + at.saturating_duration_since(self.arrived);
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("trace", &self.trace).finish_non_exhaustive()
    }
}

/// The methods that HTTP defines; any other text is a caller's.
fn known(method: &Method) -> Option<&'static str> {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    known.into_iter().find(|name| *name == method.as_str())
}

/// A request to a vendor: a span for the wait before its first attempt, and one for each attempt.
pub struct VendorCall {
    recording: Arc<Recording>,
    name: String,
    attributes: Vec<KeyValue>,
    handed_over: Instant,
    state: Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    begun: u32,
    under_way: Option<(TraceContext, Instant)>,
}

impl VendorCall {
    fn state(&self) -> MutexGuard<'_, Attempts> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt begins.
    pub(crate) fn begins(&self) {
        let mut state = self.state();
        if state.begun == 0 && self.handed_over.elapsed() >= WORTH_TELLING {
            self.recording.inner("queue", self.handed_over, None);
        }
        state.begun += 1;
        state.under_way = Some((self.recording.trace.child(), Instant::now()));
    }

    /// The `traceparent` of the attempt under way.
    pub(crate) fn traceparent(&self) -> HeaderValue {
        let state = self.state();
        state.under_way.as_ref().map_or(&self.recording.trace, |(place, _)| place).to_header_value()
    }

    /// The attempt is over.
    pub(crate) fn ended(&self, end: AttemptEnded) {
        let mut state = self.state();
        let Some((place, began)) = state.under_way.take() else { return };
        let mut attributes = self.attributes.clone();
        if state.begun > 1 {
            attributes.push(KeyValue::integer("http.request.resend_count", state.begun - 1));
        }
        let error = match end {
            AttemptEnded::Answered(status) => {
                attributes.push(KeyValue::integer("http.response.status_code", status));
                (status >= 400).then(|| status.to_string())
            }
            AttemptEnded::Failed(reason) => Some(reason.name().to_owned()),
            AttemptEnded::Abandoned => Some("abandoned".to_owned()),
        };
        self.recording.tell(&place, began, Told { name: self.name.clone(), kind: kind::CLIENT, attributes, error });
    }
}

/// A request that never got as far as an attempt has waited, too.
impl Drop for VendorCall {
    fn drop(&mut self) {
        if self.state().begun == 0 {
            self.recording.inner("queue", self.handed_over, Some("not_sent"));
        }
    }
}
