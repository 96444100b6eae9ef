//! `[store.postgres]`: the database that replicas share.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use strum::{EnumString, VariantNames};

use crate::config::types::duration;
use crate::config::types::secret::SecretText;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::{PostgresTls, PostgresUrl};

/// One for the session, for shared limits, for reading, for what may be lost, and at least one that writes.
const MIN_CONNECTIONS: u64 = 5;
const MAX_CONNECTIONS: u64 = 64;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "url",
        Kind::Secret,
        "Where the database is: `postgres://user:password@host,host/database?sslmode=verify-full`, or keys with values.",
    )
    .required(),
    Key::new(
        "connections",
        Kind::Count { min: MIN_CONNECTIONS, max: MAX_CONNECTIONS },
        "Connections that each replica keeps.",
    ),
    Key::new("timeout", Kind::Duration { zero: false }, "How long a statement is waited for."),
    Key::new(
        "prepared",
        Kind::Flag,
        "Whether statements are prepared once for each connection; `false` behind a PgBouncer below 1.21.",
    ),
    Key::new(
        "require_sync",
        Kind::Flag,
        "Whether a start insists on a synchronous standby, so that a failover loses nothing that was accepted.",
    ),
    Key::new(
        "on_outage",
        Kind::Word(OnOutage::VARIANTS),
        "While the database does not answer, changes are refused (`refuse`), or synchronous ones without a key go on in the order of this process only (`local`).",
    ),
]);

/// What becomes of changes while the database does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OnOutage {
    /// They are refused.
    Refuse,
    /// Synchronous ones without a key go on, in the order of this process.
    Local,
}

/// The database that replicas share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostgresStore {
    /// Where it is, shown without its password.
    pub url: PostgresUrl,
    /// How many connections are kept.
    pub connections: usize,
    /// How long a statement is waited for.
    #[serde(serialize_with = "duration::serialize")]
    pub timeout: Duration,
    /// Whether statements are prepared.
    pub prepared: bool,
    /// Whether a start insists on a synchronous standby.
    pub require_sync: bool,
    /// What becomes of changes during an outage.
    pub on_outage: OnOutage,
}

impl SecretText for PostgresUrl {
    const HELP: &'static str = "put a URL such as `postgres://user:password@host/database`, and nothing else, into";

    fn from_text(text: &str) -> Result<Self, Cow<'static, str>> {
        Self::parse(text)
    }
}

impl PostgresStore {
    /// `None` where the URL is missing or wrong, which is reported.
    pub(super) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let url: PostgresUrl = reader.secrets("url", validator).pop()?;
        check_files(reader, &url, validator)?;
        if url.tls < PostgresTls::VerifyFull && !url.is_local() {
            let wrong = format!("has `sslmode={}`, which does not check that the server is the right one", url.tls);
            let help = "write `sslmode=verify-full`: who takes the server's place could read and change what is stored";
            validator.report(reader.warning("url", ProblemKind::Insecure, wrong).help(help).secret());
        }
        Some(Self {
            url,
            connections: reader.count("connections").unwrap_or(6),
            timeout: reader.duration("timeout").unwrap_or(Duration::from_secs(2)),
            prepared: reader.flag("prepared").unwrap_or(true),
            require_sync: reader.flag("require_sync").unwrap_or_default(),
            on_outage: reader.word("on_outage").unwrap_or(OnOutage::Refuse),
        })
    }
}

/// `None` where a file that the URL names cannot be read, which is reported.
fn check_files(reader: &TableReader<'_>, url: &PostgresUrl, validator: &mut Validator<'_>) -> Option<()> {
    let identity = url.identity.iter().flat_map(|(cert, key)| [cert, key]);
    for path in url.roots.iter().chain(identity) {
        let path = path.to_str()?;
        validator.read_file(reader.span("url"), reader.key_path.key("url"), path)?;
    }
    Some(())
}
