//! `[admin]`: who may use the administration listener.

use serde::Serialize;

use super::server::{Server, is_loopback};
use crate::config::types::secret::Secret;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::validator::Validator;
use crate::config::validate::view::View;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "token",
        Kind::Secret,
        "The bearer token for `/admin/*` and `/metrics`, as a reference; needed where other machines reach the listener.",
    ),
    Key::new("metrics_token", Kind::Secret, "A bearer token that opens `/metrics` and nothing else, as a reference."),
]);

/// Access to the administration listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Admin {
    /// The bearer token for `/admin/*` and `/metrics`; always there where other machines reach the listener.
    pub token: Option<Secret>,
    /// A bearer token for `/metrics` alone.
    pub metrics_token: Option<Secret>,
}

impl Admin {
    pub(crate) fn read(view: &View<'_>, server: &Server, inspection: &mut Validator<'_>) -> Self {
        if view.node("token").is_none() && !is_loopback(server.admin_listen) {
            let message = format!("`server.admin_listen` is open to everybody who reaches {}", server.admin_listen);
            let help = "listen on a loopback address, or set `admin.token`";
            let at = inspection.admin_listen_at;
            inspection.error(ProblemKind::Insecure, at, "admin.token", message, help);
        }
        Self { token: view.secret("token", inspection), metrics_token: view.secret("metrics_token", inspection) }
    }
}
