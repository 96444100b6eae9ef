//! One update's exchange with its vendor: translates it, sends it or shows it in a dry run, and classifies the response.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri};
use http_body_util::Full;
use tokio::time::Instant;
use vendors::{
    AssistantSummary, CatalogSet, Catalogs, Field, FieldPolicy, Item, ItemCode, Items, Note, Operation, Report,
    ResponseBody, SentFields, Target, Update, UpdateResponse, missing_lookups, translate_request,
};

use crate::account::{Account, CatalogReader};
use crate::problem::{Code, Problem};
use crate::routing::Route;
use crate::telemetry::event::ChangeFinished;
use crate::upstream::{Failure, Permits, QueuedLock, Repeat, VendorRequest, VendorResponse};
use crate::value::AssistantOperation;

use super::attempts::Attempts;
use super::classify::{catalog_problem, classify_response, failure_problem};
use super::context::Context;
use super::request::options::RequestOptions;
use super::request::prefer;
use super::request_log::RequestLog;
use super::response::Echoed;
use super::scrub::Scrub;
use super::target::handling;
use super::{dry_run, response};

/// An update and where it goes.
pub(super) struct Exchange<'a> {
    pub(super) context: &'a Context,
    /// The assistant, as in the path.
    pub(super) assistant: &'a str,
    pub(super) route: &'a Route,
    pub(super) options: &'a RequestOptions,
}

/// A translated request, ready to be sent.
struct Prepared {
    request: vendors::Request,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    lock: Option<QueuedLock>,
}

