//! `[vendors.*]`: the vendor accounts, how each is reached, and the limits for each.

pub(crate) mod breaker;
pub(crate) mod catalog;
pub(crate) mod plan;
pub(crate) mod retry;
pub(crate) mod vendor_tls;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use strum::VariantNames;
use vendors::{Field, FieldPolicy, Handling, nearest, registry};

use super::rate_limit;
use super::server::Server;
use super::tls::TlsVersion;
use crate::config::types::base_url::BaseUrl;
use crate::config::types::duration;
use crate::config::types::handling::{self, FIELD_POLICIES, HANDLINGS};
use crate::config::types::pem;
use crate::config::types::secret::Secret;
use crate::config::validate::name::{NameRule, dialects};
use crate::config::validate::problem::{Diagnostic, ProblemKind};
use crate::config::validate::shape::{Key, Kind, Section, one_of};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::{PublicRoots, RateSettings};
use breaker::Breaker;
use catalog::Catalog;
use plan::{PlanSettings, Publish};
use retry::Retry;
use vendor_tls::VendorTls;

const DURATION: Kind = Kind::Duration { zero: false };

/// The time one attempt may take, and within it a connection, unless the account says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const ALLOW_PLAIN_HTTP: &str = "allow_plain_http";

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("dialect", Kind::Dialect, "The vendor's dialect; the table's name where absent."),
    Key::new("base_url", Kind::Url, "Where its API is; the dialect's documented one where absent."),
    Key::new("token", Kind::Secret, "The account's API key, as a reference.").required(),
    Key::new(
        "handling",
        Kind::Word(HANDLINGS),
        "What becomes of fields it cannot express, unless a client, assistant or request says otherwise.",
    ),
    Key::new(
        "branch",
        Kind::Text,
        "The branch of its assistants that is read and changed; the vendor's main one where absent.",
    ),
    Key::new(
        "publish",
        Kind::Word(Publish::VARIANTS),
        "Whether an update ends with publishing what it wrote, at a vendor that keeps drafts: `never`, or `after_update`.",
    ),
    Key::new("timeout", DURATION, "The time one attempt may take."),
    Key::new("connect_timeout", DURATION, "The time a connection may take, TLS included."),
    Key::new(
        "max_connection_age",
        Kind::Duration { zero: true },
        "The age from which on a connection to it gets no more requests, less up to a fifth, so that a changed address is noticed under load; `0s` turns it off.",
    ),
    Key::new("max_in_flight", Kind::Count { min: 1, max: 1_000_000 }, "Requests sent to it at once."),
    Key::new(
        "max_waiting",
        Kind::Count { min: 0, max: 1_000_000 },
        "Requests that may wait for one of those places; more are refused as `overloaded`.",
    ),
    Key::new(
        "settle_after_unknown",
        Kind::Duration { zero: true },
        "How long the next update of an assistant waits after one whose outcome is unknown; `0s` turns it off.",
    ),
    Key::new("catalog_ttl", DURATION, "How long its own lists of names and ids are trusted."),
    Key::new(
        "list_ttl",
        Kind::Duration { zero: true },
        "How long one copy of its list of assistants serves reads; `0s` keeps none.",
    ),
    Key::new("rate_limit", Kind::Table(&rate_limit::SECTION), "How often it may be called; no limit where absent."),
    Key::new("retry", Kind::Table(&retry::SECTION), "Repeating what failed."),
    Key::new("breaker", Kind::Table(&breaker::SECTION), "Leaving it alone while it fails."),
    Key::new("catalog", Kind::Table(&catalog::SECTION), "Names for its ids, before its own lists."),
    Key::new(
        "fields",
        Kind::Pairs(NameRule::Field, &Kind::Word(FIELD_POLICIES)),
        "Per canonical field, and the other form of the same setting: `drop` it, `refuse` it, or `send` it though it is not documented.",
    ),
    Key::new(ALLOW_PLAIN_HTTP, Kind::Flag, "Lets the token travel unencrypted to another machine."),
    Key::new(
        "roots",
        Kind::Word(PublicRoots::VARIANTS),
        "Public issuers to trust: the `platform`'s, the `bundled` ones of Mozilla, or `none`; with `ca_file` none unless set.",
    ),
    Key::new(
        "ca_file",
        Kind::Path,
        "Further issuers to trust, and certificates that the vendor itself may show (PEM).",
    ),
    Key::new("client_certificate", Kind::Table(&pem::IDENTITY), "The certificate to show to it."),
    Key::new("min_tls_version", Kind::Word(TlsVersion::VARIANTS), "The oldest TLS version to speak with it."),
    Key::new(
        "server_name",
        Kind::ServerName,
        "The name to ask for and to expect in its certificate; the host of `base_url` where absent.",
    ),
    Key::new(
        "insecure_skip_verify",
        Kind::Flag,
        "Accepts any server as the vendor, which gives the token away; for experiments only.",
    ),
]);

