//! Whom to tell of a client's changes that have ended.

use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use rustls::ClientConfig;
use secrecy::SecretSlice;

use crate::upstream::{PemFile, TlsRoots, UpstreamTlsError, VendorTls};
use crate::value::{Fingerprint, PublicRoots};

/// The receivers of callbacks, by the client's name.
pub type CallbackTargets = HashMap<Arc<str>, CallbackTarget>;

/// The receiver of one client's callbacks.
#[derive(Clone, Debug)]
pub struct CallbackTarget {
    /// Where it is: `https`, or `http` on this machine.
    pub url: Uri,
    /// What signs: all of them do, so that receivers can change theirs.
    pub secrets: Vec<SecretSlice<u8>>,
    /// How to speak TLS with it.
    pub tls: Arc<ClientConfig>,
    /// Equal for targets with equal trust.
    pub trust: Fingerprint,
}

impl CallbackTarget {
    /// A receiver of which the configuration says so.
    ///
    /// # Errors
    /// A certificate cannot be used.
    pub fn new(
        url: Uri,
        secrets: Vec<SecretSlice<u8>>,
        (public, issuers): (PublicRoots, Option<PemFile>),
        roots: &mut TlsRoots,
    ) -> Result<Self, UpstreamTlsError> {
        let own = issuers.as_ref().map(|file| file.pem.as_bytes()).unwrap_or_default();
        let trust = Fingerprint::of(&format!("{public:?}"), &[own]);
        let https = url.scheme() == Some(&http::uri::Scheme::HTTPS);
        let tls = roots.client(https, &VendorTls { roots: public, issuers, ..VendorTls::default() })?;
        Ok(Self { url, secrets, tls, trust })
    }
}
