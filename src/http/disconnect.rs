//! A caller that leaves in the middle of its body, told apart from one that sends a malformed body: nobody is there any
//! more to be answered, and nobody has made a mistake.

use std::error::Error;
use std::io;

/// Whether a body broke off because its caller, or the connection to it, was gone, and not for what came.
pub(crate) fn is_departure(error: &(dyn Error + 'static)) -> bool {
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
    // hyper gives no cause where a connection ends for another reason than this body.
    error.is::<hyper::Error>()
}

#[cfg(test)]
mod tests {
    use crate::http::disconnect::*;

    #[test]
    fn a_connection_that_ended_is_a_departure_and_what_was_written_wrong_is_not() {
        use io::ErrorKind as K;
        for kind in [K::UnexpectedEof, K::ConnectionReset, K::ConnectionAborted, K::BrokenPipe, K::TimedOut] {
            assert!(is_departure(&io::Error::from(kind)), "{kind}");
        }
        for kind in [K::InvalidData, K::InvalidInput, K::Other] {
            assert!(!is_departure(&io::Error::new(kind, "a chunk size")), "{kind}");
        }
        assert!(!is_departure(&h2::Error::from(h2::Reason::PROTOCOL_ERROR)));
    }
}
