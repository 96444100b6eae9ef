//! The configuration in force, its reloads and its certificates.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::Settings;
use crate::telemetry::metrics::{Exposition, family};

use super::Sources;

pub(super) fn write(sources: &Sources<'_>, to: &mut Exposition) {
    let history = sources.reloader.history();
    to.family(family::CONFIG_GENERATION).value(sources.gateway.generation);
    let mut reloads = to.family(family::CONFIG_RELOADS);
    reloads.labelled(&["applied"], history.applied);
    reloads.labelled(&["refused"], history.refused);
    let successful = history.last.is_none_or(|last| last.applied);
    to.family(family::CONFIG_LAST_RELOAD_OK).value(u8::from(successful));
    to.family(family::CONFIG_LAST_RELOAD_AT).value(history.in_force_since);
    let mut expiry = to.family(family::CERTIFICATE_EXPIRY);
    for (key, pem) in chains(&sources.gateway.settings) {
        if let Some(not_after) = first_expiry(pem) {
            expiry.labelled(&[&key], not_after);
        }
    }
}

/// Our own certificate chains, by the key of the configuration that names them.
fn chains(settings: &Settings) -> impl Iterator<Item = (String, &str)> {
    let server = settings.server.tls.iter().map(|tls| ("server.tls".to_owned(), tls.identity.cert.pem.as_str()));
    let vendors = settings.vendors.iter().filter_map(|(name, vendor)| {
        let identity = vendor.tls.client_certificate.as_ref()?;
        Some((format!("vendors.{name}.client_certificate"), identity.cert.pem.as_str()))
    });
    server.chain(vendors)
}

/// When the first certificate of a chain expires, in seconds since 1970.
fn first_expiry(pem: &str) -> Option<i64> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes());
    chain
        .filter_map(|certificate| {
            let der = certificate.ok()?;
            let (_, certificate) = X509Certificate::from_der(&der).ok()?;
            Some(certificate.validity().not_after.timestamp())
        })
        .min()
}
