//! Classifies errors of `accept`, and the backoff after those of the system.

use std::io;
use std::time::Duration;

const MIN_BACKOFF: Duration = Duration::from_millis(5);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// Whether only the connection that was being accepted has failed, so that the next can be accepted immediately.
pub(super) fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted
            | K::ConnectionReset
            | K::ConnectionRefused
            | K::Interrupted
            | K::TimedOut
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::PermissionDenied
    )
}

/// Exponential backoff after errors of the system (no descriptors, no memory), up to one second.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) fn new() -> Self {
        Self(MIN_BACKOFF)
    }

    /// The next delay.
    pub(super) fn next_delay(&mut self) -> Duration {
        let delay = self.0;
        self.0 = (delay * 2).min(MAX_BACKOFF);
        delay
    }
}

#[cfg(test)]
mod tests {
    use crate::net::listener::accept_error::*;

    #[test]
    fn errors_of_one_connection_differ_from_those_of_the_system() {
        const ECONNABORTED: i32 = 103;
        const EPERM: i32 = 1;
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        const ENOMEM: i32 = 12;
        const ENOBUFS: i32 = 105;
        for code in [ECONNABORTED, EPERM] {
            assert!(concerns_one_connection(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [EMFILE, ENFILE, ENOMEM, ENOBUFS] {
            assert!(!concerns_one_connection(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }

    #[test]
    fn delays_double_up_to_a_second() {
        let mut backoff = Backoff::new();
        assert_eq!(backoff.next_delay(), Duration::from_millis(5));
        assert_eq!(backoff.next_delay(), Duration::from_millis(10));
        assert_eq!((0..20).map(|_| backoff.next_delay()).last(), Some(Duration::from_secs(1)));
    }
}
