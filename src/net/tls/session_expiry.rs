//! How long the result of a TLS handshake is trusted.
//!
//! After that time the connection finishes its requests and closes, so that the client connects again with its present
//! certificate. Clients that renew their certificates in time notice nothing.

use std::future::pending;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::certificate::PeerCertificate;
use super::client_trust::CaFingerprint;

/// How long before its client's certificate expires a connection closes, so that requests on their way can finish.
const EXPIRY_MARGIN: Duration = Duration::from_secs(5);
/// No connection is trusted for longer.
const MAX_SESSION: Duration = Duration::from_hours(30 * 24);

/// How long a handshake is trusted: until other authorities are accepted or the client's certificate is about to expire.
#[derive(Clone, Debug)]
pub struct SessionExpiry {
    accepted: watch::Receiver<Option<CaFingerprint>>,
    at_handshake: Option<CaFingerprint>,
    end: Instant,
}

impl SessionExpiry {
    /// For a handshake that starts now; `accepted` are the accepted authorities.
    pub(crate) fn new(accepted: watch::Receiver<Option<CaFingerprint>>) -> Self {
        let at_handshake = *accepted.borrow();
        Self { accepted, at_handshake, end: Instant::now() + MAX_SESSION }
    }

    /// The same, ending shortly before `certificate` expires.
    pub(crate) fn with_certificate(self, certificate: Option<&PeerCertificate>) -> Self {
        let Some(certificate) = certificate else { return self };
        let left = certificate.not_after.duration_since(SystemTime::now()).unwrap_or_default().min(MAX_SESSION);
        Self { end: Instant::now() + left.checked_sub(EXPIRY_MARGIN).unwrap_or(left), ..self }
    }

    /// The authorities that were accepted at the handshake; `None` where no client certificate was required.
    pub(crate) fn trust(&self) -> Option<CaFingerprint> {
        self.at_handshake
    }

    /// Returns when the client should connect again.
    pub(crate) async fn expired(mut self) {
        let changed = async {
            if self.accepted.wait_for(|accepted| *accepted != self.at_handshake).await.is_err() {
                pending::<()>().await; // the listener has ended, so nothing changes any more
            }
        };
        let _elapsed = timeout_at(self.end, changed).await;
    }
}