/// A vendor account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vendor {
    /// One of the known dialects.
    pub dialect: String,
    /// Where its API is.
    pub base_url: BaseUrl,
    /// The account's API key, fit for a header.
    pub token: Secret,
    /// What becomes of fields it cannot express; the default if `None`.
    #[serde(serialize_with = "handling::serialize_effective")]
    pub handling: Option<Handling>,
    /// What it says about the requests that an update takes.
    #[serde(flatten)]
    pub plan: PlanSettings,
    /// The time one attempt may take.
    #[serde(serialize_with = "duration::serialize")]
    pub timeout: Duration,
    /// The time a connection may take, TLS included.
    #[serde(serialize_with = "duration::serialize")]
    pub connect_timeout: Duration,
    /// The age from which on a connection gets no more requests; zero for none.
    #[serde(serialize_with = "duration::serialize")]
    pub max_connection_age: Duration,
    /// Requests sent to it at once.
    pub max_in_flight: usize,
    /// Requests that may wait for a place.
    pub max_waiting: usize,
    /// How long the next update of an assistant waits after an unknown outcome.
    #[serde(serialize_with = "duration::serialize")]
    pub settle_after_unknown: Duration,
    /// How long its own lists of names and ids are trusted.
    #[serde(serialize_with = "duration::serialize")]
    pub catalog_ttl: Duration,
    /// How long one copy of its list of assistants serves reads; zero keeps none.
    #[serde(serialize_with = "duration::serialize")]
    pub list_ttl: Duration,
    /// How often it may be called.
    pub rate_limit: Option<RateSettings>,
    /// Repeating what failed.
    pub retry: Retry,
    /// Leaving it alone while it fails.
    pub breaker: Breaker,
    /// Names for its ids.
    pub catalog: Catalog,
    /// What the operator decided for single canonical fields.
    #[serde(serialize_with = "handling::serialize_policies")]
    pub fields: BTreeMap<String, FieldPolicy>,
    /// Whether the token may travel unencrypted to another machine.
    pub allow_plain_http: bool,
    /// Whom to trust to be the vendor, and who to be there.
    #[serde(flatten)]
    pub tls: VendorTls,
}

impl Vendor {
    /// An account with a dialect, an address and a token, and the default for all else.
    #[must_use]
    pub fn new(dialect: impl Into<String>, base_url: BaseUrl, token: Secret) -> Self {
        Self {
            dialect: dialect.into(),
            base_url,
            token,
            handling: None,
            plan: PlanSettings::default(),
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            max_connection_age: Duration::from_mins(5),
            max_in_flight: 128,
            max_waiting: 256,
            settle_after_unknown: Duration::from_secs(2),
            catalog_ttl: Duration::from_mins(10),
            list_ttl: Duration::from_secs(5),
            rate_limit: None,
            retry: Retry::default(),
            breaker: Breaker::default(),
            catalog: Catalog::default(),
            fields: BTreeMap::new(),
            allow_plain_http: false,
            tls: VendorTls::default(),
        }
    }

