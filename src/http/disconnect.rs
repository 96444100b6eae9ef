//! Distinguishes a caller that disconnects within its body from one that sends a malformed body.

use std::error::Error;
use std::io;

/// Whether a body ended early because the connection to the caller ended, and not because of its content.
pub(crate) fn is_disconnect(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            use io::ErrorKind as K;
            return !matches!(error.kind(), K::InvalidData | K::InvalidInput | K::Other);
        }
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            return error.is_io() || error.is_remote();
        }
        cause = error.source();
    }
    // hyper gives no cause if the connection ends for another reason than this body.
    error.is::<hyper::Error>()
}

#[cfg(test)]
mod tests {
    use crate::http::disconnect::*;

    #[test]
    fn a_lost_connection_is_a_disconnect_and_malformed_content_is_not() {
        use io::ErrorKind as K;
        for kind in [K::UnexpectedEof, K::ConnectionReset, K::ConnectionAborted, K::BrokenPipe, K::TimedOut] {
            assert!(is_disconnect(&io::Error::from(kind)), "{kind}");
        }
        for kind in [K::InvalidData, K::InvalidInput, K::Other] {
            assert!(!is_disconnect(&io::Error::new(kind, "a chunk size")), "{kind}");
        }
        assert!(!is_disconnect(&h2::Error::from(h2::Reason::PROTOCOL_ERROR)));
    }
}
