//! A gateway in this process with simulators behind it, on free ports, and a client that reads whole answers.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this")]

pub mod case;
pub mod collector;
pub mod events;
pub mod eventually;
pub mod exposition;
pub mod process;
pub mod raw;
pub mod stub;

pub use eventually::{PATIENCE, eventually};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use simulators::{Fault, Options, Received, Simulator};
use switchboard::app::App;
use switchboard::config::{self, Environment};

/// A running gateway and what is behind it.
pub struct Stage {
    pub app: App,
    pub simulators: Vec<Simulator>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("none").to_owned()
    }

    /// Asserts that this is a problem with that code, whole and consistent, and gives its body.
    #[track_caller]
    pub fn problem(&self, code: &str) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["code"], code, "{body:#}");
        assert_eq!(body["status"], self.status.as_u16(), "{body:#}");
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        for member in ["title", "detail", "instance", "fault", "retryable", "outcome"] {
            assert!(!body[member].is_null(), "{member} is missing: {body:#}");
        }
        body
    }
}

impl Stage {
    /// All five simulators, each as a vendor of its name, default vendor `autocalls`, no authentication, and whatever
    /// `extra` adds to the configuration.
    pub async fn with(extra: &str) -> Self {
        Self::edited(extra, |text| text).await
    }

    /// The same with the configuration's text changed by `edit` at last.
    pub async fn edited(extra: &str, edit: impl FnOnce(String) -> String) -> Self {
        Self::of(&simulators::NAMES, extra, edit).await
    }

    /// The same with some vendors only.
    pub async fn of(vendors: &[&str], extra: &str, edit: impl FnOnce(String) -> String) -> Self {
        Self::listing(0, vendors, extra, edit).await
    }

    /// The same with so many assistants in each vendor's list from the start.
    pub async fn listing(assistants: u64, vendors: &[&str], extra: &str, edit: impl FnOnce(String) -> String) -> Self {
        let mut simulators = Vec::new();
        for vendor in vendors {
            let options = Options { strict: true, assistants, ..Options::default() };
            simulators.push(Simulator::start(vendor, options).await.unwrap());
        }
        let app = start(&edit(configuration(&simulators, extra)), &simulators).await;
        Self { app, simulators, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub async fn new() -> Self {
        Self::with("").await
    }

    /// A running gateway in front of something else than simulators.
    pub fn around(app: App) -> Self {
        Self { app, simulators: Vec::new(), client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub fn simulator(&self, vendor: &str) -> &Simulator {
        self.simulators.iter().find(|simulator| simulator.vendor() == vendor).unwrap()
    }

    pub fn fail(&self, vendor: &str, faults: &[&str]) {
        let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
        self.simulator(vendor).set_faults(faults);
    }

    /// The updates that a vendor has received, catalogs left out.
    pub fn updates(&self, vendor: &str) -> Vec<Received> {
        let received = self.simulator(vendor).received();
        received.into_iter().filter(|request| request.method == "PUT").collect()
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Reply {
        let response = self.client.request(request).await.unwrap();
        let (head, body) = response.into_parts();
        Reply { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.api())
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(self.url(path)).body(Full::default()).unwrap()).await
    }

    pub async fn admin(&self, method: Method, path: &str) -> Reply {
        let url = format!("http://{}{path}", self.app.admin());
        self.send(Request::builder().method(method).uri(url).body(Full::default()).unwrap()).await
    }

    /// A `PUT` of a JSON text to an assistant.
    pub async fn put(&self, assistant: &str, body: impl Into<Bytes>) -> Reply {
        self.put_with(assistant, &[], body).await
    }

    pub async fn put_with(&self, assistant: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let json = [("content-type", "application/json")];
        let headers: Vec<_> = json.iter().chain(headers).copied().collect();
        self.call(Method::PUT, &format!("/v1/assistants/{assistant}"), &headers, body).await
    }

    /// Any request, with these headers and no others.
    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    /// The one update that a vendor has received.
    #[track_caller]
    pub fn only_update(&self, vendor: &str) -> Received {
        let mut updates = self.updates(vendor);
        assert_eq!(updates.len(), 1, "{vendor}: {updates:#?}");
        updates.remove(0)
    }

    /// Asserts that no vendor has received anything at all.
    #[track_caller]
    pub fn assert_nothing_sent(&self) {
        for simulator in &self.simulators {
            assert!(simulator.received().is_empty(), "{}: {:#?}", simulator.vendor(), simulator.received());
        }
    }

    pub fn clear(&self) {
        self.simulators.iter().for_each(Simulator::clear);
    }

    /// The same simulators behind a new gateway; `extra` is what [`Stage::with`] was given.
    pub async fn restart(self, extra: &str) -> Self {
        let Self { app, simulators, client } = self;
        app.stop().await;
        let app = start(&configuration(&simulators, extra), &simulators).await;
        Self { app, simulators, client }
    }

    pub async fn stop(self) {
        self.app.stop().await;
        for simulator in self.simulators {
            simulator.stop().await;
        }
    }
}

/// Starts a gateway in this process from a configuration text; simulators' tokens are in its environment.
pub async fn start(text: &str, simulators: &[Simulator]) -> App {
    let environment: Environment = tokens(simulators).into_iter().collect();
    let settings = config::load_text(text, &environment).unwrap_or_else(|problems| panic!("{problems}"));
    App::start(settings, None, None).await.unwrap()
}

/// The simulators' tokens, in the variables where [`configuration`] looks for them.
pub fn tokens(simulators: &[Simulator]) -> Vec<(String, String)> {
    simulators.iter().map(|simulator| (variable(simulator.vendor()), simulator.token().to_owned())).collect()
}

fn variable(vendor: &str) -> String {
    format!("TOKEN_{}", vendor.to_uppercase())
}

/// Tests that let one assistant's updates fail in many ways do not wait after each of them.
pub const UNSETTLED: &str = "settle_after_unknown = \"0s\"\n";

/// Each simulator as a vendor of its name, on free ports, and whatever `extra` adds.
pub fn configuration(simulators: &[Simulator], extra: &str) -> String {
    let mut text = String::from("[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n");
    if !extra.contains("[auth]") {
        text.push_str("[auth]\nmode = \"none\"\n");
    }
    if !extra.contains("[routing]") {
        let default = simulators.first().map_or("autocalls", Simulator::vendor);
        text.push_str(&format!("[routing]\ndefault_vendor = \"{default}\"\n"));
    }
    for simulator in simulators {
        let (vendor, url, token) = (simulator.vendor(), simulator.base_url(), variable(simulator.vendor()));
        text.push_str(&format!("[vendors.{vendor}]\nbase_url = \"{url}\"\ntoken = {{ env = \"{token}\" }}\n"));
        text.push_str(UNSETTLED);
    }
    text + extra
}