impl Exchange<'_> {
    /// Translates `body`, sends it and returns the response.
    ///
    /// # Errors
    /// The update is invalid or the vendor did not apply it.
    pub(super) async fn run(
        &self,
        body: Bytes,
        permits: Permits,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let prepared = self.prepare(&body).await?;
        drop(body); // The translated body replaces it while the vendor is called.
        if self.options.dry_run {
            let response = self.dry_run(&prepared);
            log.report = Some(prepared.request.report);
            return Ok(response);
        }
        if prepared.request.is_empty() {
            return Ok(self.nothing_to_send(prepared.request.report, log));
        }
        self.send(prepared, permits, log).await
    }

    /// Reads and translates the update. Only a catalog may make it wait.
    async fn prepare(&self, body: &[u8]) -> Result<Prepared, Problem> {
        let (context, route) = (self.context, self.route);
        let account = &route.account;
        let update = Update::read(body).map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
        let headers = account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
        let unknown = CatalogSet::default();
        let mut target = Target {
            dialect: account.dialect,
            vendor: &account.name,
            id: &route.id,
            handling: handling(context, self.options.handling, route),
            policies: &account.policies,
            catalogs: Catalogs { configured: &account.configured, live: &unknown },
            accounts: context,
        };
        let (live, lock) = live_catalogs(&update, self, &headers)
            .await
            .map_err(|problem| other_errors(&update, &target).unwrap_or(problem))?;
        target.catalogs.live = &live;
        let started = context.recording.as_ref().map(|_| Instant::now());
        let translated = translate_request(&update, &target);
        if let (Some(recording), Some(started)) = (&context.recording, started) {
            recording.internal_span("translate", started, translated.is_err().then_some("refused"));
        }
        let mut request = translated.map_err(|refused| {
            for hint in &refused.hints {
                let (vendor, key) = (&*account.name, &hint.key);
                tracing::info!(vendor, key, "an update has a name or id that is in no catalog; the key can add it");
            }
            refusal_problem(refused, &target)
        })?;
        request.report.warnings.extend(self.options.unknown_preferences.iter().map(|name| prefer::warning(name)));
        self.complete(request, lock, headers)
    }

    /// Adds the method and URI with which the request is shown or sent.
    fn complete(
        &self,
        request: vendors::Request,
        lock: Option<QueuedLock>,
        headers: HeaderMap,
    ) -> Result<Prepared, Problem> {
        let impossible = |error: &dyn std::error::Error| {
            Problem::new(Code::Internal, "the vendor's request could not be built").internally(error.to_string())
        };
        let uri = self.route.account.stack.uri(&request.path).map_err(|error| impossible(&error))?;
        let method = request.method.parse::<Method>().map_err(|error| impossible(&error))?;
        Ok(Prepared { request, method, uri, headers, lock })
    }

    fn echoed(&self) -> Echoed<'_> {
        let (vendor, request_id) = (&*self.route.account.name, self.context.request_id.as_str());
        Echoed { assistant: self.assistant, vendor, request_id }
    }

    /// Reports the outcome of an update that ends after its caller has disconnected.
    fn report_detached(
        &self,
        sent: &SentFields,
        body: &Bytes,
    ) -> impl FnOnce(Result<VendorResponse, Failure>) + Send + 'static {
        let (account, id) = (Arc::clone(&self.route.account), Arc::clone(&self.route.id));
        let (telemetry, request_id) = (self.context.telemetry.clone(), self.context.request_id.clone());
        let (sent, body) = (sent.clone(), body.clone());
        move |result| {
            let attempts = result.map_err(failure_problem).and_then(|response| {
                let read = ResponseBody::read(&response.body);
                classify_response(&account, &sent, &body, &response, &read).map(|_| response.attempts)
            });
            telemetry.change_finished(&ChangeFinished {
                operation: AssistantOperation::Update,
                request_id: request_id.as_str(),
                vendor: &account.name,
                vendor_id: Some(&id),
                result: attempts.as_ref().copied(),
            });
        }
    }

    /// The response to an update of which nothing is left: the vendor is not called.
    fn nothing_to_send(&self, report: Report, log: &mut RequestLog) -> Response<Full<Bytes>> {
        let nothing = UpdateResponse { message: "Nothing to send".into(), data: AssistantSummary::default() };
        let report = log.report.insert(report);
        let mut response = response::json(response::applied(&nothing, &self.echoed(), 0, report));
        response::set_dropped_header(response.headers_mut(), report);
        response
    }

    fn dry_run(&self, prepared: &Prepared) -> Response<Full<Bytes>> {
        let (auth, url) = (self.route.account.dialect.auth, prepared.uri.to_string());
        let mut response =
            response::json(dry_run::body(&prepared.request, auth, &url, &prepared.headers, &self.echoed()));
        response::set_dropped_header(response.headers_mut(), &prepared.request.report);
        response
    }

    /// Sends the request and classifies the response. Everything large moves to the account's stack before the first wait.
    fn send(
        &self,
        prepared: Prepared,
        permits: Permits,
        log: &mut RequestLog,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Problem>> + Send {
        let RequestLog { report: logged_report, delivery, attempts, queued, with_vendor, .. } = log;
        let (account, vendors::Request { body, report, sent, .. }) = (&self.route.account, prepared.request);
        let report = logged_report.insert(report);
        let body = Bytes::from(body);
        let mut request = VendorRequest::new(prepared.method, prepared.uri, self.options.deadline)
            .repeated(Repeat::WheneverSafe)
            .with_lock(prepared.lock);
        request.longest = self.context.gateway.request_timeout;
        request.key = Some(Arc::clone(&self.route.id));
        request.headers = prepared.headers;
        request.body = body.clone();
        request.validator = Some(account.dialect);
        let recording = self.context.recording.as_ref();
        let call = recording.map(|recording| recording.call(&account.name, &request.method, &request.uri));
        request.observer = call.map(|call| Arc::new(Attempts(call)) as _);
        *delivery = Some(request.sent.clone());
        let mut update = account.stack.update(request).holding(permits);
        if self.context.telemetry.follows_changes() {
            update = update.on_detached_end(self.report_detached(&sent, &body));
        }
        async move {
            let result = (&mut update).await;
            (*attempts, *queued, *with_vendor) = match &result {
                Ok(response) => (response.attempts, response.queued, response.vendor),
                Err(failure) => (failure.attempts, failure.queued, failure.vendor),
            };
            let from_vendor = result.map_err(failure_problem)?;
            let read = ResponseBody::read(&from_vendor.body);
            check_drift(account, &sent, &body, &from_vendor, &read);
            let classified = classify_response(account, &sent, &body, &from_vendor, &read);
            if from_vendor.status.is_success() && classified.is_err() {
                update.doubt();
            }
            let updated = classified?;
            if updated.data.is_of_another(&self.route.id) {
                account.drift.record_other_id(&account.name);
                report.warnings.push(other_id());
            }
            let applied = response::applied(&updated, &self.echoed(), from_vendor.attempts, report);
            let mut response = response::json(applied);
            response::set_dropped_header(response.headers_mut(), report);
            Ok(response)
        }
    }
}

