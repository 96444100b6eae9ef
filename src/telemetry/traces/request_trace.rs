//! The trace of one request. Each span is queued when it ends.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, Uri};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tokio::time::Instant;

use crate::http::trace_context::TraceContext;
use crate::problem::{Fault, Reason};
use crate::telemetry::audit::truncated;
use crate::telemetry::event::{AttemptEnded, RequestFinished};
use crate::value::{AssistantOperation, Lock};

use super::span_queue::SpanQueue;

/// Shorter waits get no span.
const MIN_QUEUE_SPAN: Duration = Duration::from_millis(1);
/// The longest path in a span, in characters.
const MAX_PATH_CHARS: usize = 256;

/// The trace of one request.
pub struct RequestTrace {
    queue: Arc<SpanQueue>,
    context: TraceContext,
    /// The caller's `tracestate`.
    state: TraceState,
    arrived: Instant,
    /// The time of day at `arrived`, from which all times of the trace are computed.
    arrived_at: SystemTime,
}

/// The content of a span, apart from its ids and times.
struct SpanContent {
    name: Cow<'static, str>,
    kind: SpanKind,
    attributes: Vec<KeyValue>,
    /// The `error.type` of a failed span.
    error: Option<Cow<'static, str>>,
}

impl RequestTrace {
    pub(super) fn new(queue: Arc<SpanQueue>, context: TraceContext, state: TraceState, arrived: Instant) -> Self {
        Self { queue, context, state, arrived, arrived_at: SystemTime::now() - arrived.elapsed() }
    }

    /// The id of the trace.
    pub fn trace_id(&self) -> u128 {
        self.context.trace_id
    }

    /// Adds a span within the request that started then and ends now.
    pub(crate) fn internal_span(&self, name: &'static str, started: Instant, error: Option<&'static str>) {
        let (name, error) = (name.into(), error.map(Into::into));
        let content = SpanContent { name, kind: SpanKind::Internal, attributes: Vec::new(), error };
        self.push(&self.context.child(), started, content);
    }

    /// Starts the trace of a request to a vendor, which is queued from now on.
    pub(crate) fn call(self: &Arc<Self>, vendor: &str, method: &Method, uri: &Uri) -> VendorCall {
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let attributes = vec![
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("url.full", uri.to_string()),
            KeyValue::new("server.address", uri.host().unwrap_or_default().to_owned()),
            KeyValue::new("server.port", i64::from(port)),
            KeyValue::new("switchboard.vendor", vendor.to_owned()),
        ];
        let (name, state) = (method.to_string().into(), Lock::default());
        VendorCall { trace: Arc::clone(self), name, attributes, queued_since: Instant::now(), state }
    }

