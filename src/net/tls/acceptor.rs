//! TLS of a listener: rustls over ring, TLS 1.2 and 1.3, optional client certificates, reload.
//!
//! A reload builds the whole new configuration before it swaps it in. Open connections keep the old one. If the
//! accepted authorities change, they finish their requests and close (see [`SessionExpiry`]). The cache for session
//! resumption is part of the configuration, so a session from before such a change cannot be resumed after it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, version};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::zeroize::{Zeroize, Zeroizing};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::certificate::PeerCertificate;
use super::client_trust::{CaFingerprint, ClientTrust};
use super::session_expiry::SessionExpiry;
use crate::net::peer::PeerTls;

const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// PEM texts of a TLS listener.
pub struct TlsMaterial {
    /// The certificate and its intermediates, leaf first.
    pub certificate_chain: Vec<u8>,
    /// The private key: PKCS#8, PKCS#1 or SEC1.
    pub private_key: Zeroizing<Vec<u8>>,
    /// Authorities of client certificates; if present, every client must show a certificate.
    pub client_ca: Option<Vec<u8>>,
    /// Whether TLS 1.2 is refused.
    pub tls13_only: bool,
}

/// Why TLS material cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The certificate chain is no PEM with at least one certificate.
    #[error("the certificate is not PEM with at least one certificate")]
    Certificate,
    /// The key is no PEM private key.
    #[error("the key is not a PEM private key")]
    Key,
    /// The client authorities are no PEM with at least one usable certificate.
    #[error("client_ca is not PEM with at least one usable certificate")]
    ClientCa,
    /// rustls refuses the combination, for example a key that is not the certificate's.
    #[error("the certificate and key cannot be used: {0}")]
    Rustls(#[from] rustls::Error),
}

impl TlsMaterial {
    /// Reads the PEM files.
    pub fn read(cert: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Self, TlsError> {
        let read = |path: &Path| std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source });
        Ok(Self {
            certificate_chain: read(cert)?,
            private_key: read(key)?.into(),
            client_ca: client_ca.map(read).transpose()?,
            tls13_only: false,
        })
    }

    fn server_config(&self) -> Result<(ServerConfig, Option<CaFingerprint>), TlsError> {
        let chain = certificates(&self.certificate_chain).ok_or(TlsError::Certificate)?;
        let mut der = PrivateKeyDer::from_pem_slice(&self.private_key).map_err(|_| TlsError::Key)?;
        let key = any_supported_type(&der);
        der.zeroize();
        let key = CertifiedKey::new(chain, key?);
        key.keys_match()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = [&version::TLS13, &version::TLS12];
        let versions = if self.tls13_only { &versions[..1] } else { &versions[..] };
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
        let trust = self.client_ca.as_deref().map(ClientTrust::new).transpose()?;
        let builder = match &trust {
            None => builder.with_no_client_auth(),
            Some(trust) => builder.with_client_cert_verifier(trust.verifier()),
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        config.ignore_client_order = true;
        Ok((config, trust.as_ref().map(ClientTrust::fingerprint)))
    }
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsMaterial").field("client_ca", &self.client_ca.is_some()).finish_non_exhaustive()
    }
}

pub(crate) fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!chain.is_empty()).then_some(chain)
}

/// Validated material, ready to replace the current one.
pub struct NextTls {
    config: ServerConfig,
    trust: Option<CaFingerprint>,
}

impl NextTls {
    /// Validates `material`.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn new(material: &TlsMaterial) -> Result<Self, TlsError> {
        let (config, trust) = material.server_config()?;
        Ok(Self { config, trust })
    }
}

/// The current TLS configuration of a listener, shared and replaceable.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ArcSwap<ServerConfig>>,
    /// The authorities of client certificates that `config` accepts; always set after it.
    trust: watch::Sender<Option<CaFingerprint>>,
}

impl Tls {
    /// TLS from `material`, or the reason why not.
    pub fn new(material: &TlsMaterial) -> Result<Self, TlsError> {
        let (config, trust) = material.server_config()?;
        Ok(Self { config: Arc::new(ArcSwap::from_pointee(config)), trust: watch::Sender::new(trust) })
    }

    /// Uses other material for later handshakes.
    pub fn replace(&self, NextTls { config, trust }: NextTls) {
        self.config.store(Arc::new(config));
        self.trust.send_if_modified(|current| std::mem::replace(current, trust) != trust);
    }

    /// The acceptor for one handshake, and how long its result is trusted.
    pub(crate) fn acceptor(&self) -> (TlsAcceptor, SessionExpiry) {
        let session_expiry = SessionExpiry::new(self.trust.subscribe()); // before the configuration that it is about
        (TlsAcceptor::from(self.config.load_full()), session_expiry)
    }
}

impl PeerTls {
    /// What `connection` agreed on; a client certificate that cannot be parsed counts as none.
    pub(crate) fn of(connection: &ServerConnection, session_expiry: SessionExpiry) -> Self {
        let chain = connection.peer_certificates().unwrap_or_default();
        let certificate = chain.first().and_then(|der| PeerCertificate::from_der(der).ok());
        Self {
            version: match connection.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1_3",
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1_2",
                _ => "unknown",
            },
            http2: connection.alpn_protocol().map(|protocol| protocol == HTTP2),
            session_expiry: session_expiry.with_certificate(certificate.as_ref()),
            certificate,
            chain: chain.iter().map(|der| der.clone().into_owned()).collect(),
        }
    }
}
