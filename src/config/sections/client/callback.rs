//! `[clients.*.callback]`: who hears how a client's asynchronous updates end.

use serde::Serialize;
use strum::VariantNames;

use crate::config::sections::server::Server;
use crate::config::sections::store::ADD_STORE;
use crate::config::types::endpoint::Endpoint;
use crate::config::types::pem::CertificateFile;
use crate::config::types::signing_secret::SigningSecret;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::PublicRoots;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("url", Kind::Endpoint, "Where it is called: `https`, or `http` on this machine.").required(),
    Key::new(
        "secret",
        Kind::OneOrMore(&Kind::Secret),
        "What callbacks are signed with, after Standard Webhooks: `whsec_` and base64, or at least 24 bytes of text; a list while secrets are rotated, all of which sign.",
    )
    .required(),
    Key::new(
        "roots",
        Kind::Word(PublicRoots::VARIANTS),
        "Public issuers to trust: the `platform`'s, the `bundled` ones of Mozilla, or `none`; with `ca_file` none unless set.",
    ),
    Key::new("ca_file", Kind::Path, "Further issuers to trust, and certificates that it may show itself (PEM)."),
]);

/// Who hears how a client's asynchronous updates end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Callback {
    /// Where it is called.
    pub url: Endpoint,
    /// What callbacks are signed with, at least one, each by each.
    pub secret: Vec<SigningSecret>,
    /// Public issuers to trust.
    pub roots: PublicRoots,
    /// Further issuers to trust.
    pub ca_file: Option<CertificateFile>,
}

impl Callback {
    /// `None` where there is none, or its URL or secret is missing or wrong, which is reported.
    pub(super) fn read(
        reader: &TableReader<'_>,
        server: &Server,
        has_store: bool,
        validator: &mut Validator<'_>,
    ) -> Option<Self> {
        let reader = reader.present()?;
        if !has_store {
            let message = format!("`{}` has no effect without `[store]`", reader.key_path);
            validator.warn(ProblemKind::Unused, reader.own_span(), reader.key_path, message, ADD_STORE);
        }
        let url = reader.text("url").and_then(|text| Endpoint::parse(text).ok());
        let secret = reader.secrets("secret", validator);
        let roots = if reader.node("ca_file").is_some() { PublicRoots::None } else { PublicRoots::Platform };
        let roots = reader.word("roots").unwrap_or(roots);
        let ca_file = CertificateFile::issuers(&reader, "ca_file", validator);
        if let Some(url) = &url {
            validate(url, roots, &reader, server, validator);
        }
        let secret = (!secret.is_empty()).then_some(secret);
        Some(Self { url: url?, secret: secret?, roots, ca_file })
    }
}

fn validate(
    url: &Endpoint,
    roots: PublicRoots,
    reader: &TableReader<'_>,
    server: &Server,
    validator: &mut Validator<'_>,
) {
    if !url.is_https() && !url.is_loopback() {
        let wrong = "would send records unencrypted to another machine";
        let help = "use `https://`; `http://` is for this machine only";
        validator.report(reader.error("url", ProblemKind::Insecure, wrong).help(help).secret());
    }
    for (name, listen) in [("listen", server.listen), ("admin_listen", server.admin_listen)] {
        if listen.port() != 0 && url.leads_to(listen) {
            let wrong = format_args!("leads back to this gateway: `server.{name}` is {listen}");
            let help = "name the client's own address, or another port";
            validator.report(reader.error("url", ProblemKind::Conflict, wrong).help(help).secret());
        }
    }
    if !url.is_https() {
        for name in ["roots", "ca_file"].into_iter().filter(|name| reader.node(name).is_some()) {
            let wrong = "has no effect on a plain `http://` address";
            validator.report(reader.warning(name, ProblemKind::Unused, wrong).help("use `https://` in `url`"));
        }
    } else if roots == PublicRoots::None && reader.node("ca_file").is_none() {
        let wrong = "is \"none\" and there is no `ca_file`, so no certificate is trusted";
        let help = "name the issuer of the certificate in `ca_file`";
        validator.report(reader.error("roots", ProblemKind::Conflict, wrong).help(help));
    }
}
