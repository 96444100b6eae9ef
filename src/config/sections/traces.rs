//! `[traces]`: where the spans of requests go, and where people look at them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use vendors::nearest;

use crate::config::types::base_url::BaseUrl;
use crate::config::types::duration;
use crate::config::types::pem::CertificateFile;
use crate::config::types::secret::{HeaderSecret, Secret};
use crate::config::validate::name::NameRule;
use crate::config::validate::problem::{Location, ProblemKind};
use crate::config::validate::shape::{Key, Kind, Section, one_of};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

/// What stands for the id of a trace in `ui`.
const TRACE_ID: &str = "{trace_id}";
/// OpenTelemetry's variable for the whole URL, to which nothing is added.
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// OpenTelemetry's variables for keys of this section, the first of them that is set.
pub(crate) const VARIABLES: [(&str, &[&str]); 3] = [
    ("endpoint", &[TRACES_ENDPOINT, "OTEL_EXPORTER_OTLP_ENDPOINT"]),
    ("timeout", &["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]),
    ("service_name", &["OTEL_SERVICE_NAME"]),
];

/// Those for headers, which the exporter reads.
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];

/// That for the sampler, which the exporter reads as well, and the values that it knows.
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "endpoint",
        Kind::Url,
        "URL of an OpenTelemetry collector (OTLP over HTTP, protobuf); `/v1/traces` is added unless it ends with it.",
    ),
    Key::new(
        "sample_ratio",
        Kind::Ratio { zero: true },
        "The part of requests that is traced, of those whose caller has not decided it.",
    ),
    Key::new(
        "timeout",
        Kind::Duration { zero: false },
        "The time one request to the collector may take; no retry starts later.",
    ),
    Key::new("service_name", Kind::Text, "What the collector calls this gateway: `service.name`."),
    Key::new(
        "resource",
        Kind::Pairs(NameRule::Attribute, &Kind::Text),
        "More attributes of this gateway, such as `deployment.environment.name`.",
    ),
    Key::new(
        "headers",
        Kind::Pairs(NameRule::Header, &Kind::Secret),
        "Headers of each export, their whole values as references, such as `Bearer …`.",
    ),
    Key::new(
        "ca_file",
        Kind::Path,
        "Issuers of the collector's certificate to trust instead of the public ones (PEM).",
    ),
    Key::new("ui", Kind::Text, "The address of a trace for people, with `{trace_id}` in it: the console's links."),
]);

/// Traces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traces {
    /// The collector; no traces if `None`.
    pub endpoint: Option<BaseUrl>,
    /// Whether the endpoint is the whole URL of `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
    #[serde(skip)]
    pub(crate) whole_url: bool,
    /// From 0 to 1; `None` leaves it to `OTEL_TRACES_SAMPLER`.
    pub sample_ratio: Option<f64>,
    /// The time one request to the collector may take; no retry starts later.
    #[serde(serialize_with = "duration::serialize")]
    pub timeout: Duration,
    /// `service.name`; `None` leaves it to `OTEL_RESOURCE_ATTRIBUTES`.
    pub service_name: Option<String>,
    /// More attributes of the resource.
    pub resource: BTreeMap<String, String>,
    /// Headers of each export.
    pub headers: BTreeMap<String, Secret>,
    /// Issuers to trust instead of the public ones.
    pub ca_file: Option<CertificateFile>,
    /// The address of a trace for people, with `{trace_id}` in it.
    pub ui: Option<String>,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            endpoint: None,
            whole_url: false,
            sample_ratio: None,
            timeout: Duration::from_secs(10),
            service_name: None,
            resource: BTreeMap::new(),
            headers: BTreeMap::new(),
            ca_file: None,
            ui: None,
        }
    }
}

