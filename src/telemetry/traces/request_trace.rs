//! The trace of one request. Each span is queued when it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, Uri};
use tokio::time::Instant;

use crate::http::trace_context::TraceContext;
use crate::problem::{Fault, Reason};
use crate::telemetry::audit::truncated;
use crate::telemetry::event::{AttemptEnded, RequestFinished};

use super::SpanQueue;
use super::otlp::{ERROR, KeyValue, PARENT_KNOWN, PARENT_REMOTE, SAMPLED, Span, Status, kind};

/// Shorter waits get no span.
const MIN_QUEUE_SPAN: Duration = Duration::from_millis(1);
/// The longest path in a span, in characters.
const MAX_PATH_CHARS: usize = 256;

/// The trace of one request.
pub struct RequestTrace {
    queue: SpanQueue,
    context: TraceContext,
    /// The caller's `tracestate`.
    state: String,
    arrived: Instant,
    /// The time of day at `arrived`, from which all times of the trace are computed.
    arrived_at: SystemTime,
}

/// The content of a span, apart from its ids and times.
struct SpanContent {
    name: String,
    kind: i32,
    attributes: Vec<KeyValue>,
    /// The `error.type` of a failed span.
    error: Option<String>,
}

impl RequestTrace {
    pub(super) fn new(queue: SpanQueue, context: TraceContext, state: String, arrived: Instant) -> Self {
        Self { queue, context, state, arrived, arrived_at: SystemTime::now() - arrived.elapsed() }
    }

    /// The id of the trace.
    pub fn trace_id(&self) -> u128 {
        self.context.trace_id()
    }

    /// Adds a span within the request that started then and ends now.
    pub(crate) fn internal_span(&self, name: &str, started: Instant, error: Option<&str>) {
        let (name, error) = (name.to_owned(), error.map(str::to_owned));
        let content = SpanContent { name, kind: kind::INTERNAL, attributes: Vec::new(), error };
        self.push(&self.context.child(), started, content);
    }

    /// Starts the trace of a request to a vendor, which is queued from now on.
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
        VendorCall { trace: Arc::clone(self), name, attributes, queued_since: Instant::now(), state }
    }

    /// Adds the span of the request itself.
    pub(in crate::telemetry) fn finished(&self, finished: &RequestFinished<'_>) {
        let (update, reason) = (&finished.update, finished.reason());
        let method = known_method(finished.method);
        let mut attributes = vec![
            KeyValue::text("http.request.method", method.unwrap_or("_OTHER")),
            KeyValue::integer("http.request.body.size", update.request_bytes),
            KeyValue::text("switchboard.request_id", finished.request_id),
            KeyValue::text("switchboard.reason", reason.as_str()),
        ];
        // An unknown path may hold anything, such as a credential in the wrong place.
        if finished.problem.is_none() || update.assistant.is_some() {
            attributes.push(KeyValue::text("url.path", truncated(finished.path, MAX_PATH_CHARS)));
        }
        if !matches!(reason, Reason::ClientClosed | Reason::Stopped) {
            attributes.push(KeyValue::integer("http.response.status_code", finished.status));
            attributes.push(KeyValue::integer("http.response.body.size", finished.response_bytes));
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
        self.push(&self.context, self.arrived, SpanContent { name, kind: kind::SERVER, attributes, error });
    }

    fn push(&self, context: &TraceContext, started: Instant, content: SpanContent) {
        let SpanContent { name, kind, mut attributes, error } = content;
        let parent = context.parent_id().map(|id| id.to_be_bytes().to_vec()).unwrap_or_default();
        let remote = if kind == kind::SERVER && !parent.is_empty() { PARENT_REMOTE } else { 0 };
        attributes.extend(error.as_ref().map(|error| KeyValue::text("error.type", error)));
        self.queue.push(Span {
            trace_id: context.trace_id().to_be_bytes().to_vec(),
            span_id: context.span_id().to_be_bytes().to_vec(),
            trace_state: self.state.clone(),
            parent_span_id: parent,
            name,
            kind,
            start_time_unix_nano: self.nanos(started),
            end_time_unix_nano: self.nanos(Instant::now()),
            attributes,
            status: error.map(|_| Status { message: String::new(), code: ERROR }),
            flags: SAMPLED | PARENT_KNOWN | remote,
        });
    }

    fn nanos(&self, at: Instant) -> u64 {
        let at = self.arrived_at + at.saturating_duration_since(self.arrived);
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for RequestTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestTrace").field("context", &self.context).finish_non_exhaustive()
    }
}

/// The name of a method that HTTP defines; any other is chosen by the caller.
fn known_method(method: &Method) -> Option<&'static str> {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    known.into_iter().find(|name| *name == method.as_str())
}

/// The trace of a request to a vendor: a span for the wait before its first attempt, and one for each attempt.
pub struct VendorCall {
    trace: Arc<RequestTrace>,
    name: String,
    attributes: Vec<KeyValue>,
    queued_since: Instant,
    state: Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    started: u32,
    current: Option<(TraceContext, Instant)>,
}

impl VendorCall {
    fn state(&self) -> MutexGuard<'_, Attempts> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt starts.
    pub(crate) fn attempt_started(&self) {
        let mut state = self.state();
        if state.started == 0 && self.queued_since.elapsed() >= MIN_QUEUE_SPAN {
            self.trace.internal_span("queue", self.queued_since, None);
        }
        state.started += 1;
        state.current = Some((self.trace.context.child(), Instant::now()));
    }

    /// The `traceparent` of the current attempt.
    pub(crate) fn traceparent(&self) -> HeaderValue {
        let state = self.state();
        state.current.as_ref().map_or(&self.trace.context, |(context, _)| context).to_header_value()
    }

    /// The current attempt ended.
    pub(crate) fn attempt_ended(&self, end: AttemptEnded) {
        let mut state = self.state();
        let Some((context, started)) = state.current.take() else { return };
        let mut attributes = self.attributes.clone();
        if state.started > 1 {
            attributes.push(KeyValue::integer("http.request.resend_count", state.started - 1));
        }
        let error = match end {
            AttemptEnded::Answered(status) => {
                attributes.push(KeyValue::integer("http.response.status_code", status));
                (status >= 400).then(|| status.to_string())
            }
            AttemptEnded::Failed(reason) => Some(reason.name().to_owned()),
            AttemptEnded::Abandoned => Some("abandoned".to_owned()),
        };
        let content = SpanContent { name: self.name.clone(), kind: kind::CLIENT, attributes, error };
        self.trace.push(&context, started, content);
    }
}

/// Without an attempt, the whole time was waiting.
impl Drop for VendorCall {
    fn drop(&mut self) {
        if self.state().started == 0 {
            self.trace.internal_span("queue", self.queued_since, Some("not_sent"));
        }
    }
}
