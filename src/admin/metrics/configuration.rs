//! Metrics of the configuration: its generation, reloads and certificates.

use crate::telemetry::metrics::{Exposition, family};

use super::Sources;

pub(super) fn write(sources: &Sources<'_>, to: &mut Exposition) {
    let history = sources.reloader.history();
    to.family(family::CONFIG_GENERATION).value(sources.gateway.generation);
    let mut reloads = to.family(family::CONFIG_RELOADS);
    reloads.labelled(&["applied"], history.applied);
    reloads.labelled(&["refused"], history.refused);
    let successful = history.outcomes.front().is_none_or(|last| last.applied);
    to.family(family::CONFIG_LAST_RELOAD_OK).value(u8::from(successful));
    to.family(family::CONFIG_LAST_RELOAD_AT).value(history.in_force_since);
    let mut expiry = to.family(family::CERTIFICATE_EXPIRY);
    for certificate in &sources.gateway.certificates {
        expiry.labelled(&[&certificate.key], certificate.not_after);
    }
}