impl Traces {
    /// The URL that exports are sent to.
    pub(crate) fn url(&self) -> Option<String> {
        let endpoint = self.endpoint.as_ref()?.as_str();
        let path = if self.whole_url || endpoint.ends_with("/v1/traces") { "" } else { "/v1/traces" };
        Some(format!("{endpoint}{path}"))
    }

    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let endpoint = reader.text("endpoint").and_then(|text| BaseUrl::parse(text).ok());
        let headers_reader = reader.table("headers");
        let mut headers = BTreeMap::new();
        for (name, _) in headers_reader.entries() {
            if let Some(HeaderSecret(value)) = headers_reader.secrets(name, validator).pop() {
                headers.insert(name.to_owned(), value);
            }
        }
        let (span, key) = (reader.span("endpoint"), reader.key_path.key("endpoint"));
        let exposed = endpoint.as_ref().is_some_and(|url| !url.is_https() && !url.is_loopback());
        let variable = |name: &&str| validator.environment.get(name).is_some_and(|value| !value.is_empty());
        let secrets = if headers.is_empty() { HEADERS.into_iter().find(variable) } else { Some("traces.headers") };
        if let Some(secrets) = secrets.filter(|_| exposed) {
            let message = format!("the secrets in `{secrets}` would travel unencrypted");
            let help = "use an https:// address, or leave the headers out";
            validator.error(ProblemKind::Insecure, span, key, message, help);
        }
        check_sampler(endpoint.is_some() && reader.node("sample_ratio").is_none(), validator);
        let resource_reader = reader.table("resource");
        let pairs = resource_reader.entries().filter_map(|(name, entry)| Some((name, entry.node.as_text()?)));
        Self {
            endpoint,
            whole_url: validator.sources.location(span) == Location::Variable { name: TRACES_ENDPOINT.to_owned() },
            sample_ratio: reader.ratio("sample_ratio"),
            timeout: reader.duration("timeout").unwrap_or(default.timeout),
            service_name: reader.text("service_name").map(str::to_owned),
            resource: pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            headers,
            ca_file: CertificateFile::issuers(reader, "ca_file", validator),
            ui: ui(reader, validator),
        }
    }
}

/// A sampler that does not exist samples everything, which is seldom what was meant.
fn check_sampler(is_read: bool, validator: &mut Validator<'_>) {
    let environment = validator.environment;
    let set = |name: &str| environment.get(name).filter(|value| is_read && !value.is_empty());
    let mut warn = |name: &str, message: String, help: String| {
        let span = validator.sources.add_variable(name);
        validator.warn(ProblemKind::BadValue, span, "traces.sample_ratio", message, help);
    };
    let Some(sampler) = set(SAMPLER) else { return };
    if !SAMPLERS.contains(&sampler) {
        let message = format!(
            "`{SAMPLER}` names no sampler of this gateway, so that all requests are traced whose caller has not decided it"
        );
        let help = nearest(sampler, SAMPLERS).map_or_else(
            || format!("write {}, or set `traces.sample_ratio`", one_of(SAMPLERS)),
            |near| format!("did you mean `{near}`?"),
        );
        return warn(SAMPLER, message, help);
    }
    let is_ratio = |text: &str| text.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio));
    if sampler.ends_with("traceidratio") && set(SAMPLER_RATIO).is_some_and(|ratio| !is_ratio(ratio)) {
        let message = format!("`{SAMPLER_RATIO}` is no number from 0 to 1");
        warn(SAMPLER_RATIO, message, "write such as 0.1, or set `traces.sample_ratio`".to_owned());
    }
}

/// A link has to lead to a page, whatever the id.
fn ui(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<String> {
    let text = reader.text("ui")?;
    let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    if !is_web || !text.contains(TRACE_ID) || text.chars().any(|letter| letter.is_control() || letter == ' ') {
        let help = "write the address as the browser shows it for a trace, with `{trace_id}` in the place of its id";
        let message = "must be an http or https address with `{trace_id}` in it";
        validator.report(reader.error("ui", ProblemKind::BadValue, message).help(help));
        return None;
    }
    Some(text.to_owned())
}
