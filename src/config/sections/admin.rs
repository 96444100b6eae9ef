//! `[admin]`: who may use the admin listener.

use serde::Serialize;

use super::server::{Server, is_loopback};
use crate::config::types::secret::Secret;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

/// The keys of tokens, the one that opens most first.
const TOKENS: [&str; 3] = ["token", "viewer_token", "metrics_token"];

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "token",
        Kind::Secret,
        "The bearer token for `/admin/*` and `/metrics`, as a reference; needed where other machines reach the listener.",
    ),
    Key::new(
        "viewer_token",
        Kind::Secret,
        "A bearer token that opens the console and the same paths for looking only, as a reference.",
    ),
    Key::new("metrics_token", Kind::Secret, "A bearer token that opens `/metrics` and nothing else, as a reference."),
    Key::new(
        "hosts",
        Kind::List { of: &Kind::ServerName, empty: true },
        "Names that may stand in `Host` of requests without a valid token, besides IP addresses and `localhost`.",
    ),
]);

/// Access to the admin listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Admin {
    /// The bearer token for `/admin/*` and `/metrics`; always there where other machines reach the listener.
    pub token: Option<Secret>,
    /// A bearer token for the same paths, for looking only.
    pub viewer_token: Option<Secret>,
    /// A bearer token for `/metrics` alone.
    pub metrics_token: Option<Secret>,
    /// Names in `Host` besides IP addresses and `localhost`.
    pub hosts: Vec<String>,
}

impl Admin {
    pub(crate) fn read(reader: &TableReader<'_>, server: &Server, validator: &mut Validator<'_>) -> Self {
        if reader.node("token").is_none() && !is_loopback(server.admin_listen) {
            let address = server.admin_listen;
            let message = match reader.node("viewer_token") {
                None => format!("`server.admin_listen` is open to anyone who can reach {address}"),
                Some(_) => format!(
                    "there is no `admin.token`, which `server.admin_listen` needs on {address}: nothing could be changed there"
                ),
            };
            let help = "listen on a loopback address, or set `admin.token`";
            let span = validator.admin_listen_span;
            validator.error(ProblemKind::Insecure, span, "admin.token", message, help);
        }
        let [token, viewer_token, metrics_token] = TOKENS.map(|name| reader.secret(name, validator));
        report_equal(reader, [&token, &viewer_token, &metrics_token], validator);
        Self { token, viewer_token, metrics_token, hosts: reader.texts("hosts").unwrap_or_default() }
    }
}

/// Who has one of the tokens must not have what another one opens.
fn report_equal(reader: &TableReader<'_>, secrets: [&Option<Secret>; 3], validator: &mut Validator<'_>) {
    let set: Vec<_> =
        TOKENS.into_iter().zip(secrets).filter_map(|(name, secret)| Some((name, secret.as_ref()?))).collect();
    for (index, (name, secret)) in set.iter().enumerate() {
        let Some((other, _)) = set.iter().take(index).find(|(_, other)| other == secret) else { continue };
        let wrong = format_args!(
            "is the same secret as `{}`, so that it opens all that that one opens",
            reader.key_path.key(other)
        );
        let help = "give each a secret of its own";
        validator.report(reader.error(name, ProblemKind::Conflict, wrong).help(help).secret());
    }
}
