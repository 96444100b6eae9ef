//! The configuration of logs, audit and traces as telemetry's settings.

use std::sync::Arc;

use uuid::Uuid;

use crate::config::{self, Settings};
use crate::telemetry::settings::{
    AuditSettings, Collector, Export, Fsync, LogFormat, LogSettings, TelemetrySettings, TracesSettings,
};
use crate::value::Fingerprint;

use super::collector::HttpCollector;

/// All of them.
pub(crate) fn telemetry(settings: &Settings) -> TelemetrySettings {
    TelemetrySettings { log: log(&settings.log), audit: audit(&settings.audit), traces: traces(&settings.traces) }
}

/// Those of the log, which starts before everything else.
pub(crate) fn log(log: &config::Log) -> LogSettings {
    LogSettings {
        format: match log.format {
            config::LogFormat::Auto => LogFormat::Auto,
            config::LogFormat::Json => LogFormat::Json,
            config::LogFormat::Text => LogFormat::Text,
        },
        directives: log.directives().to_owned(),
        file: log.file.clone(),
    }
}

fn audit(audit: &config::Audit) -> Option<AuditSettings> {
    Some(AuditSettings {
        file: audit.file.clone()?,
        rotate_bytes: audit.rotate_bytes,
        keep: audit.keep,
        fsync: match audit.fsync {
            config::Fsync::Never => Fsync::Never,
            config::Fsync::Interval => Fsync::Interval,
            config::Fsync::Always => Fsync::Always,
        },
    })
}

fn traces(traces: &config::Traces) -> Option<TracesSettings> {
    let endpoint = format!("{}/v1/traces", traces.endpoint.as_ref()?.as_str());
    let issuers = traces.ca_file.as_ref().map(|file| file.pem.as_bytes()).unwrap_or_default();
    let hidden: Vec<_> = traces.headers.values().map(|secret| secret.expose().as_bytes()).chain([issuers]).collect();
    let other_ratio = config::Traces { sample_ratio: 0.0, ..traces.clone() };
    let (settings, to) = (traces.clone(), endpoint.clone());
    let connect = move || Ok(Arc::new(HttpCollector::new(&to, &settings)?) as Arc<dyn Export>);
    let collector = Collector {
        endpoint,
        resource: resource(traces),
        fingerprint: Fingerprint::of(&other_ratio, &hidden),
        connect: Box::new(connect),
    };
    Some(TracesSettings { sample_ratio: traces.sample_ratio, collector })
}

fn resource(traces: &config::Traces) -> Vec<(String, String)> {
    let own = [
        ("service.name", traces.service_name.clone()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", Uuid::new_v4().to_string()),
    ];
    let own = own.into_iter().filter(|(key, _)| !traces.resource.contains_key(*key));
    let set = traces.resource.iter().map(|(key, text)| (key.clone(), text.clone()));
    own.map(|(key, text)| (key.to_owned(), text)).chain(set).collect()
}
