//! Golden exchanges of the vendors of other families: every request of a plan, in its order, with its answer.
//!
//! The answer to a read is the sample account's own document, which `vendors/contracts/<vendor>/seeds.json` has; of it and of
//! what a write makes of it, only the differences are shown.

use std::fmt::Write;

use serde_json::Value;
use similar::TextDiff;
use simulators::{FAMILIES, Received};
use vendors::json::lay_out;

use crate::support::Stage;
use crate::support::case::{Case, Exchange, directory};

use super::FAST;
use super::transcript::{again, called, headers, headers_of, replied, reply};

pub(crate) const CASES: [&str; 2] = ["documents_updated", "documents_created"];

/// Answers with more lines are shown as a difference.
const LONG: usize = 40;

#[tokio::test]
async fn documents_updated() {
    play(CASES[0]).await;
}

#[tokio::test]
async fn documents_created() {
    play(CASES[1]).await;
}

async fn play(name: &str) {
    let case = Case::read(name);
    for vendor in FAMILIES {
        let config = case.config(vendor) + &FAST.replace("{vendor}", vendor);
        let mut shown = String::new();
        for exchange in case.exchanges(vendor) {
            // Each finds a gateway that has neither seen the vendor fail nor read its catalogs.
            let stage = Stage::of(&[vendor], &config, |text| text).await;
            write!(shown, "=== {}\n\n{}\n", exchange.name, played(&stage, vendor, &exchange).await).unwrap();
            stage.stop().await;
        }
        insta::with_settings!({
            snapshot_path => directory(),
            prepend_module_to_snapshot => false,
            omit_expression => true,
            description => case.about.as_str(),
        }, {
            insta::assert_snapshot!(format!("{name}.{vendor}"), shown);
        });
    }
}

/// The whole exchange.
async fn played(stage: &Stage, vendor: &str, exchange: &Exchange) -> String {
    let simulator = stage.simulator(vendor);
    let faults: Vec<_> = exchange.faults.iter().map(String::as_str).collect();
    let call = exchange.call.replace("{vendor}", vendor).replace("{sample}", &simulator.ids()[0]);
    let headers = headers(exchange);
    stage.fail(vendor, &faults);
    let reply = reply(stage, &call, &headers, exchange.update.clone()).await;
    let received = simulator.received();
    let mut out = called(&call, &headers, &exchange.update) + "\n";
    // The vendor's answers: the same requests once more, to the account as it was before.
    simulator.reset();
    stage.fail(vendor, &faults);
    for request in &received {
        let before = document_of(stage, vendor, request);
        let answer = again(stage, vendor, request).await;
        writeln!(out, "{}", sent(request)).unwrap();
        writeln!(out, "{}", shortened(&answer, before.as_ref())).unwrap();
    }
    if received.is_empty() {
        out.push_str("--> nothing was sent to the vendor\n\n");
    }
    out += &replied(&reply);
    let out = out.replace(&simulator.addr().to_string(), "[the vendor's host]");
    out.lines().map(|line| stable(line) + "\n").collect()
}

/// A line of what a dry run shows, without what differs from run to run.
fn stable(line: &str) -> String {
    let line = line.replace(concat!("switchboard/", env!("CARGO_PKG_VERSION")), "switchboard/[version]");
    match line.split_once("\"traceparent\": ") {
        Some((before, _)) => format!("{before}\"traceparent\": \"[a new trace]\""),
        None => line,
    }
}

fn sent(request: &Received) -> String {
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let line = format!("--> {} {}{query}\n", request.method, request.path);
    if request.body.is_empty() {
        return line;
    }
    format!("{line}{}{}\n", headers_of(&request.headers, &["content-length"]), lay_out(&request.body))
}

/// The object that the path of a request names, as it is stored.
fn document_of(stage: &Stage, vendor: &str, request: &Received) -> Option<Value> {
    stage.simulator(vendor).document(request.path.rsplit('/').next()?)
}

/// A long answer as its difference from what was stored.
fn shortened(answer: &str, before: Option<&Value>) -> String {
    let (head, body) = answer.split_once("\n{").unwrap_or((answer, ""));
    let Some(before) = before.filter(|_| answer.lines().count() > LONG) else { return answer.to_owned() };
    let (before, body) = (lay_out(before.to_string().as_bytes()), format!("{{{}", body.trim_end()));
    if before == body {
        return format!("{head}\n[as it is stored]\n");
    }
    let difference = TextDiff::from_lines(&before, &body);
    let mut out = format!("{head}\n[as it was stored, but for]\n");
    difference.unified_diff().context_radius(0).iter_hunks().for_each(|hunk| write!(out, "{hunk}").unwrap());
    out
}
