//! `[server.tls]`: the API's own certificate, and whose certificates callers may show.

use serde::Serialize;

use super::inspection::Inspection;
use super::pem::{CertificateFile, Identity};
use super::shape::{Key, Kind, Section};
use super::view::View;

pub(super) const SECTION: Section = Section::of(&[
    Key::new("cert", Kind::Path, "The certificate chain, own certificate first (PEM).").required(),
    Key::new("key", Kind::Path, "The private key, unencrypted (PEM).").required(),
    Key::new(
        "client_ca",
        Kind::Path,
        "Callers have to show a certificate issued by one of these (PEM); turns on mutual TLS.",
    ),
]);

/// TLS on the API listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// The listener's certificate and key.
    #[serde(flatten)]
    pub identity: Identity,
    /// Issuers of callers' certificates; mutual TLS where present.
    pub client_ca: Option<CertificateFile>,
}

impl Tls {
    pub(super) fn read(view: &View<'_>, inspection: &mut Inspection<'_>) -> Option<Self> {
        let identity = Identity::read(view, inspection);
        let client_ca = CertificateFile::issuers(view, "client_ca", inspection);
        Some(Self { identity: identity?, client_ca })
    }
}
