//! Checks the client certificate of a connection at each request.
//!
//! After the handshake `client_ca` may change and the certificate may expire, so each request is checked against the
//! present authorities. Usually that compares fingerprints. Only a connection from before a change, which is about to
//! close (see [`super::session_expiry`]), has its chain verified again.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::UnixTime;
use sha2::{Digest, Sha256};

use super::acceptor::{TlsError, certificates};
use crate::net::peer::PeerTls;

/// Identifies a set of authorities: the SHA-256 of their PEM text.
pub(crate) type CaFingerprint = [u8; 32];

/// Authorities of callers' certificates.
pub struct ClientTrust {
    verifier: Arc<dyn ClientCertVerifier>,
    fingerprint: CaFingerprint,
}

impl ClientTrust {
    /// The authorities in a PEM text.
    ///
    /// # Errors
    /// It holds none, or one that cannot be used.
    pub fn new(pem: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(pem).ok_or(TlsError::ClientCa)? {
            roots.add(certificate).map_err(|_| TlsError::ClientCa)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { verifier: verifier.map_err(|_| TlsError::ClientCa)?, fingerprint: Sha256::digest(pem).into() })
    }

    /// Whether a handshake would succeed now with the certificate that the client showed at the handshake.
    pub fn accepts(&self, peer: &PeerTls) -> bool {
        let unexpired = || peer.certificate.as_ref().is_some_and(|shown| SystemTime::now() <= shown.not_after);
        if peer.session_expiry.trust() == Some(self.fingerprint) {
            return unexpired();
        }
        let Some((leaf, intermediates)) = peer.chain.split_first() else { return false };
        self.verifier.verify_client_cert(leaf, intermediates, UnixTime::now()).is_ok()
    }

    pub(crate) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::clone(&self.verifier)
    }

    pub(crate) fn fingerprint(&self) -> CaFingerprint {
        self.fingerprint
    }
}

impl fmt::Debug for ClientTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTrust").finish_non_exhaustive()
    }
}
