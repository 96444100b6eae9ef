//! Metrics of the logs, the program and its process.

use crate::telemetry::metrics::{Exposition, Process, family};
use crate::telemetry::{SpanCounts, TelemetryHealth};

use super::Sources;

pub(super) fn write(sources: &Sources<'_>, to: &mut Exposition) {
    let TelemetryHealth { log, audit, traces } = sources.telemetry.health();
    let logs = [("log", log), ("audit", audit)].map(|(name, health)| Some((name, health?)));
    let mut lost = to.family(family::LINES_LOST);
    logs.iter().flatten().for_each(|(log, health)| lost.labelled(&[log], health.lost));
    let mut failing = to.family(family::LINES_FAILING);
    logs.iter().flatten().for_each(|(log, health)| failing.labelled(&[log], u8::from(health.failing.is_some())));
    let mut spans = to.family(family::SPANS);
    if let Some(SpanCounts { exported, dropped }) = traces {
        spans.labelled(&["exported"], exported);
        spans.labelled(&["dropped"], dropped);
    }
    to.family(family::BUILD_INFO).labelled(&[env!("CARGO_PKG_VERSION")], 1);
    let process = Process::read();
    let mut one = |family, value: Option<f64>| {
        let mut series = to.family(family);
        if let Some(value) = value {
            series.value(value);
        }
    };
    one(family::PROCESS_CPU, process.map(|process| process.cpu_seconds));
    one(family::PROCESS_RESIDENT, process.map(|process| process.resident_bytes as f64));
    one(family::PROCESS_VIRTUAL, process.map(|process| process.virtual_bytes as f64));
    one(family::PROCESS_THREADS, process.map(|process| process.threads as f64));
    one(family::PROCESS_FDS, process.map(|process| process.open_fds as f64));
    one(family::PROCESS_FDS_LIMIT, process.map(|process| process.max_fds as f64));
    one(family::PROCESS_START, process.map(|process| process.started));
}
