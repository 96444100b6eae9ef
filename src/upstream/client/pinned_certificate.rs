//! Accepts a certificate that an authority in `ca_file` has issued, and also the very certificates that `ca_file` holds.
//!
//! A vendor that made its certificate with one command shows a certificate that is its own authority. As an issuer such a
//! certificate is known, but a server must not show an issuer's certificate as its own, so the usual check refuses it.

use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use crate::value::verifier;

/// The usual check, and beside it the certificates that are accepted as they are.
pub(super) fn issued_or_pinned(
    provider: &CryptoProvider,
    issued: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
) -> Arc<dyn ServerCertVerifier> {
    verifier(provider, move |shown, intermediates, name, ocsp, now| {
        let verified = issued.verify_server_cert(shown, intermediates, name, ocsp, now);
        if verified.is_ok() || !pinned.contains(shown) {
            return verified.map(drop);
        }
        check_times(shown, now)?;
        verify_server_name(&ParsedCertificate::try_from(shown)?, name)
    })
}

fn check_times(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let certificate = CertificateInner::<Raw>::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let (now, validity) = (Duration::from_secs(now.as_secs()), certificate.tbs_certificate().validity());
    if now < validity.not_before.to_unix_duration() {
        Err(CertificateError::NotValidYet)
    } else if now > validity.not_after.to_unix_duration() {
        Err(CertificateError::Expired)
    } else {
        Ok(())
    }
}
