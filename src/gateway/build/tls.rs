//! TLS settings for vendors, and when the gateway's own certificates expire.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use crate::config::{self, Settings};
use crate::gateway::CertificateExpiry;
use crate::upstream::{ClientIdentity, PemFile, UpstreamTlsError, VendorTls};

/// The configuration as the HTTP client's settings.
pub(super) fn vendor_tls(tls: &config::VendorTls) -> Result<VendorTls, UpstreamTlsError> {
    let identity = |identity: &config::Identity| {
        Ok::<_, UpstreamTlsError>(ClientIdentity { chain: pem(&identity.cert), key: identity.key.signing_key()? })
    };
    Ok(VendorTls {
        roots: tls.roots,
        issuers: tls.ca_file.as_ref().map(pem),
        identity: tls.client_certificate.as_ref().map(identity).transpose()?,
        tls13_only: tls.min_tls_version == config::TlsVersion::V1_3,
        insecure_skip_verify: tls.insecure_skip_verify,
    })
}

pub(crate) fn pem(file: &config::CertificateFile) -> PemFile {
    PemFile { path: file.path.clone(), pem: file.pem.clone() }
}

/// When the gateway's own certificate chains expire. Unreadable ones are left out.
pub(super) fn expiries(settings: &Settings) -> Vec<CertificateExpiry> {
    let listeners = [("server.tls", &settings.server.tls), ("server.admin_tls", &settings.server.admin_tls)];
    let listeners = listeners.into_iter().filter_map(|(key, tls)| Some((key.to_owned(), &tls.as_ref()?.identity)));
    let vendors = settings.vendors.iter().filter_map(|(name, vendor)| {
        Some((format!("vendors.{name}.client_certificate"), vendor.tls.client_certificate.as_ref()?))
    });
    let read = |(key, identity): (String, &config::Identity)| {
        Some(CertificateExpiry { key, not_after: first_expiry(&identity.cert.pem)? })
    };
    listeners.chain(vendors).filter_map(read).collect()
}

/// When the first certificate of a chain expires, in seconds since 1970.
fn first_expiry(pem: &str) -> Option<i64> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes());
    chain
        .filter_map(|certificate| {
            let certificate = CertificateInner::<Raw>::from_der(&certificate.ok()?).ok()?;
            let not_after = certificate.tbs_certificate().validity().not_after.to_unix_duration();
            i64::try_from(not_after.as_secs()).ok()
        })
        .min()
}
