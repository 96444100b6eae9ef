//! Whom we trust on the way to a vendor, and who we say we are.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use crate::config::{CertificateFile, Identity};

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
    platform: Option<Arc<RootCertStore>>,
}

impl TlsRoots {
    /// A TLS client configuration; `https` tells whether it will be used at all.
    ///
    /// # Errors
    /// A certificate or key cannot be used.
    pub fn client(
        &mut self,
        https: bool,
        ca: Option<&CertificateFile>,
        identity: Option<&Identity>,
    ) -> Result<Arc<ClientConfig>, UpstreamTlsError> {
        let roots = match ca {
            Some(file) => Arc::new(own_roots(file)?),
            None if https => self.platform(),
            None => Arc::new(RootCertStore::empty()),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match identity {
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

    /// The platform's roots, or the bundled ones of Mozilla where the platform has none, as in an empty container.
    fn platform(&mut self) -> Arc<RootCertStore> {
        let load = || {
            let mut store = RootCertStore::empty();
            let native = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(native.certs);
            if store.is_empty() {
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
            Arc::new(store)
        };
        Arc::clone(self.platform.get_or_insert_with(load))
    }
}

fn own_roots(file: &CertificateFile) -> Result<RootCertStore, UpstreamTlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        store.add(certificate)?;
    }
    Ok(store)
}

fn certificates(file: &CertificateFile) -> Result<Vec<CertificateDer<'static>>, UpstreamTlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file.pem.as_bytes()).collect();
    read.map_err(|error| unreadable(&file.path, &error))
}

fn unreadable(path: &std::path::Path, error: &dyn std::fmt::Display) -> UpstreamTlsError {
    UpstreamTlsError::Pem { path: path.display().to_string(), reason: error.to_string() }
}
