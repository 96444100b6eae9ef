//! The TLS keys of `[vendors.*]`: which server certificates the gateway trusts, and which certificate it presents.

use rustls_pki_types::ServerName;
use serde::Serialize;

use crate::config::sections::tls::TlsVersion;
use crate::config::types::pem::{CertificateFile, Identity};
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::PublicRoots;

/// TLS on the way to a vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VendorTls {
    /// Public issuers to trust.
    pub roots: PublicRoots,
    /// Further issuers to trust.
    pub ca_file: Option<CertificateFile>,
    /// The certificate to show to the vendor.
    pub client_certificate: Option<Identity>,
    /// The oldest version to speak.
    pub min_tls_version: TlsVersion,
    /// The name to ask for and to expect in the vendor's certificate; the host of `base_url` where absent.
    pub server_name: Option<String>,
    /// Whether any server certificate is accepted.
    pub insecure_skip_verify: bool,
}

impl VendorTls {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let identity = reader.table("client_certificate").present();
        let roots = if reader.node("ca_file").is_some() { PublicRoots::None } else { default.roots };
        Self {
            roots: reader.word("roots").unwrap_or(roots),
            ca_file: CertificateFile::issuers(reader, "ca_file", validator),
            client_certificate: identity.and_then(|pair| Identity::read(&pair, validator)),
            min_tls_version: reader.word("min_tls_version").unwrap_or(default.min_tls_version),
            server_name: reader.text("server_name").map(str::to_owned),
            insecure_skip_verify: reader.flag("insecure_skip_verify").unwrap_or(default.insecure_skip_verify),
        }
    }

    pub(crate) fn validate(&self, is_https: bool, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
        let mut unused = |names: &[&str], why: &str, help: &str| {
            for name in names.iter().filter(|name| reader.node(name).is_some()) {
                validator
                    .report(reader.warning(name, ProblemKind::Unused, format_args!("has no effect {why}")).help(help));
            }
        };
        if !is_https {
            let names =
                ["roots", "ca_file", "client_certificate", "min_tls_version", "server_name", "insecure_skip_verify"];
            return unused(&names, "on a plain `http://` address", "use `https://` in `base_url`");
        }
        if self.insecure_skip_verify {
            let help = "take it out, or take `insecure_skip_verify` out";
            unused(&["roots", "ca_file"], "beside `insecure_skip_verify = true`", help);
            let wrong =
                "accepts any server as the vendor: anyone on the network path can read the token and the updates";
            let help = "trust the vendor's issuer by `ca_file` instead, and a name that differs by `server_name`";
            validator.report(reader.warning("insecure_skip_verify", ProblemKind::Insecure, wrong).help(help));
        } else if self.roots == PublicRoots::None && reader.node("ca_file").is_none() {
            let wrong = "is \"none\" and there is no `ca_file`, so no vendor's certificate is trusted";
            let help = "name the issuer of the vendor's certificate in `ca_file`";
            validator.report(reader.error("roots", ProblemKind::Conflict, wrong).help(help));
        }
    }
}

/// Whether a certificate can be checked against this name.
pub(crate) fn is_server_name(text: &str) -> bool {
    ServerName::try_from(text).is_ok()
}
