//! `[server.tls]` and `[server.admin_tls]`: a listener's own certificate, and whose certificates callers may show.

use serde::Serialize;
use strum::{EnumString, VariantNames};

use crate::config::types::pem::{CertificateFile, Identity};
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("cert", Kind::Path, "The certificate chain, own certificate first (PEM).").required(),
    Key::new("key", Kind::Path, "The private key, unencrypted (PEM).").required(),
    Key::new(
        "client_ca",
        Kind::Path,
        "Callers have to show a certificate issued by one of these (PEM); turns on mutual TLS.",
    ),
    Key::new("min_version", Kind::Word(TlsVersion::VARIANTS), "The oldest TLS version that is spoken."),
]);

/// A version of TLS; those before 1.2 are not spoken at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, EnumString, VariantNames)]
pub enum TlsVersion {
    /// TLS 1.2, with forward secrecy and authenticated encryption only.
    #[default]
    #[serde(rename = "1.2")]
    #[strum(serialize = "1.2")]
    V1_2,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    #[strum(serialize = "1.3")]
    V1_3,
}

/// TLS on a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// The listener's certificate and key.
    #[serde(flatten)]
    pub identity: Identity,
    /// Issuers of callers' certificates; mutual TLS where present.
    pub client_ca: Option<CertificateFile>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

impl Tls {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let identity = Identity::read(reader, validator);
        let client_ca = CertificateFile::issuers(reader, "client_ca", validator);
        Some(Self { identity: identity?, client_ca, min_version: reader.word("min_version").unwrap_or_default() })
    }
}
