//! One update's exchange with its vendor: translated, sent (or shown, in a dry run), and its answer brought home.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri};
use http_body_util::Full;
use tokio::time::Instant;
use vendors::{
    CatalogSet, Catalogs, ItemCode, Operation, ResponseBody, SentFields, Target, Update, missing_lookups,
    translate_request,
};

use crate::account::{Account, CatalogReader};
use crate::problem::{Code, Problem};
use crate::routing::Route;
use crate::upstream::{Failure, Permits, QueuedLock, VendorRequest, VendorResponse};

use super::attempts::Attempts;
use super::classify::{classify_response, unanswered, without_catalog};
use super::context::Context;
use super::request::options::RequestOptions;
use super::request_log::RequestLog;
use super::response::EchoedNames;
use super::scrub::Scrub;
use super::target::handling;
use super::{dry_run, response};

/// An update on its way to a vendor.
pub(super) struct Exchange<'a> {
    pub(super) context: &'a Context,
    /// What stands in the path.
    pub(super) assistant: &'a str,
    pub(super) route: &'a Route,
    pub(super) options: &'a RequestOptions,
}

/// A vendor's request, complete.
struct Prepared {
    request: vendors::Request,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    place: Option<QueuedLock>,
}

impl Exchange<'_> {
    /// Brings `body` to the vendor and the answer home.
    ///
    /// # Errors
    /// Whatever stands against the update, or went wrong at the vendor.
    pub(super) async fn run(
        &self,
        body: Bytes,
        permits: Permits,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let prepared = self.prepare(&body).await?;
        drop(body); // The vendor may take long, and has a body of its own.
        if self.options.dry_run {
            let shown = self.show(&prepared);
            log.report = Some(prepared.request.report);
            return Ok(shown);
        }
        self.send(prepared, permits, log).await
    }

    /// Reads and translates; may wait for a catalog, and for nothing else.
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
        };
        let (live, place) = live_catalogs(&update, self, &headers)
            .await
            .map_err(|problem| otherwise_refused(&update, &target).unwrap_or(problem))?;
        target.catalogs.live = &live;
        let began = context.recording.as_ref().map(|_| Instant::now());
        let translated = translate_request(&update, &target);
        if let (Some(recording), Some(began)) = (&context.recording, began) {
            recording.inner("translate", began, translated.is_err().then_some("refused"));
        }
        let request = translated.map_err(refused)?;
        self.complete(request, place, headers)
    }

    /// The request with the method and address that it is shown and sent with.
    fn complete(
        &self,
        request: vendors::Request,
        place: Option<QueuedLock>,
        headers: HeaderMap,
    ) -> Result<Prepared, Problem> {
        let impossible = |error: &dyn std::error::Error| {
            Problem::new(Code::Internal, "the vendor's request could not be built").internally(error.to_string())
        };
        let uri = self.route.account.stack.uri(&request.path).map_err(|error| impossible(&error))?;
        let method = request.method.parse::<Method>().map_err(|error| impossible(&error))?;
        Ok(Prepared { request, method, uri, headers, place })
    }

    /// The names that every answer repeats.
    fn names(&self) -> EchoedNames<'_> {
        let (vendor, request_id) = (&*self.route.account.name, self.context.request_id.as_str());
        EchoedNames { assistant: self.assistant, vendor, request_id }
    }

    /// Has it told what came of the update, if it was finished without its caller.
    fn afterwards(
        &self,
        sent: &SentFields,
        body: &Bytes,
    ) -> impl FnOnce(Result<VendorResponse, Failure>) + Send + 'static {
        let (account, id) = (Arc::clone(&self.route.account), Arc::clone(&self.route.id));
        let (telemetry, request_id) = (self.context.telemetry.clone(), self.context.request_id.clone());
        let (sent, body) = (sent.clone(), body.clone());
        move |result| {
            let judged = result.map_err(unanswered).and_then(|answer| {
                let read = ResponseBody::read(&answer.body);
                classify_response(&account, &sent, &body, &answer, &read).map(|_| answer.attempts)
            });
            telemetry.update_finished((request_id.as_str(), &account.name, &id), judged.as_ref().copied());
        }
    }

    fn show(&self, prepared: &Prepared) -> Response<Full<Bytes>> {
        let url = prepared.uri.to_string();
        let mut response = response::json(dry_run::body(&prepared.request, &url, &prepared.headers, &self.names()));
        response::set_dropped_header(response.headers_mut(), &prepared.request.report);
        response
    }

    /// Sends it and brings the answer home. All that is large goes to the account's stack before the first wait.
    fn send(
        &self,
        prepared: Prepared,
        permits: Permits,
        log: &mut RequestLog,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Problem>> + Send {
        let RequestLog { report: reported, sent: handed, attempts, queued, with_vendor, .. } = log;
        let (account, vendors::Request { body, report, sent, .. }) = (&self.route.account, prepared.request);
        let report = &*reported.insert(report);
        let body = Bytes::from(body);
        let mut outgoing =
            VendorRequest::new(prepared.method, prepared.uri, self.options.deadline).with_place(prepared.place);
        outgoing.longest = self.context.gateway.request_timeout;
        outgoing.key = Some(Arc::clone(&self.route.id));
        outgoing.headers = prepared.headers;
        outgoing.body = body.clone();
        outgoing.judge = Some(account.dialect);
        let recording = self.context.recording.as_ref();
        let call = recording.map(|recording| recording.call(&account.name, &outgoing.method, &outgoing.uri));
        outgoing.witness = call.map(|call| Arc::new(Attempts(call)) as _);
        *handed = Some(outgoing.sent.clone());
        let mut update = account.stack.update(outgoing).holding(permits);
        if self.context.telemetry.follows_updates() {
            update = update.when_left(self.afterwards(&sent, &body));
        }
        async move {
            let result = (&mut update).await;
            (*attempts, *queued, *with_vendor) = match &result {
                Ok(answer) => (answer.attempts, answer.queued, answer.vendor),
                Err(failure) => (failure.attempts, failure.queued, failure.vendor),
            };
            let answer = result.map_err(unanswered)?;
            let read = ResponseBody::read(&answer.body);
            watch(account, &sent, &body, &answer, &read);
            let classified = classify_response(account, &sent, &body, &answer, &read);
            if answer.status.is_success() && classified.is_err() {
                update.doubt();
            }
            let response = classified?;
            let mut reply = response::json(response::applied(&response, &self.names(), answer.attempts, report));
            response::set_dropped_header(reply.headers_mut(), report);
            Ok(reply)
        }
    }
}

