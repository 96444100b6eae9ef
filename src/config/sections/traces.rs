//! `[traces]`: where the spans of requests go.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::config::types::base_url::BaseUrl;
use crate::config::types::duration;
use crate::config::types::pem::CertificateFile;
use crate::config::types::secret::Secret;
use crate::config::validate::name::NameRule;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "endpoint",
        Kind::Url,
        "Base URL of an OpenTelemetry collector (OTLP over HTTP, protobuf); no traces without this key.",
    ),
    Key::new(
        "sample_ratio",
        Kind::Ratio { zero: true },
        "The part of requests that is traced, of those whose caller has not decided it.",
    ),
    Key::new("timeout", Kind::Duration { zero: false }, "The time one export may take."),
    Key::new("service_name", Kind::Text, "What the collector calls this gateway: `service.name`."),
    Key::new(
        "resource",
        Kind::Pairs(NameRule::Attribute, &Kind::Text),
        "More attributes of this gateway, such as `deployment.environment.name`.",
    ),
    Key::new(
        "headers",
        Kind::Pairs(NameRule::Header, &Kind::Secret),
        "Headers of each export, their values as references.",
    ),
    Key::new(
        "ca_file",
        Kind::Path,
        "Issuers of the collector's certificate to trust instead of the public ones (PEM).",
    ),
]);

/// Traces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traces {
    /// The collector; no traces if `None`.
    pub endpoint: Option<BaseUrl>,
    /// From 0 to 1.
    pub sample_ratio: f64,
    /// The time one export may take.
    #[serde(serialize_with = "duration::serialize")]
    pub timeout: Duration,
    /// `service.name`.
    pub service_name: String,
    /// More attributes of the resource.
    pub resource: BTreeMap<String, String>,
    /// Headers of each export.
    pub headers: BTreeMap<String, Secret>,
    /// Issuers to trust instead of the public ones.
    pub ca_file: Option<CertificateFile>,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            endpoint: None,
            sample_ratio: 1.0,
            timeout: Duration::from_secs(10),
            service_name: "switchboard".into(),
            resource: BTreeMap::new(),
            headers: BTreeMap::new(),
            ca_file: None,
        }
    }
}

impl Traces {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let endpoint = reader.text("endpoint").and_then(|text| BaseUrl::parse(text).ok());
        let headers_reader = reader.table("headers");
        let mut headers = BTreeMap::new();
        for (name, _) in headers_reader.entries() {
            if let Some(secret) = headers_reader.secret(name, validator) {
                headers.insert(name.to_owned(), secret);
            }
        }
        if endpoint.as_ref().is_some_and(|url| !url.is_https() && !url.is_loopback()) && !headers.is_empty() {
            let (span, key) = (reader.span("endpoint"), reader.key_path.key("endpoint"));
            let message = format!("the secrets in `{}` would travel unencrypted", headers_reader.key_path);
            let help = "use an https:// address, or leave the headers out";
            validator.error(ProblemKind::Insecure, span, key, message, help);
        }
        let resource_reader = reader.table("resource");
        let pairs = resource_reader.entries().filter_map(|(name, entry)| Some((name, entry.node.as_text()?)));
        Self {
            endpoint,
            sample_ratio: reader.ratio("sample_ratio").unwrap_or(default.sample_ratio),
            timeout: reader.duration("timeout").unwrap_or(default.timeout),
            service_name: reader.text("service_name").map_or(default.service_name, str::to_owned),
            resource: pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            headers,
            ca_file: CertificateFile::issuers(reader, "ca_file", validator),
        }
    }
}
