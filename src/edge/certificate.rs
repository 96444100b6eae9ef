//! The names in a client's certificate, for use as its identity.
//!
//! Only certificates that the handshake has verified are read here.

use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The names of a verified client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The subject, such as `CN=crm, O=Acme`; empty if it has none.
    pub subject: String,
    /// Subject alternative names: URIs (SPIFFE ids among them), DNS names and mail addresses.
    pub alternative_names: Vec<String>,
}

/// The certificate is not the X.509 that the handshake accepted.
#[derive(Debug, thiserror::Error)]
#[error("the client's certificate cannot be read")]
pub struct CertificateError;

impl PeerCertificate {
    /// Reads the names of a certificate.
    pub fn from_der(der: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError)?;
        let names = certificate.subject_alternative_name().map_err(|_| CertificateError)?;
        let alternative_names = names.into_iter().flat_map(|names| &names.value.general_names);
        Ok(Self {
            subject: certificate.subject().to_string(),
            alternative_names: alternative_names.filter_map(text).collect(),
        })
    }

    /// Whether `identity` is one of the alternative names, or the whole subject.
    pub fn is(&self, identity: &str) -> bool {
        !identity.is_empty() && (self.subject == identity || self.alternative_names.iter().any(|name| name == identity))
    }
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) | GeneralName::DNSName(text) | GeneralName::RFC822Name(text) => Some((*text).to_owned()),
        _ => None,
    }
}