/// Holds the vendor's answer against its documentation; `request` is the body that was sent and what it held.
fn watch(account: &Account, sent: &SentFields, request: &[u8], answer: &VendorResponse, body: &ResponseBody<'_>) {
    let held = (answer.status.as_u16(), body);
    let scrub = |text: &str| Scrub::new(&account.token, sent, request).text(text).into_owned();
    account.drift.hold((&account.name, account.dialect), Operation::Update, held, scrub);
}

/// What stands against an update beside names that cannot be resolved now: the caller can mend that at once.
fn otherwise_refused(update: &Update<'_>, target: &Target<'_>) -> Option<Problem> {
    let mut found = translate_request(update, target).err()?;
    found.items.list.retain(|item| item.code != ItemCode::UnresolvedName);
    (!found.items.is_empty()).then(|| refused(found))
}

/// The vendor's own catalogs, but only those that this update needs and the configuration does not answer; with a
/// place in the assistant's line where reading them may take time, so that no later update overtakes this one
/// meanwhile.
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
    let place = if options.dry_run { None } else { Some(account.stack.line_up(&route.id).map_err(unanswered)?) };
    let reader = CatalogReader {
        dialect: account.dialect,
        stack: Arc::clone(&account.stack),
        headers: headers.clone(),
        drift: Arc::clone(&account.drift),
        token: account.token.clone(),
    };
    // The flight may be somebody else's, with a later deadline.
    let began = Instant::now();
    let flight = Box::pin(account.live.get(&missing, &reader)); // large, and rare: no part of every update's future
    let read = tokio::time::timeout_at(options.deadline, flight).await;
    if let Some(recording) = &context.recording {
        let failed = !matches!(read, Ok(Ok(_)));
        recording.inner("catalogs", began, failed.then_some("unavailable"));
    }
    let live = read.map_err(|_| {
        Problem::new(Code::VendorTimeout, "The time allowed ended while the vendor's catalog was being read.")
    })?;
    Ok((live.map_err(|failure| without_catalog(account, failure))?, place))
}

fn refused(refused: vendors::Refused) -> Problem {
    let items = refused.items;
    let (code, what) = if items.only_unsupported() {
        (Code::UnsupportedByVendor, "The vendor cannot express everything in this update")
    } else {
        (Code::ValidationFailed, "The update is not valid")
    };
    let count = items.list.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let rest = if items.is_full() { ", and there may be more" } else { "" };
    let mut problem = Problem::new(code, format!("{what}: {count} {noun}{rest}."));
    problem.errors = items;
    problem
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use vendors::Report;

    use crate::api::exchange::*;
    use crate::config::{Environment, VendorNames, load_text};
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
        let settings = load_text(&text, &environment, &VendorNames::of_registry()).unwrap();
        let gateway = Gateway::build(settings, None, &Tasks::default()).unwrap();
        let account = Arc::clone(&gateway.routes.accounts["sondos"]);
        let context = Context { gateway: Arc::new(gateway), ..Context::example(&HeaderMap::new()) };
        let deadline = Instant::now() + Duration::from_secs(30);
        let options = RequestOptions { dry_run: false, handling: None, deadline };
        let route = Route { account, id: "7".into(), handling: None, rule: Rule::Explicit };
        let exchange = Exchange { context: &context, assistant: "sondos:7", route: &route, options: &options };
        let request = |method| vendors::Request {
            method,
            path: "/x".to_owned(),
            body: b"{}".to_vec(),
            report: Report::default(),
            sent: SentFields::default(),
        };

        let prepared = exchange.complete(request("PATCH"), None, HeaderMap::new()).unwrap();
        let shown = exchange.show(&prepared).into_body().collect().await.unwrap().to_bytes();
        let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
        let permits =
            Permits { place: SharePermit::count(&Arc::default()).0, share: SharePermit::count(&Arc::default()).0 };
        let mut log = RequestLog::default();
        let (sent, line) = tokio::join!(exchange.send(prepared, permits, &mut log), first_line(listener));
        assert!(sent.is_err());
        assert_eq!((shown["request"]["method"].as_str(), line.as_str()), (Some("PATCH"), "PATCH /x HTTP/1.1"));

        let impossible = exchange.complete(request("NO METHOD"), None, HeaderMap::new());
        assert_eq!(impossible.err().map(|problem| problem.code), Some(Code::Internal));
    }
}