    /// `None` where the dialect, the address or the token is missing or wrong, which is reported. Everything else is read and
    /// checked all the same, so that one look lists all problems.
    pub(crate) fn read(
        name: &str,
        reader: &TableReader<'_>,
        server: &Server,
        validator: &mut Validator<'_>,
    ) -> Option<Self> {
        let dialect = dialect(name, reader, validator);
        let base_url = base_url(dialect.as_deref(), reader, validator);
        let token = reader.secret("token", validator);
        let plan = dialect.as_deref().map(|dialect| PlanSettings::read(dialect, reader, validator));
        let limit = reader.table("rate_limit").present();
        let rate_limit = limit.and_then(|limit| RateSettings::read(&limit, validator));
        let retry = Retry::read(&reader.table("retry"), validator);
        let catalog = Catalog::read(&reader.table("catalog"), validator);
        let fields = fields(&reader.table("fields"), validator);
        let tls = VendorTls::read(reader, validator);
        tls.validate(base_url.as_ref().is_none_or(BaseUrl::is_https), reader, validator);
        validate_timeouts(reader, server, validator);
        if let Some(base_url) = &base_url {
            validate_address(base_url, reader, server, validator);
            validate_path(dialect.as_deref(), base_url, reader, validator);
        }
        let own = Self::new(dialect?, base_url?, token?);
        Some(Self {
            handling: reader.handling("handling"),
            plan: plan.unwrap_or_default(),
            timeout: reader.duration("timeout").unwrap_or(own.timeout),
            connect_timeout: reader.duration("connect_timeout").unwrap_or(own.connect_timeout),
            max_connection_age: reader.duration("max_connection_age").unwrap_or(own.max_connection_age),
            max_in_flight: reader.count("max_in_flight").unwrap_or(own.max_in_flight),
            max_waiting: reader.count("max_waiting").unwrap_or(own.max_waiting),
            settle_after_unknown: reader.duration("settle_after_unknown").unwrap_or(own.settle_after_unknown),
            catalog_ttl: reader.duration("catalog_ttl").unwrap_or(own.catalog_ttl),
            list_ttl: reader.duration("list_ttl").unwrap_or(own.list_ttl),
            rate_limit,
            retry,
            breaker: Breaker::read(&reader.table("breaker")),
            catalog,
            fields,
            allow_plain_http: reader.flag(ALLOW_PLAIN_HTTP).unwrap_or(own.allow_plain_http),
            tls,
            ..own
        })
    }
}

fn validate_timeouts(reader: &TableReader<'_>, server: &Server, validator: &mut Validator<'_>) {
    let mut longer = |name: &str, than: &str, limit: Duration| {
        let wrong = format!("is longer than `{than}` ({})", duration::format(limit));
        let help = format!("`{than}` ends the wait first; lower `{name}`");
        validator.report(reader.warning(name, ProblemKind::Unused, wrong).help(help));
    };
    let timeout = reader.duration("timeout").unwrap_or(TIMEOUT);
    // No warning for the default: the request's own deadline bounds it anyway.
    if reader.entry("timeout").is_some() && timeout > server.request_timeout {
        longer("timeout", "server.request_timeout", server.request_timeout);
    }
    if reader.duration("connect_timeout").unwrap_or(CONNECT_TIMEOUT) > timeout {
        longer("connect_timeout", "timeout", timeout);
    }
}

