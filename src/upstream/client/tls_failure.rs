//! Why a TLS handshake failed, in plain words for operators and callers.

use std::error::Error as _;
use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// The cause of a failed handshake, if it has one in plain words; it follows "No secure connection to the vendor could be
/// made: ".
pub(super) fn plain_words(error: &io::Error) -> Option<&'static str> {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Some("it closed the connection during the handshake");
    }
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(error) => Some(of_certificate(error)),
        Error::InvalidMessage(_) => Some("it does not speak TLS on this port"),
        Error::PeerIncompatible(_) => Some("it speaks no TLS version and cipher in common with this gateway"),
        Error::NoCertificatesPresented => Some("it shows no certificate"),
        Error::AlertReceived(alert) => Some(of_alert(*alert)),
        _ => None,
    }
}

fn of_certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host name"
        }
        CertificateError::UnknownIssuer => "its certificate comes from an issuer that is not trusted here",
        CertificateError::Revoked => "its certificate is revoked",
        CertificateError::BadSignature => "the signature of its certificate is wrong",
        CertificateError::BadEncoding => "its certificate cannot be read",
        CertificateError::Other(other) => {
            let cause = other.0.source().map_or_else(|| other.0.to_string(), ToString::to_string);
            let is_authority = [cause, other.to_string()].iter().any(|text| text.contains("CaUsedAsEndEntity"));
            if is_authority {
                "its certificate is that of an authority, which is accepted only if `ca_file` holds the very same"
            } else {
                "its certificate cannot be used"
            }
        }
        _ => "its certificate cannot be used",
    }
}

fn of_alert(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => "it speaks no TLS version and cipher in common with this gateway",
        AlertDescription::UnrecognisedName => "it does not know the host name that this gateway asked for",
        AlertDescription::CertificateRequired => "it wants a client certificate, and this gateway shows none",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => "it refuses the client certificate of this gateway",
        _ => "it ended the handshake",
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::client::tls_failure::*;

    #[test]
    fn common_causes_have_plain_words() {
        let words = |error: Error| plain_words(&io::Error::new(io::ErrorKind::InvalidData, error));
        for (error, expected) in [
            (CertificateError::Expired, "its certificate has expired"),
            (CertificateError::NotValidForName, "its certificate is for another host name"),
            (CertificateError::UnknownIssuer, "its certificate comes from an issuer that is not trusted here"),
        ] {
            assert_eq!(words(Error::InvalidCertificate(error)), Some(expected));
        }
        let alert = Error::AlertReceived(AlertDescription::CertificateRequired);
        assert_eq!(words(alert), Some("it wants a client certificate, and this gateway shows none"));
        assert_eq!(plain_words(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    }
}
