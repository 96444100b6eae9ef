//! Reports each request once, however it ends: with a response, by a disconnect, by the end of the process or by a panic.

use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;

use crate::api::context::Context;
use crate::api::request_log::RequestLog;
use crate::net::shutdown::Shutdown;
use crate::problem::{Fault, Outcome, Reason};
use crate::telemetry::event::{ProblemSummary, RequestFinished};

/// The status in logs and metrics of a request whose caller disconnected; never sent.
const CLIENT_CLOSED: u16 = 499;

/// Holds what is known of a request and reports it at the end, at the latest when dropped.
pub(in crate::api) struct RequestGuard {
    pub(in crate::api) context: Context,
    pub(in crate::api) log: RequestLog,
    method: Method,
    route: &'static str,
    shutdown: Shutdown,
    reported: bool,
}

impl RequestGuard {
    pub(in crate::api) fn new(context: Context, method: Method, route: &'static str, shutdown: Shutdown) -> Self {
        Self { context, log: RequestLog::default(), method, route, shutdown, reported: false }
    }

    /// Reports the request with its response.
    pub(in crate::api) fn finish(mut self, response: &Response<Full<Bytes>>, problem: Option<&ProblemSummary>) {
        if problem.is_some_and(|problem| problem.reason == Reason::ClientClosed) {
            return self.report(CLIENT_CLOSED, 0, problem);
        }
        let bytes = response.body().size_hint().lower();
        self.report(response.status().as_u16(), bytes, problem);
    }

    fn report(&mut self, status: u16, response_bytes: u64, problem: Option<&ProblemSummary>) {
        self.reported = true;
        let Context { telemetry, request_id, path, arrived, recording, .. } = &self.context;
        if let Some(client) = &self.context.client {
            client.usage.add(*arrived, problem.map_or(Reason::Ok, |problem| problem.reason));
        }
        telemetry.finished(&RequestFinished {
            request_id: request_id.as_str(),
            path,
            arrived: *arrived,
            peer: self.context.peer,
            client: self.context.client_name(),
            trace: recording.as_deref(),
            method: &self.method,
            route: self.route,
            status,
            problem,
            ended: SystemTime::now(),
            total: arrived.elapsed(),
            response_bytes,
            metrics: self.log.meters.as_deref(),
            update: self.log.notes(),
        });
    }
}

/// There is no response: the future that handles the request was dropped or panicked.
impl Drop for RequestGuard {
    fn drop(&mut self) {
        if self.reported {
            return;
        }
        let internal = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        let (status, reason, fault) = if std::thread::panicking() {
            (internal, Reason::Panic, Fault::Gateway)
        } else if self.shutdown.hard().is_cancelled() {
            (CLIENT_CLOSED, Reason::Stopped, Fault::Gateway)
        } else {
            (CLIENT_CLOSED, Reason::ClientClosed, Fault::Caller)
        };
        let outcome = if reason == Reason::Panic { Outcome::Unknown } else { self.log.outcome_so_far() };
        self.report(status, 0, Some(&ProblemSummary { reason, code: None, fault, outcome, internal: None }));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Arc, Mutex};

    use crate::api::middleware::request_guard::*;
    use http::HeaderMap;
    use tracing_subscriber::layer::SubscriberExt;

    fn guard() -> RequestGuard {
        RequestGuard::new(Context::example(&HeaderMap::new()), Method::PUT, "/v1/edge", Shutdown::new())
    }

    /// The lines that are logged meanwhile.
    fn logged(run: impl FnOnce()) -> Vec<serde_json::Value> {
        let text = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&text);
        let lines = crate::telemetry::log::json(move || Writer(Arc::clone(&writer)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), run);
        let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    struct Writer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_request_that_ended_with_500() {
        let lines = logged(|| {
            let request = guard();
            let panicked = catch_unwind(AssertUnwindSafe(move || {
                let _request = request;
                panic!("boom");
            }));
            assert!(panicked.is_err());
        });
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["status"], &lines[0]["reason"]), (&500.into(), &"panic".into()));
        assert_eq!((&lines[0]["fault"], &lines[0]["outcome"]), (&"gateway".into(), &"unknown".into()));
    }

    #[tokio::test]
    async fn a_request_with_a_response_is_reported_once() {
        let response = Response::new(Full::new(Bytes::from_static(b"{}")));
        let lines = logged(|| guard().finish(&response, None));
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["status"], &lines[0]["answer_bytes"]), (&200.into(), &2.into()));
    }
}