fn validate_address(base_url: &BaseUrl, reader: &TableReader<'_>, server: &Server, validator: &mut Validator<'_>) {
    let may_be_plain = reader.flag(ALLOW_PLAIN_HTTP).unwrap_or_default();
    if !base_url.is_https() && !base_url.is_loopback() && !may_be_plain {
        let wrong = "would send the token unencrypted to another machine";
        let help = "use `https://`, or set `allow_plain_http = true` for this vendor";
        validator.report(reader.error("base_url", ProblemKind::Insecure, wrong).help(help));
    }
    for (name, listen) in [("listen", server.listen), ("admin_listen", server.admin_listen)] {
        if listen.port() != 0 && base_url.leads_to(listen) {
            let wrong = format_args!("leads back to this gateway: `server.{name}` is {listen}");
            let help = "name the vendor's own address, or another port";
            validator.report(reader.error("base_url", ProblemKind::Conflict, wrong).help(help));
        }
    }
}

/// The path of the endpoint is added to the address; one that already holds it leads nowhere.
fn validate_path(dialect: Option<&str>, base_url: &BaseUrl, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
    let Some(dialect) = dialect.and_then(registry::dialect) else { return };
    let endpoint = dialect.operations.update.path_of("");
    let endpoint = endpoint.trim_matches('/');
    let path = base_url.uri().path().trim_matches('/');
    let holds = format!("/{path}/").contains(&format!("/{endpoint}/"));
    if reader.entry("base_url").is_some() && holds {
        let wrong = format!("holds the path of an endpoint, `/{endpoint}`, which the gateway adds itself");
        let help = format!("end it before that, as in `{}`", dialect.base_url);
        validator.report(reader.warning("base_url", ProblemKind::BadValue, wrong).help(help));
    }
}

/// The policies of single fields. A field by name and the same field by id are one setting, so a policy for one form covers
/// the other. Two different policies contradict each other.
fn fields(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> BTreeMap<String, FieldPolicy> {
    let policy = |field: &str| handling::field_policy(reader.text(field)?);
    let fields: BTreeMap<String, FieldPolicy> =
        reader.entries().filter_map(|(field, _)| Some((field.to_owned(), policy(field)?))).collect();
    for (name, policy) in &fields {
        let twin = Field::from_name(name).and_then(Field::twin).map(Field::name);
        let Some(twin) = twin.filter(|twin| *twin < name.as_str()) else { continue };
        if fields.get(twin).is_some_and(|other| other != policy) {
            let message = format!("`{}` treats `{twin}` and `{name}` differently", reader.key_path);
            let help = "both are the same setting, by name and by id: name only one of them, which holds for both";
            let key = reader.key_path.key(name);
            validator.error(ProblemKind::Conflict, reader.span(name), key, message, help);
        }
    }
    fields
}

/// The dialect: the named one, else the one that the table is named after.
fn dialect(name: &str, reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<String> {
    if reader.node("dialect").is_some() {
        let named = reader.text("dialect")?;
        return dialects().any(|known| known == named).then(|| named.to_owned());
    }
    if dialects().any(|known| known == name) {
        return Some(name.to_owned());
    }
    let message = format!("`{}` names no dialect and is not named after one", reader.key_path);
    let diagnostic =
        Diagnostic::error(ProblemKind::MissingKey, reader.own_span(), reader.key_path.key("dialect"), message);
    let help = match nearest(name, dialects()) {
        Some(near) => format!("add `dialect = \"{near}\"`, or name the table `{near}`"),
        None => format!("add `dialect`: {}", one_of(dialects())),
    };
    validator.report(diagnostic.help(help));
    None
}

/// The address: the given one, else the dialect's documented one.
fn base_url(dialect: Option<&str>, reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<BaseUrl> {
    if reader.node("base_url").is_some() {
        return BaseUrl::parse(reader.text("base_url")?).ok();
    }
    let dialect = dialect?;
    let url = registry::dialect(dialect).and_then(|dialect| BaseUrl::parse(dialect.base_url).ok());
    if url.is_none() {
        let key = reader.key_path.key("base_url");
        let message = format!("`{}` lacks `base_url`", reader.key_path);
        let help = format!("the dialect \"{dialect}\" has no documented address");
        validator.error(ProblemKind::MissingKey, reader.own_span(), key, message, help);
    }
    url
}
