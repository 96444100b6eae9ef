//! The names in a client's certificate, for use as its identity.
//!
//! Only certificates that the handshake has verified are read here. A subject becomes text as in RFC 4514,
//! escaped, so that no attribute's value can pass for further attributes; but unlike there, its parts
//! stand in the certificate's order, with a space after each comma and around each plus sign.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use x509_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// The names of a verified client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The subject, such as `CN=crm, O=Acme`, or `CN=crm\, Ltd., O=Acme` for a name with a comma; empty if it has
    /// none.
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
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError)?;
        let names = certificate.subject_alternative_name().map_err(|_| CertificateError)?;
        let not_after = certificate.validity().not_after.timestamp();
        let alternative_names = names.into_iter().flat_map(|names| &names.value.general_names);
        Ok(Self {
            subject: subject(certificate.subject())?,
            alternative_names: alternative_names.filter_map(text).collect(),
            not_after: UNIX_EPOCH + Duration::from_secs(u64::try_from(not_after).unwrap_or_default()),
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

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) | GeneralName::DNSName(text) | GeneralName::RFC822Name(text) => Some((*text).to_owned()),
        _ => None,
    }
}

/// The name as escaped text.
fn subject(name: &X509Name<'_>) -> Result<String, CertificateError> {
    let mut text = String::new();
    for part in name.iter() {
        for (position, attribute) in part.iter().enumerate() {
            text.push_str(match (position, text.is_empty()) {
                (_, true) => "",
                (0, _) => ", ",
                _ => " + ",
            });
            push_attribute(&mut text, attribute)?;
        }
    }
    Ok(text)
}

fn push_attribute(text: &mut String, attribute: &AttributeTypeAndValue<'_>) -> Result<(), CertificateError> {
    let kind = attribute.attr_type();
    text.push_str(&oid2abbrev(kind, oid_registry()).map_or_else(|_| kind.to_id_string(), str::to_owned));
    text.push('=');
    let value = attribute.attr_value();
    if let Some(value) = string(value) {
        push_escaped(text, &value);
        return Ok(());
    }
    text.push('#');
    for byte in value.to_der_vec().map_err(|_| CertificateError)? {
        write!(text, "{byte:02X}").map_err(|_| CertificateError)?;
    }
    Ok(())
}

/// The text of a value; `None` when it is none, or in no coding known for certain.
fn string(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        Tag::BmpString => {
            let (units, odd) = value.data.as_chunks::<2>();
            let units: Vec<_> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16(&units).ok().filter(|_| odd.is_empty())
        }
        _ => None,
    }
}

/// Appends a value, escaped by section 2.4 of RFC 4514.
fn push_escaped(text: &mut String, value: &str) {
    let last = value.len().saturating_sub(1);
    for (at, char) in value.char_indices() {
        match char {
            '\0' => text.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', char]),
            ' ' | '#' if at == 0 => text.extend(['\\', char]),
            ' ' if at == last => text.push_str("\\ "),
            _ => text.push(char),
        }
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
            (DnType::OrganizationName, DnValue::BmpString("Acme".try_into().unwrap())),
        ]);
        assert!(true_one.is("CN=crm, O=Acme") && true_one.is("spiffe://acme/crm") && !true_one.is("CN=crm"));
        for forged in ["crm, O=Acme", "crm + O=Acme", "crm,O=Acme"] {
            let certificate = named(forged);
            assert!(!certificate.is("CN=crm, O=Acme") && !certificate.is(&format!("CN={forged}")), "{forged}");
        }
        assert!(named("crm, O=Acme").is(r"CN=crm\, O=Acme"));
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
        assert_eq!(read(&[(unknown, DnValue::Utf8String("a".to_owned()))]).subject, "1.3.6.1.4.1.99999.1=a");
        let teletex = DnValue::TeletexString("ab".try_into().unwrap());
        assert_eq!(read(&[(DnType::CommonName, teletex)]).subject, "CN=#14026162");
    }
}
