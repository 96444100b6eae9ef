//! How long what a TLS connection shook hands on holds.
//!
//! When it is over, the connection finishes what it has begun and closes, so that the client connects anew and shows
//! what it has then. Clients that renew their certificates in time notice nothing.

use std::future::pending;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::certificate::PeerCertificate;
use super::client_trust::Fingerprint;

/// How long before a certificate expires its connection closes: time for requests that are on their way.
const AHEAD: Duration = Duration::from_secs(5);
/// No connection needs to live longer.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Whose certificates are accepted, and were when a handshake began.
#[derive(Clone, Debug)]
pub(crate) struct Accepting {
    now: watch::Receiver<Option<Fingerprint>>,
    then: Option<Fingerprint>,
}

impl Accepting {
    pub(crate) fn of(now: watch::Receiver<Option<Fingerprint>>) -> Self {
        let then = *now.borrow();
        Self { now, then }
    }
}

/// How long a handshake holds.
#[derive(Clone, Debug)]
pub struct SessionExpiry {
    accepting: Accepting,
    end: Option<Instant>,
}

impl SessionExpiry {
    pub(crate) fn new(accepting: Accepting, shown: Option<&PeerCertificate>) -> Self {
        let end = |shown: &PeerCertificate| {
            let left = shown.not_after.duration_since(SystemTime::now()).unwrap_or_default().min(LONGEST);
            Instant::now() + left.checked_sub(AHEAD).unwrap_or(left)
        };
        Self { accepting, end: shown.map(end) }
    }

    /// Whose certificates were accepted then; `None` for everybody, without one.
    pub(crate) fn trust(&self) -> Option<Fingerprint> {
        self.accepting.then
    }

    /// Returns when the client should connect anew: others are accepted, or its certificate is about to expire.
    pub(crate) async fn over(mut self) {
        let Accepting { now, then } = &mut self.accepting;
        let changed = async {
            let gone = now.wait_for(|now| now != then).await.is_err();
            if gone {
                pending::<()>().await; // the listener has ended, and with it all changes
            }
        };
        let expired = async {
            match self.end {
                Some(end) => sleep_until(end).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            () = expired => {}
        }
    }
}
