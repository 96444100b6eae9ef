//! Whom we trust on the way to a vendor, and who we say we are.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use crate::config::{CertificateFile, Roots, TlsVersion, VendorTls};

use super::anybody::Anybody;

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamTlsError {
    /// A file is not PEM, or holds no usable certificate or key.
    #[error("`{path}` cannot be read as PEM: {reason}")]
    Pem {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library refuses them.
    #[error("the certificates cannot be used: {0}")]
    Rejected(#[from] rustls::Error),
}

/// Public roots, read once and only if an account needs them.
#[derive(Debug, Default)]
pub struct TlsRoots {
    platform: Option<RootCertStore>,
}

impl TlsRoots {
    /// A TLS client configuration; `https` tells whether it will be used at all.
    ///
    /// # Errors
    /// A certificate or key cannot be used.
    pub fn client(&mut self, https: bool, tls: &VendorTls) -> Result<Arc<ClientConfig>, UpstreamTlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(tls.min_tls_version))?;
        let builder = if tls.insecure_skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody::new(&provider)))
        } else {
            let roots = if https { self.trusted(tls)? } else { RootCertStore::empty() };
            builder.with_root_certificates(roots)
        };
        let config = match &tls.client_certificate {
            Some(identity) => {
                let chain = certificates(&identity.cert)?;
                let key = CertifiedKey::new(chain, identity.key.signing_key()?);
                key.keys_match()?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    /// The public roots that an account trusts, and its own.
    fn trusted(&mut self, tls: &VendorTls) -> Result<RootCertStore, UpstreamTlsError> {
        let mut store = match tls.roots {
            Roots::Platform => self.platform.get_or_insert_with(platform).clone(),
            Roots::Bundled => bundled(),
            Roots::None => RootCertStore::empty(),
        };
        for certificate in tls.ca_file.as_ref().map(certificates).transpose()?.into_iter().flatten() {
            store.add(certificate)?;
        }
        Ok(store)
    }
}

/// The platform's roots, or the bundled ones of Mozilla where the platform has none, as in an empty container.
fn platform() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() { bundled() } else { store }
}

fn bundled() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn versions(oldest: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
    match oldest {
        TlsVersion::V1_2 => BOTH,
        TlsVersion::V1_3 => &BOTH[..1],
    }
}

fn certificates(file: &CertificateFile) -> Result<Vec<CertificateDer<'static>>, UpstreamTlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file.pem.as_bytes()).collect();
    read.map_err(|error| unreadable(&file.path, &error))
}

fn unreadable(path: &std::path::Path, error: &dyn std::fmt::Display) -> UpstreamTlsError {
    UpstreamTlsError::Pem { path: path.display().to_string(), reason: error.to_string() }
}
