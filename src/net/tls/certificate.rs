//! The names in a client's certificate, for use as its identity.
//!
//! Only certificates that the handshake has verified are read here. A subject becomes text as in RFC 4514, whose escapes
//! keep an attribute's value from passing for further attributes.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The names of a verified client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The subject, such as `CN=crm,O=Acme`, or `CN=crm\, Ltd.,O=Acme` for a name with a comma; empty if it has none.
    pub subject: String,
    /// Subject alternative names: URIs (SPIFFE ids among them), DNS names and mail addresses.
    pub alternative_names: Vec<String>,
    /// The last moment at which it is valid.
    pub not_after: SystemTime,
}

/// The certificate is not the X.509 that the handshake accepted.
#[derive(Debug, thiserror::Error)]
#[error("the client's certificate cannot be read")]
pub struct CertificateError;

impl PeerCertificate {
    /// Reads the names of a certificate.
    pub fn from_der(der: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let certificate = CertificateInner::<Raw>::from_der(der).map_err(|_| CertificateError)?;
        let certificate = certificate.tbs_certificate();
        let names = certificate.get_extension::<SubjectAltName>().map_err(|_| CertificateError)?;
        let names = names.into_iter().flat_map(|(_, names)| names.0);
        Ok(Self {
            subject: certificate.subject().to_string(),
            alternative_names: names.filter_map(text).collect(),
            not_after: certificate.validity().not_after.to_system_time(),
        })
    }

    /// Whether `identity` is one of the alternative names, or the whole subject, escaped.
    ///
    /// The kind of an alternative name is not looked at: which names a certificate may bear is for its authority to
    /// say.
    pub fn is(&self, identity: &str) -> bool {
        !identity.is_empty() && (self.subject == identity || self.alternative_names.iter().any(|name| name == identity))
    }
}

fn text(name: GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(text) | GeneralName::DnsName(text) | GeneralName::Rfc822Name(text) => {
            Some(text.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::net::tls::certificate::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

    fn read(names: &[(DnType, DnValue)]) -> PeerCertificate {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in names {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
        params.subject_alt_names.push(SanType::URI("spiffe://acme/crm".try_into().unwrap()));
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        PeerCertificate::from_der(certificate.der()).unwrap()
    }

    fn named(common_name: &str) -> PeerCertificate {
        read(&[(DnType::CommonName, DnValue::Utf8String(common_name.to_owned()))])
    }

    #[test]
    fn a_common_name_with_a_comma_does_not_pass_for_two_names() {
        let true_one = read(&[
            (DnType::CommonName, DnValue::Utf8String("crm".to_owned())),
            (DnType::OrganizationName, DnValue::Utf8String("Acme".to_owned())),
        ]);
        assert!(true_one.is("O=Acme,CN=crm") && true_one.is("spiffe://acme/crm") && !true_one.is("CN=crm"));
        for forged in ["crm,O=Acme", "crm+O=Acme", "crm, O=Acme"] {
            let certificate = named(forged);
            assert!(!certificate.is("CN=crm,O=Acme") && !certificate.is(&format!("CN={forged}")), "{forged}");
        }
        assert!(named("crm,O=Acme").is(r"CN=crm\,O=Acme"));
        assert!(!named("crm").is("") && !read(&[]).is(""));
    }

    #[test]
    fn values_are_escaped_and_unknown_types_are_numbers() {
        for (value, text) in [
            ("a b=c", r"CN=a b=c"),
            (" a ", r"CN=\ a\ "),
            (" ", r"CN=\ "),
            ("#1#", r"CN=\#1#"),
            (r#"<"\+;">"#, r#"CN=\<\"\\\+\;\"\>"#),
            ("a\0b", r"CN=a\00b"),
            ("", "CN="),
            ("Zoë", "CN=Zoë"),
        ] {
            assert_eq!(named(value).subject, text);
        }
        let unknown = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 99999, 1]);
        assert_eq!(read(&[(unknown, DnValue::Utf8String("a".to_owned()))]).subject, "1.3.6.1.4.1.99999.1=#0c0161");
        let bmp = DnValue::BmpString("ab".try_into().unwrap());
        assert_eq!(read(&[(DnType::CommonName, bmp)]).subject, "2.5.4.3=#1e0400610062");
    }
}
