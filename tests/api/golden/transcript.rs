//! One exchange as text: what the caller sends, what the vendor gets and answers, and what the caller gets.

use std::collections::BTreeSet;
use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Collected, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use simulators::Received;
use vendors::json::lay_out;

use crate::support::case::Exchange;
use crate::support::{Reply, Stage};

/// A part of an exchange; two exchanges are compared part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The update as the caller sends it.
    Update,
    /// What the gateway reads from the vendor before it writes.
    Reads,
    /// The update as the vendor gets it.
    DeliveryState,
    /// What the vendor answers to it.
    VendorResponse,
    /// What the caller gets.
    Reply,
}

impl Part {
    pub(crate) const ALL: [Self; 5] =
        [Self::Update, Self::Reads, Self::DeliveryState, Self::VendorResponse, Self::Reply];
}

/// An exchange, part by part.
pub(crate) struct Transcript {
    pub(crate) name: String,
    parts: Vec<(Part, String)>,
}

impl Transcript {
    /// The text of a part; `None` if the exchange does not have it.
    pub(crate) fn part(&self, part: Part) -> Option<&str> {
        self.parts.iter().find(|(own, _)| *own == part).map(|(_, text)| text.as_str())
    }

    /// The whole exchange.
    pub(crate) fn whole(&self) -> String {
        let mut out = format!("=== {}\n\n", self.name);
        self.parts.iter().for_each(|(_, text)| writeln!(out, "{text}").unwrap());
        out
    }

    /// Plays an exchange on a stage whose vendor has received nothing yet.
    pub(crate) async fn play(stage: &Stage, vendor: &str, exchange: &Exchange) -> Self {
        let faults: Vec<_> = exchange.faults.iter().map(String::as_str).collect();
        stage.fail(vendor, &faults);
        let mut headers = vec![("x-request-id", "golden")];
        let prefer = exchange.handling.as_ref().map(|handling| format!("handling={handling}"));
        headers.extend(prefer.as_deref().map(|prefer| ("prefer", prefer)));
        let reply = stage.put_with(&format!("{vendor}:789"), &headers, exchange.update.clone()).await;
        let received = stage.simulator(vendor).received();
        let (reads, updates): (Vec<_>, Vec<_>) = received.iter().partition(|request| request.method == "GET");

        let mut parts = vec![(Part::Update, update(vendor, prefer.as_deref(), exchange))];
        if received.is_empty() {
            parts.push((Part::DeliveryState, "--> nothing was sent to the vendor\n".to_owned()));
        }
        if !reads.is_empty() {
            parts.push((Part::Reads, read(reads)));
        }
        if let Some(update) = updates.first() {
            for other in &updates {
                assert_eq!((&other.path, &other.body), (&update.path, &update.body), "attempts are the same request");
            }
            parts.push((Part::DeliveryState, sent(update, updates.len())));
            stage.fail(vendor, &faults);
            parts.push((Part::VendorResponse, answered(stage, vendor, update).await));
        }
        parts.push((Part::Reply, replied(&reply)));
        let host = stage.simulator(vendor).addr().to_string();
        parts.iter_mut().for_each(|(_, text)| *text = text.replace(&host, "[the vendor's host]"));
        Self { name: exchange.name.clone(), parts }
    }
}

fn update(vendor: &str, prefer: Option<&str>, exchange: &Exchange) -> String {
    let prefer = prefer.map(|prefer| format!("prefer: {prefer}\n")).unwrap_or_default();
    format!("PUT /v1/assistants/{vendor}:789\n{prefer}{}\n", lay_out(exchange.update.as_bytes()))
}

fn read(mut reads: Vec<&Received>) -> String {
    reads.sort_by_key(|request| (&request.path, &request.query));
    let query = |read: &Received| read.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let lines: Vec<_> =
        reads.iter().map(|read| format!("--> {} {}{}\n", read.method, read.path, query(read))).collect();
    lines.join("\n")
}

fn sent(update: &Received, times: usize) -> String {
    let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
    let headers = headers_of(&update.headers, &["content-length"]);
    format!("--> {} {}{times}\n{headers}{}\n", update.method, update.path, lay_out(&update.body))
}

fn replied(reply: &Reply) -> String {
    let headers = headers_of(&reply.headers, &["content-length", "date", "x-request-id"]);
    format!("<== {}\n{headers}{}\n", reply.status, lay_out(&reply.body))
}

/// Headers by name, with what differs from run to run and what must stay secret replaced.
fn headers_of(headers: &HeaderMap, without: &[&str]) -> String {
    let mut lines = BTreeSet::new();
    for (name, value) in headers {
        let value = value.to_str().unwrap();
        let value = match name.as_str() {
            name if without.contains(&name) => continue,
            "authorization" => "Bearer [the vendor's token]",
            "host" => "[the vendor's host]",
            "traceparent" => "[a child of the caller's or a new trace]",
            "user-agent" => &value.replace(env!("CARGO_PKG_VERSION"), "[version]"),
            "location" => "[elsewhere]",
            _ => value,
        };
        lines.insert(format!("{name}: {value}\n"));
    }
    lines.into_iter().collect()
}

/// The vendor's answer: the same request once more, which changes nothing, since updates are idempotent.
async fn answered(stage: &Stage, vendor: &str, update: &Received) -> String {
    let url = format!("http://{}{}", stage.simulator(vendor).addr(), update.path);
    let mut request = Request::builder().method(Method::PUT).uri(url);
    for name in ["authorization", "content-type", "accept"] {
        request = request.header(name, update.header(name).unwrap());
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request: Request<Full<Bytes>> = request.body(Full::new(update.body.clone())).unwrap();
    let Ok(response) = client.request(request).await else {
        return "<-- no answer: the connection was cut\n".to_owned();
    };
    let (head, body) = response.into_parts();
    let headers = headers_of(&head.headers, &["content-length", "date", "connection"]);
    let body = match body.collect().await.map(Collected::to_bytes) {
        Ok(body) if body.len() > 1 << 20 => "[more than 1 MiB]".to_owned(),
        Ok(body) if body.is_empty() => "[no body]".to_owned(),
        Ok(body) => lay_out(&body),
        Err(_) => "[a body that breaks off]".to_owned(),
    };
    format!("<-- {}\n{headers}{body}\n", head.status)
}
