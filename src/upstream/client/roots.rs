//! The TLS client configuration of an account: trusted issuers and client certificate.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore};

use crate::value::{PublicRoots, verifier};

use super::pinned_certificate::issued_or_pinned;

/// How to speak TLS with a vendor.
#[derive(Clone, Debug, Default)]
pub struct VendorTls {
    /// Public issuers to trust.
    pub roots: PublicRoots,
    /// Further issuers to trust, and certificates that the vendor itself may show.
    pub issuers: Option<PemFile>,
    /// The certificate to show to it.
    pub identity: Option<ClientIdentity>,
    /// Whether TLS 1.2 is refused.
    pub tls13_only: bool,
    /// Whether any certificate is accepted.
    pub insecure_skip_verify: bool,
}

/// The certificates of a PEM file.
#[derive(Clone, Debug)]
pub struct PemFile {
    /// Where it was read from, for messages.
    pub path: PathBuf,
    /// Its content.
    pub pem: String,
}

/// A certificate chain with its private key.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The chain, own certificate first.
    pub chain: PemFile,
    /// The key of the first certificate.
    pub key: Arc<dyn SigningKey>,
}

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

/// The platform's roots, read once and only if an account needs them.
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
        let versions = if tls.tls13_only { &[&TLS13][..] } else { ALL_VERSIONS };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
        let builder = if tls.insecure_skip_verify {
            builder.dangerous().with_custom_certificate_verifier(verifier(&provider, |_, _, _, _, _| Ok(())))
        } else if let (true, Some(issuers)) = (https, &tls.issuers) {
            let pinned = certificates(issuers)?;
            let roots = Arc::new(self.trusted(tls, &pinned)?);
            let issued = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            let issued = issued.map_err(|error| rustls::Error::General(error.to_string()))?;
            builder.dangerous().with_custom_certificate_verifier(issued_or_pinned(&provider, issued, pinned))
        } else {
            let roots = if https { self.trusted(tls, &[])? } else { RootCertStore::empty() };
            builder.with_root_certificates(roots)
        };
        let config = match &tls.identity {
            Some(identity) => {
                let key = CertifiedKey::new(certificates(&identity.chain)?, Arc::clone(&identity.key));
                key.keys_match()?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    /// The public roots that an account trusts, and its own.
    fn trusted(&mut self, tls: &VendorTls, own: &[CertificateDer<'static>]) -> Result<RootCertStore, UpstreamTlsError> {
        let mut store = match tls.roots {
            PublicRoots::Platform => self.platform.get_or_insert_with(platform).clone(),
            PublicRoots::Bundled => bundled(),
            PublicRoots::None => RootCertStore::empty(),
        };
        for certificate in own {
            store.add(certificate.clone())?;
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

fn certificates(file: &PemFile) -> Result<Vec<CertificateDer<'static>>, UpstreamTlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file.pem.as_bytes()).collect();
    certificates
        .map_err(|error| UpstreamTlsError::Pem { path: file.path.display().to_string(), reason: error.to_string() })
}
