//! The configuration of logs, audit and traces as telemetry's settings.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry_http::HttpClient;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::EnvResourceDetector;
use uuid::Uuid;

use crate::config::{self, Settings};
use crate::telemetry::settings::{AuditSettings, Collector, LogSettings, TelemetrySettings, TracesSettings};
use crate::value::Fingerprint;

use super::collector::HttpCollector;

/// The target of the line that says where the gateway listens, which is written whatever the filter says.
pub(crate) const START: &str = "switchboard::start";

/// All of them.
pub(crate) fn telemetry(settings: &Settings) -> TelemetrySettings {
    TelemetrySettings {
        log: log(&settings.log),
        audit: audit(&settings.audit),
        traces: traces(&settings.traces),
        requests: usize::try_from(settings.console.requests).unwrap_or_default(),
    }
}

/// Those of the log, which starts before everything else.
pub(crate) fn log(log: &config::Log) -> LogSettings {
    LogSettings { format: log.format, directives: format!("{},{START}=info", log.directives()), file: log.file.clone() }
}

fn audit(audit: &config::Audit) -> Option<AuditSettings> {
    let config::Audit { rotate_bytes, keep, fsync, .. } = *audit;
    Some(AuditSettings { file: audit.file.clone()?, rotate_bytes, keep, fsync })
}

fn traces(traces: &config::Traces) -> Option<TracesSettings> {
    let endpoint = traces.url()?;
    let issuers = traces.ca_file.as_ref().map(|file| file.pem.as_bytes()).unwrap_or_default();
    let hidden: Vec<_> = traces.headers.values().map(|secret| secret.expose().as_bytes()).chain([issuers]).collect();
    let other_ratio = config::Traces { sample_ratio: None, ui: None, ..traces.clone() };
    let (settings, to) = (traces.clone(), endpoint.clone());
    let connect = move || Ok(Arc::new(HttpCollector::new(&to, &settings)?) as Arc<dyn HttpClient>);
    let collector = Collector {
        endpoint,
        timeout: traces.timeout,
        resource: resource(traces),
        fingerprint: Fingerprint::of(&other_ratio, &hidden),
        connect: Box::new(connect),
    };
    Some(TracesSettings { sample_ratio: traces.sample_ratio, collector })
}

/// What comes later wins.
fn resource(traces: &config::Traces) -> Resource {
    let pair = |(key, text): (&String, &String)| KeyValue::new(key.clone(), text.clone());
    Resource::builder_empty()
        .with_service_name("switchboard")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", Uuid::new_v4().to_string()))
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attributes(traces.service_name.clone().map(|name| KeyValue::new("service.name", name)))
        .with_attributes(traces.resource.iter().map(pair))
        .build()
}