/// The warning about an answer whose `data.id` is not the assistant's.
fn other_id() -> Note {
    let detail = "the vendor confirmed the update with another assistant's id: check what was changed";
    Note { field: "data.id".into(), code: "other_id", detail: detail.into() }
}

/// Compares the vendor's response with its documentation; `request` is the body that was sent, `sent` the fields in it.
fn check_drift(
    account: &Account,
    sent: &SentFields,
    request: &[u8],
    response: &VendorResponse,
    body: &ResponseBody<'_>,
) {
    let scrub = |text: &str| Scrub::new(&account.token, sent, request).text(text).into_owned();
    account.drift.check(&account.name, account.dialect, Operation::Update, response.status.as_u16(), body, scrub);
}

/// The errors of an update other than unresolved names. The caller can fix these at once.
fn other_errors(update: &Update<'_>, target: &Target<'_>) -> Option<Problem> {
    let mut refused = translate_request(update, target).err()?;
    refused.items.list.retain(|item| item.code != ItemCode::UnresolvedName);
    (!refused.items.is_empty()).then(|| refusal_problem(refused, target))
}

/// The vendor's catalogs that this update needs besides the configured ones. While they are read, which may take time,
/// the update already waits for the assistant's lock, so that no later update overtakes it.
async fn live_catalogs(
    update: &Update<'_>,
    exchange: &Exchange<'_>,
    headers: &HeaderMap,
) -> Result<(CatalogSet, Option<QueuedLock>), Problem> {
    let Exchange { context, route, options, .. } = exchange;
    let account = &route.account;
    let known = Catalogs { configured: &account.configured, live: &CatalogSet::default() };
    let missing = missing_lookups(update, account.dialect, &account.policies, &known);
    if missing.is_empty() {
        return Ok((CatalogSet::default(), None));
    }
    let lock =
        if options.dry_run { None } else { Some(account.stack.queue_update(&route.id).map_err(failure_problem)?) };
    let reader = CatalogReader {
        dialect: account.dialect,
        stack: Arc::clone(&account.stack),
        headers: headers.clone(),
        drift: Arc::clone(&account.drift),
        token: account.token.clone(),
    };
    let started = Instant::now();
    let fetch = Box::pin(account.live.get(&missing, &reader)); // Boxed because it is large and rare.
    // The fetch may have been started by another update with a later deadline.
    let read = tokio::time::timeout_at(options.deadline, fetch).await;
    if let Some(recording) = &context.recording {
        let failed = !matches!(read, Ok(Ok(_)));
        recording.internal_span("catalogs", started, failed.then_some("unavailable"));
    }
    let live = read.map_err(|_| {
        Problem::new(Code::VendorTimeout, "The time allowed ended while the vendor's catalog was being read.")
    })?;
    Ok((live.map_err(|failure| catalog_problem(account, failure))?, lock))
}