    /// Adds the span of the request itself.
    pub(in crate::telemetry) fn finished(&self, finished: &RequestFinished<'_>) {
        let (update, reason) = (&finished.update, finished.reason());
        let method = known_method(finished.method);
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.unwrap_or("_OTHER")),
            integer("http.request.body.size", update.request_bytes),
            KeyValue::new("switchboard.request_id", finished.request_id.to_owned()),
            KeyValue::new("switchboard.reason", reason.as_str()),
        ];
        // An unknown path may hold anything, such as a credential in the wrong place.
        if finished.problem.is_none() || update.assistant.is_some() {
            attributes.push(KeyValue::new("url.path", truncated(finished.path, MAX_PATH_CHARS).to_owned()));
        }
        if !matches!(reason, Reason::ClientClosed | Reason::Stopped) {
            attributes.push(integer("http.response.status_code", finished.status));
            attributes.push(integer("http.response.body.size", finished.response_bytes));
        }
        let route = (finished.route != "none").then_some(finished.route);
        let texts = [
            ("http.route", route),
            ("switchboard.operation", update.operation.map(AssistantOperation::as_str)),
            ("switchboard.client", finished.client),
            ("switchboard.assistant", update.assistant),
            ("switchboard.vendor", update.vendor),
            ("switchboard.outcome", finished.outcome()),
        ];
        attributes.extend(texts.into_iter().filter_map(|(key, text)| Some(KeyValue::new(key, text?.to_owned()))));
        if update.report.is_some() {
            let (applied, dropped) = update.counts();
            attributes.push(integer("switchboard.applied", applied));
            attributes.push(integer("switchboard.dropped", dropped));
        }
        let method = method.unwrap_or("HTTP");
        let name = route.map_or(method.into(), |route| format!("{method} {route}").into());
        let at_fault = finished.problem.is_some_and(|problem| problem.fault != Fault::Caller);
        let error = at_fault.then(|| reason.as_str().into());
        self.push(&self.context, self.arrived, SpanContent { name, kind: SpanKind::Server, attributes, error });
    }

    fn push(&self, context: &TraceContext, started: Instant, content: SpanContent) {
        let SpanContent { name, kind, mut attributes, error } = content;
        let failed = error.is_some();
        attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
        let (id, span_id) = (context.trace_id.into(), context.span_id.into());
        self.queue.push(SpanData {
            span_context: SpanContext::new(id, span_id, TraceFlags::SAMPLED, false, self.state.clone()),
            parent_span_id: context.parent_id.map_or(SpanId::INVALID, SpanId::from),
            parent_span_is_remote: kind == SpanKind::Server && context.parent_id.is_some(),
            span_kind: kind,
            name,
            start_time: self.time_of_day(started),
            end_time: self.time_of_day(Instant::now()),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if failed { Status::error("") } else { Status::Unset },
            instrumentation_scope: InstrumentationScope::builder("switchboard")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        });
    }

    fn time_of_day(&self, at: Instant) -> SystemTime {
        self.arrived_at + at.saturating_duration_since(self.arrived)
    }
}

impl std::fmt::Debug for RequestTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestTrace").field("context", &self.context).finish_non_exhaustive()
    }
}

fn integer(key: &'static str, number: impl TryInto<i64>) -> KeyValue {
    KeyValue::new(key, number.try_into().unwrap_or(i64::MAX))
}

/// The name of a method that HTTP defines; any other is chosen by the caller.
fn known_method(method: &Method) -> Option<&'static str> {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    known.into_iter().find(|name| *name == method.as_str())
}

/// The trace of a request to a vendor: a span for the wait before its first attempt, and one for each attempt.
pub struct VendorCall {
    trace: Arc<RequestTrace>,
    name: Cow<'static, str>,
    attributes: Vec<KeyValue>,
    queued_since: Instant,
    state: Lock<Attempts>,
}

#[derive(Default)]
struct Attempts {
    started: u32,
    current: Option<(TraceContext, Instant)>,
}

impl VendorCall {
    /// An attempt starts.
    pub(crate) fn attempt_started(&self) {
        let mut state = self.state.lock();
        if state.started == 0 && self.queued_since.elapsed() >= MIN_QUEUE_SPAN {
            self.trace.internal_span("queue", self.queued_since, None);
        }
        state.started += 1;
        state.current = Some((self.trace.context.child(), Instant::now()));
    }

    /// The `traceparent` of the current attempt.
    pub(crate) fn traceparent(&self) -> HeaderValue {
        let state = self.state.lock();
        state.current.as_ref().map_or(&self.trace.context, |(context, _)| context).to_header_value()
    }

    /// The current attempt ended.
    pub(crate) fn attempt_ended(&self, end: AttemptEnded) {
        let mut state = self.state.lock();
        let Some((context, started)) = state.current.take() else { return };
        let mut attributes = self.attributes.clone();
        if state.started > 1 {
            attributes.push(integer("http.request.resend_count", state.started - 1));
        }
        let error = match end {
            AttemptEnded::Answered(status) => {
                attributes.push(integer("http.response.status_code", status));
                (status >= 400).then(|| status.to_string().into())
            }
            AttemptEnded::Failed(reason) => Some(reason.name().into()),
            AttemptEnded::Abandoned => Some("abandoned".into()),
        };
        let content = SpanContent { name: self.name.clone(), kind: SpanKind::Client, attributes, error };
        self.trace.push(&context, started, content);
    }
}

/// Without an attempt, the whole time was waiting.
impl Drop for VendorCall {
    fn drop(&mut self) {
        if self.state.lock().started == 0 {
            self.trace.internal_span("queue", self.queued_since, Some("not_sent"));
        }
    }
}
