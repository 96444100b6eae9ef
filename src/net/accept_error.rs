//! Which errors of `accept` concern one connection only, and how long to wait after the others.

use std::io;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether only the connection being accepted failed, so that the next may be accepted at once.
pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
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

/// The pause after the system's own errors (no descriptors, no memory), doubled up to a second.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use crate::net::accept_error::*;

    #[test]
    fn errors_of_one_connection_are_told_from_the_systems() {
        const ECONNABORTED: i32 = 103;
        const EPERM: i32 = 1;
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        const ENOMEM: i32 = 12;
        const ENOBUFS: i32 = 105;
        for code in [ECONNABORTED, EPERM] {
            assert!(is_of_one_connection(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [EMFILE, ENFILE, ENOMEM, ENOBUFS] {
            assert!(!is_of_one_connection(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        let mut backoff = Backoff::new();
        assert_eq!(backoff.pause(), Duration::from_millis(5));
        assert_eq!(backoff.pause(), Duration::from_millis(10));
        assert_eq!((0..20).map(|_| backoff.pause()).last(), Some(Duration::from_secs(1)));
    }
}
