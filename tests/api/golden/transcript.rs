//! One exchange as text: what the caller sends, what the vendor gets and answers, and what the caller gets.

use std::collections::BTreeSet;
use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Collected, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use simulators::Received;
use vendors::json::lay_out;

use crate::support::case::Exchange;
use crate::support::{Reply, Stage};

/// A part of an exchange; two exchanges are compared part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What the caller sends.
    Call,
    /// What the gateway reads from the vendor, before it writes if it does.
    Reads,
    /// The write as the vendor gets it.
    VendorRequest,
    /// What the vendor answers to it.
    VendorResponse,
    /// What the gateway reads from the vendor after it has written.
    ReadsAfter,
    /// What the caller gets.
    Reply,
}

impl Part {
    pub(crate) const ALL: [Self; 6] =
        [Self::Call, Self::Reads, Self::VendorRequest, Self::VendorResponse, Self::ReadsAfter, Self::Reply];
}

/// An exchange, part by part.
pub(crate) struct Transcript {
    pub(crate) name: String,
    parts: Vec<(Part, String)>,
}

/// What went before in a chain of exchanges, each of which finds what the one before it left.
#[derive(Default)]
pub(crate) struct Before {
    writes: Vec<Received>,
    reply: Option<Reply>,
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

    /// Plays an exchange on a stage whose vendor has received nothing but what was written `before`.
    pub(crate) async fn play(stage: &Stage, vendor: &str, exchange: &Exchange, before: &mut Before) -> Self {
        let simulator = stage.simulator(vendor);
        let faults: Vec<_> = exchange.faults.iter().map(String::as_str).collect();
        simulator.clear();
        stage.fail(vendor, &faults);
        let call = call(vendor, exchange, before.reply.as_ref());
        let headers = headers(exchange);
        let reply = reply(stage, &call, &headers, exchange.update.clone()).await;
        let received = simulator.received();
        let (reads, writes): (Vec<_>, Vec<_>) = received.into_iter().partition(|request| request.method == "GET");
        let written = writes.first().map_or(u64::MAX, |write| write.sequence);
        let (reads, after): (Vec<_>, Vec<_>) = reads.into_iter().partition(|read| read.sequence < written);

        let mut parts = vec![(Part::Call, called(&call, &headers, &exchange.update))];
        if reads.is_empty() && writes.is_empty() {
            parts.push((Part::VendorRequest, "--> nothing was sent to the vendor\n".to_owned()));
        }
        if !reads.is_empty() {
            parts.push((Part::Reads, read(reads)));
        }
        if let Some(write) = writes.first() {
            for other in &writes {
                assert_eq!((&other.path, &other.body), (&write.path, &write.body), "attempts are the same request");
            }
            parts.push((Part::VendorRequest, sent(write, writes.len())));
            parts.push((Part::VendorResponse, answered(stage, vendor, (write, &faults), &before.writes).await));
            before.writes.push(write.clone());
        }
        if !after.is_empty() {
            parts.push((Part::ReadsAfter, read(after)));
        }
        parts.push((Part::Reply, replied(&reply)));
        let host = simulator.addr().to_string();
        parts.iter_mut().for_each(|(_, text)| *text = text.replace(&host, "[the vendor's host]"));
        if let Some(tag) = reply.header("etag").map(|tag| tag.trim_matches('"')) {
            parts.iter_mut().for_each(|(_, text)| *text = text.replace(tag, "[the tag of the state]"));
        }
        before.reply = Some(reply);
        Self { name: exchange.name.clone(), parts }
    }
}

/// Method and target of an exchange.
fn call(vendor: &str, exchange: &Exchange, before: Option<&Reply>) -> String {
    let call = exchange.call.replace("{vendor}", vendor);
    let documented: Value = serde_json::from_str(simulators::contracts::find(vendor).unwrap().assistants).unwrap();
    let call = call.replace("{sample}", &documented["body"]["data"][0]["id"].to_string());
    match before.map(Reply::json) {
        Some(before) => call.replace("{cursor}", before["next_cursor"].as_str().unwrap_or_default()),
        None => call,
    }
}