fn refusal_problem(refused: vendors::Refused, target: &Target<'_>) -> Problem {
    let items = refused.items;
    let (code, what, hint) = if items.only_unsupported() {
        let what = format!("{} cannot express everything in this update", target.dialect.title);
        (Code::UnsupportedByVendor, what, lenient_hint(&items, target))
    } else {
        (Code::ValidationFailed, "The update is not valid".to_owned(), String::new())
    };
    let count = items.list.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let rest = if items.is_full() { ", and there may be more" } else { "" };
    let mut problem = Problem::new(code, format!("{what}: {count} {noun}{rest}{hint}."));
    problem.errors = items;
    problem
}

/// How to have fields dropped, if lenient handling would drop any: not values, nor what the operator has refused.
fn lenient_hint(items: &Items, target: &Target<'_>) -> String {
    let is_refused = |name: &str| {
        let policy = Field::from_name(name).and_then(|field| target.policies.get(field));
        policy == Some(FieldPolicy::Refuse)
    };
    let can_drop = |item: &&Item| {
        item.code == ItemCode::UnsupportedField && item.field.as_deref().is_none_or(|name| !is_refused(name))
    };
    let what = match items.list.iter().filter(can_drop).count() {
        0 => return String::new(),
        1 if items.list.len() == 1 => "it",
        count if items.list.len() == count => "them",
        1 => "the field among them",
        _ => "the fields among them",
    };
    format!("; send `Prefer: handling=lenient` to drop {what}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::api::exchange::*;
    use crate::config::{Environment, load_text};
    use crate::gateway::Gateway;
    use crate::routing::Rule;
    use crate::upstream::{SharePermit, Tasks};

    /// Answers one request and returns its first line.
    async fn first_line(listener: TcpListener) -> String {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"{}") {
            bytes.push(socket.read_u8().await.unwrap());
        }
        let _ = socket.write_all(b"HTTP/1.1 422 X\r\ncontent-length: 2\r\n\r\n{}").await;
        String::from_utf8(bytes).unwrap().lines().next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_request_is_sent_with_the_method_that_the_dry_run_shows() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let text =
            format!("[auth]\nmode = \"none\"\n[vendors.sondos]\nbase_url = \"{base}\"\ntoken = {{ env = \"T\" }}\n");
        let environment: Environment = [("T".to_owned(), "token".to_owned())].into_iter().collect();
        let settings = load_text(&text, &environment).unwrap();
        let gateway = Gateway::build(settings, None, &Tasks::default()).unwrap();
        let account = Arc::clone(&gateway.routes.accounts["sondos"]);
        let context = Context { gateway: Arc::new(gateway), ..Context::example(&HeaderMap::new()) };
        let deadline = Instant::now() + Duration::from_secs(30);
        let options = RequestOptions {
            dry_run: false,
            handling: None,
            representation: false,
            unknown_preferences: Vec::new(),
            if_match: None,
            if_none_match: None,
            deadline,
        };
        let route = Route { account, id: "7".into(), handling: None, rule: Rule::Explicit };
        let exchange = Exchange { context: &context, assistant: "sondos:7", route: &route, options: &options };
        let request = |method| vendors::Request {
            repeatable: true,
            method,
            path: "/x".to_owned(),
            body: b"{}".to_vec(),
            report: Report::default(),
            sent: SentFields::default(),
        };

        let prepared = exchange.complete(request("PATCH"), None, HeaderMap::new()).unwrap();
        let shown = exchange.dry_run(&prepared).into_body().collect().await.unwrap().to_bytes();
        let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
        let permits =
            Permits { gateway: SharePermit::count(&Arc::default()).0, share: SharePermit::count(&Arc::default()).0 };
        let mut log = RequestLog::default();
        let (sent, line) = tokio::join!(exchange.send(prepared, permits, &mut log), first_line(listener));
        assert!(sent.is_err());
        assert_eq!((shown["request"]["method"].as_str(), line.as_str()), (Some("PATCH"), "PATCH /x HTTP/1.1"));

        let impossible = exchange.complete(request("NO METHOD"), None, HeaderMap::new());
        assert_eq!(impossible.err().map(|problem| problem.code), Some(Code::Internal));
    }
}
