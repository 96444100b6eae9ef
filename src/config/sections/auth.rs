//! `[auth]`: how callers authenticate.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Serialize;
use strum::{EnumString, VariantNames};

use super::rate_limit;
use super::server::{Server, is_loopback};
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::RateSettings;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "mode",
        Kind::Word(AuthMode::VARIANTS),
        "`keys`: a key or certificate of a client; `none`: anyone may do everything.",
    ),
    Key::new("allow_insecure", Kind::Flag, "Lets `mode = \"none\"` stand on an address that other machines can reach."),
    Key::new(
        "failed_attempts",
        Kind::Table(&rate_limit::SECTION),
        "How often one address may send what cannot be authenticated; good keys pass all the same.",
    ),
]);

/// How callers authenticate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuthMode {
    /// By a client's key or certificate.
    #[default]
    Keys,
    /// Not at all.
    None,
}

/// Authentication of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Auth {
    /// How callers authenticate.
    pub mode: AuthMode,
    /// Whether no authentication is meant, even where other machines can reach the API.
    pub allow_insecure: bool,
    /// How often one address may send what cannot be authenticated.
    pub failed_attempts: RateSettings,
}

impl Default for Auth {
    fn default() -> Self {
        let burst = NonZeroU32::MIN.saturating_add(59);
        let failed_attempts = RateSettings { count: burst, period: Duration::from_mins(1), burst };
        Self { mode: AuthMode::default(), allow_insecure: false, failed_attempts }
    }
}

impl Auth {
    pub(crate) fn read(reader: &TableReader<'_>, server: &Server, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let limit = reader.table("failed_attempts").present();
        let auth = Self {
            mode: reader.word("mode").unwrap_or(default.mode),
            allow_insecure: reader.flag("allow_insecure").unwrap_or(default.allow_insecure),
            failed_attempts: limit
                .and_then(|limit| RateSettings::read(&limit, validator))
                .unwrap_or(default.failed_attempts),
        };
        auth.validate(reader, server, validator);
        auth
    }

    fn validate(&self, reader: &TableReader<'_>, server: &Server, validator: &mut Validator<'_>) {
        let (span, key) = (reader.span("mode"), reader.key_path.key("mode"));
        if self.mode == AuthMode::None && !is_loopback(server.listen) && !self.allow_insecure {
            let message = format!("`auth.mode = \"none\"` would let in anyone who can reach {}", server.listen);
            let help = "use `mode = \"keys\"`, or listen on a loopback address, or set \
                        `auth.allow_insecure = true` where something in front authenticates";
            validator.error(ProblemKind::Insecure, span, key, message, help);
        }
        if self.mode == AuthMode::Keys && validator.clients.is_empty() {
            let message = "no clients are configured, so every caller is refused";
            let help = "run `switchboard keygen NAME` and add the `[clients.NAME]` table it prints, \
                        or set `auth.mode = \"none\"` on a loopback address";
            validator.warn(ProblemKind::Unused, span, key, message, help);
        }
    }
}
