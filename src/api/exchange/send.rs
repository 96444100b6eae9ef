//! One request to the vendor: the way of a plain update.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use vendors::{Note, Operation, ResponseBody, SentFields, UpdateResponse};

use crate::account::Account;
use crate::api::attempts::Attempts;
use crate::api::classify::{classify_response, failure_problem};
use crate::api::request_log::RequestLog;
use crate::api::scrub::Scrub;
use crate::problem::Problem;
use crate::telemetry::event::ChangeFinished;
use crate::upstream::{ConnectionChoice, Failure, Permits, Repeat, VendorRequest, VendorResponse};

use super::{Change, Exchange, Prepared};

impl Exchange<'_> {
    /// Sends the request and classifies the response. Everything large moves to the account's stack before the first wait.
    pub(super) fn send(
        &self,
        prepared: Prepared,
        permits: Option<Permits>,
        log: &mut RequestLog,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Problem>> + Send {
        let RequestLog { report: logged_report, delivery, attempts, queued, with_vendor, id, .. } = log;
        let Prepared { request: vendors::Request { body, report, sent, repeatable, .. }, method, uri, headers, place } =
            prepared;
        let report = logged_report.insert(report);
        let body = Bytes::from(body);
        let mut request = VendorRequest::new(method, uri, self.options.deadline).with_lock(place.into_lock());
        self.complete_request(&mut request, repeatable, headers, &body);
        match delivery {
            Some(shared) => request.sent = shared.clone(),
            None => *delivery = Some(request.sent.clone()),
        }
        let mut update = self.account.stack.update(request);
        if let Some(permits) = permits {
            update = update.holding(permits);
        }
        if self.context.telemetry.follows_changes() {
            update = update.on_detached_end(self.report_detached(&sent, &body));
        }
        async move {
            let result = (&mut update).await;
            (*attempts, *queued, *with_vendor) = match &result {
                Ok(response) => (response.attempts, response.queued, response.vendor),
                Err(failure) => (failure.attempts, failure.queued, failure.vendor),
            };
            let finished = match result {
                Ok(from_vendor) => {
                    let read = ResponseBody::read(&from_vendor.body);
                    let classified = self.classify(&sent, &body, &from_vendor, &read);
                    if from_vendor.status.is_success() && classified.is_err() {
                        update.doubt();
                    }
                    classified.and_then(|confirmed| {
                        report.warnings.extend(self.other_id(&confirmed));
                        self.done(&confirmed, from_vendor.attempts, report, None, id)
                    })
                }
                Err(failure) => Err(failure_problem(failure)),
            };
            if let Some(slot) = self.slot {
                slot.put(update.into_turn().0);
            }
            finished.map_err(|problem| self.unknown(problem))
        }
    }

    /// Sets everything of a request but its turn.
    pub(super) fn complete_request(
        &self,
        request: &mut VendorRequest,
        repeatable: bool,
        headers: http::HeaderMap,
        body: &Bytes,
    ) {
        (request.repeat, request.connection) = match (self.change, repeatable) {
            (Change::Create(_), false) => (Repeat::OnlyIfUnsent, ConnectionChoice::Fresh),
            (_, true) => (Repeat::WheneverSafe, ConnectionChoice::Pooled),
            (_, false) => (Repeat::OnlyIfUnsent, ConnectionChoice::Pooled),
        };
        request.longest = self.context.gateway.request_timeout;
        request.key = self.id.map(Arc::clone);
        request.headers = headers;
        request.body = body.clone();
        request.fence = self.slot.and_then(|slot| slot.fence.clone());
        request.validator = match self.change {
            Change::Update | Change::Create(_) => Some(self.account.dialect),
            Change::Delete => None,
        };
        let recording = self.context.recording.as_ref();
        let call = recording.map(|recording| recording.call(&self.account.name, &request.method, &request.uri));
        request.observer = call.map(|call| Arc::new(Attempts(call)) as _);
    }

    /// What the response means, after its comparison with the documentation.
    pub(super) fn classify<'b>(
        &self,
        sent: &SentFields,
        body: &Bytes,
        from_vendor: &VendorResponse,
        read: &ResponseBody<'b>,
    ) -> Result<UpdateResponse<'b>, Problem> {
        check_drift(self.account, self.change, sent, body, from_vendor, read);
        classify_response(self.account, self.change, sent, body, from_vendor, read)
    }

    /// The warning about a response whose `data.id` is not the assistant's.
    pub(super) fn other_id(&self, confirmed: &UpdateResponse<'_>) -> Option<Note> {
        if !self.id.is_some_and(|id| confirmed.data.is_of_another(id)) {
            return None;
        }
        self.account.drift.record_other_id(&self.account.name);
        let detail = "the vendor confirmed the update with another assistant's id: check what was changed";
        Some(Note::new("data.id", "other_id", detail))
    }

    /// Reports the outcome of an operation that ends after its caller has disconnected.
    pub(super) fn report_detached(
        &self,
        sent: &SentFields,
        body: &Bytes,
    ) -> impl FnOnce(Result<VendorResponse, Failure>) + Send + 'static {
        let (account, id, change) = (Arc::clone(self.account), self.id.map(Arc::clone), self.change);
        let operation = self.operation();
        let (telemetry, request_id) = (self.context.telemetry.clone(), self.context.request_id.clone());
        let (sent, body) = (sent.clone(), body.clone());
        move |result| {
            let attempts = result.map_err(failure_problem).and_then(|response| {
                let read = ResponseBody::read(&response.body);
                classify_response(&account, change, &sent, &body, &response, &read).map(|_| response.attempts)
            });
            telemetry.change_finished(&ChangeFinished {
                operation,
                request_id: request_id.as_str(),
                update: None, // with a store, no caller cuts a change off
                vendor: &account.name,
                vendor_id: id.as_deref(),
                result: attempts.as_ref().copied(),
            });
        }
    }
}

/// Compares the vendor's response with its documentation; `request` is the body that was sent, `sent` the fields in it.
fn check_drift(
    account: &Account,
    change: Change,
    sent: &SentFields,
    request: &[u8],
    response: &VendorResponse,
    body: &ResponseBody<'_>,
) {
    let operation = match change {
        Change::Update => Operation::Update,
        Change::Create(_) => Operation::Create,
        Change::Delete if response.status == http::StatusCode::NO_CONTENT => return,
        Change::Delete => Operation::Delete,
    };
    let scrub = |text: &str| Scrub::new(&account.token, sent, request).text(text).into_owned();
    account.drift.check(&account.name, account.dialect, operation, response.status.as_u16(), body, scrub);
}
