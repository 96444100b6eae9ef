//! Metrics of callers' connections.

use crate::telemetry::metrics::{Exposition, family};

use super::Sources;

pub(super) fn write(sources: &Sources<'_>, to: &mut Exposition) {
    let listeners = [("api", &*sources.listeners.api), ("admin", &*sources.listeners.admin)];
    let mut open = to.family(family::CONNECTIONS);
    listeners.iter().for_each(|(listener, meters)| open.labelled(&[listener], meters.open()));
    let mut limit = to.family(family::CONNECTIONS_LIMIT);
    let max = sources.reloader.max_connections();
    listeners.iter().for_each(|(listener, _)| limit.labelled(&[listener], max));
    let mut accepted = to.family(family::CONNECTIONS_ACCEPTED);
    listeners.iter().for_each(|(listener, meters)| accepted.labelled(&[listener], meters.accepted.get()));
    let mut failed = to.family(family::CONNECTIONS_FAILED);
    for (listener, meters) in &listeners {
        for (reason, counter) in [
            ("accept", &meters.accept_failed),
            ("tls_handshake", &meters.handshake_failed),
            ("tls_timeout", &meters.handshake_late),
            ("limit", &meters.limit_reached),
        ] {
            failed.labelled(&[listener, reason], counter.get());
        }
    }
    let mut refused = to.family(family::REQUESTS_REFUSED);
    for (listener, meters) in &listeners {
        meters.rejected().for_each(|(reason, count)| refused.labelled(&[listener, reason], count));
    }
}