pub(super) fn headers(exchange: &Exchange) -> Vec<(&str, String)> {
    let further = exchange.headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
    further.chain(exchange.handling.iter().map(|handling| ("prefer", format!("handling={handling}")))).collect()
}

pub(super) async fn reply(stage: &Stage, call: &str, headers: &[(&str, String)], update: String) -> Reply {
    let (method, target) = call.split_once(' ').unwrap();
    let mut all = vec![("x-request-id", "golden")];
    all.extend((!update.is_empty()).then_some(("content-type", "application/json")));
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    stage.call(method.parse().unwrap(), target, &all, update).await
}

pub(super) fn called(call: &str, headers: &[(&str, String)], update: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = if update.is_empty() { String::new() } else { format!("{}\n", lay_out(update.as_bytes())) };
    format!("{call}\n{headers}{body}")
}

fn read(mut reads: Vec<Received>) -> String {
    reads.sort_by(|one, other| (&one.path, &one.query).cmp(&(&other.path, &other.query)));
    let query = |read: &Received| read.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let lines: Vec<_> =
        reads.iter().map(|read| format!("--> {} {}{}\n", read.method, read.path, query(read))).collect();
    lines.join("\n")
}

fn sent(update: &Received, times: usize) -> String {
    let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
    let headers = headers_of(&update.headers, &["content-length"]);
    let body = if update.body.is_empty() { "[no body]".to_owned() } else { lay_out(&update.body) };
    format!("--> {} {}{times}\n{headers}{body}\n", update.method, update.path)
}

pub(super) fn replied(reply: &Reply) -> String {
    let headers = headers_of(&reply.headers, &["content-length", "date", "x-request-id"]);
    format!("<== {}\n{headers}{}\n", reply.status, lay_out(&reply.body))
}

/// Headers by name, with what differs from run to run and what must stay secret replaced.
pub(super) fn headers_of(headers: &HeaderMap, without: &[&str]) -> String {
    let mut lines = BTreeSet::new();
    for (name, value) in headers {
        let value = value.to_str().unwrap();
        let value = match name.as_str() {
            name if without.contains(&name) => continue,
            "authorization" => "Bearer [the vendor's token]",
            "xi-api-key" => "[the vendor's token]",
            "host" => "[the vendor's host]",
            "traceparent" => "[a child of the caller's or a new trace]",
            "user-agent" => &value.replace(env!("CARGO_PKG_VERSION"), "[version]"),
            "location" if value.contains("://") => "[elsewhere]",
            _ => value,
        };
        lines.insert(format!("{name}: {value}\n"));
    }
    lines.into_iter().collect()
}

/// The vendor's answer: the same request once more, to the account as it was before.
async fn answered(stage: &Stage, vendor: &str, (write, faults): (&Received, &[&str]), before: &[Received]) -> String {
    stage.simulator(vendor).reset();
    for earlier in before {
        let _ = again(stage, vendor, earlier).await;
    }
    stage.fail(vendor, faults);
    again(stage, vendor, write).await
}

/// What the vendor answers to a request.
pub(super) async fn again(stage: &Stage, vendor: &str, sent: &Received) -> String {
    let query = sent.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("http://{}{}{query}", stage.simulator(vendor).addr(), sent.path);
    let mut request = Request::builder().method(sent.method.as_str()).uri(url);
    for name in ["authorization", "xi-api-key", "content-type", "accept"] {
        let value = sent.header(name).or((name != "xi-api-key").then_some(""));
        request = value.into_iter().fold(request, |request, value| request.header(name, value));
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request: Request<Full<Bytes>> = request.body(Full::new(sent.body.clone())).unwrap();
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
