//! A caller of simulators.

use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Map, Value, json};
use simulators::{Options, Simulator, contracts};

/// Starts `vendor` with these faults.
pub(crate) async fn start(vendor: &str, faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|text| text.parse().expect(text)).collect();
    Simulator::start(vendor, Options { faults, ..Options::default() }).await.expect("a simulator")
}

/// Whether `vendor` uses the names of the legacy dialect.
pub(crate) fn is_legacy(vendor: &str) -> bool {
    contracts::schema(vendor).expect("a schema")["properties"].get("assistant_name").is_some()
}

/// The smallest body that makes an assistant at `vendor`, from its documentation: one value for each required field.
pub(crate) fn smallest_creation(vendor: &str) -> Value {
    let create = contracts::create(vendor).expect("a contract");
    let catalogs = contracts::catalogs(vendor).expect("catalogs");
    let model = if is_legacy(vendor) { "llm_model" } else { "llm_model_id" };
    let required = create["required"].as_array().expect("a list").iter().filter_map(Value::as_str);
    let value = |field: &str| match field {
        "voice_id" => json!(41),
        "language" => catalogs["languages"][0]["name"].clone(),
        "language_id" => json!(1),
        "llm_model" => catalogs["models"][0]["name"].clone(),
        "llm_model_id" => json!(3),
        "calls_direction" => json!("receive"),
        "type" => json!("inbound"),
        "engine_type" | "mode" => json!("pipeline"),
        "timezone" => json!("Europe/Brussels"),
        _ => json!("Front desk"),
    };
    required.chain([model]).map(|field| (field.to_owned(), value(field))).collect::<Map<_, _>>().into()
}

/// A response, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// A header's text, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

/// Builds a request; by default as a well-behaved caller sends it.
pub(crate) struct Call {
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(simulator: &Simulator, method: &'static str, path: &str) -> Self {
        let headers = vec![
            ("authorization", format!("Bearer {}", simulator.token())),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json".to_owned()),
        ];
        Self { method, url: format!("{}{path}", simulator.base_url()), headers, body: Bytes::new() }
    }

    /// An update of assistant `id`.
    pub(crate) fn update(simulator: &Simulator, id: u64, body: impl ToString) -> Self {
        Self::new(simulator, "PUT", &format!("/user/assistant/{id}")).body(body.to_string())
    }

    /// A creation.
    pub(crate) fn create(simulator: &Simulator, body: impl ToString) -> Self {
        Self::new(simulator, "POST", "/user/assistant").body(body.to_string())
    }

    /// The same with another value of a header; without it if the value is empty.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.headers.push((name, value.to_owned()));
        }
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The response, or the error that prevented it.
    pub(crate) async fn attempt(self) -> Result<Answer, Box<dyn std::error::Error>> {
        let mut request = Request::builder().method(self.method).uri(self.url);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let (parts, body) = client.request(request.body(Full::new(self.body))?).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// The response.
    pub(crate) async fn send(self) -> Answer {
        self.attempt().await.expect("an answer")
    }
}
