//! Builds a generation of the gateway from a checked configuration.

mod callbacks;
mod fingerprints;
mod order_scopes;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use vendors::json::push_string;
use vendors::{Catalog, CatalogEntry, CatalogKind, CatalogSet, Dialect, Field, Policies, registry};

use crate::access::{AdminTokens, Client, Clients, FailedAttempts, HostNames, RateLimiter};
use crate::account::{Account, AssistantPages, Limits, LiveCatalogs, Token};
use crate::config::{self, AuthMode, Secret, Settings};
use crate::http::body::BodyLimits;
use crate::net::signals::DrainSettings;
use crate::net::tls::client_trust::ClientTrust;
use crate::routing::{NamedAssistant, RoutingRule, RoutingTable};
use crate::upstream::{BreakerSettings, RetrySettings, Stack, StackSettings, Tasks, TlsRoots, UpstreamTlsError};
use crate::value::RateSettings;

use super::in_force::Kept;
use super::{Gateway, JournalSettings, QueueSettings};
use fingerprints::VendorFingerprints;

pub(super) use fingerprints::Fingerprints;
pub(super) use order_scopes::OrderScopes;
pub(crate) use tls::pem;

/// A valid configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A vendor's certificates or client certificate cannot be used.
    #[error("vendors.{vendor}: {source}")]
    Tls {
        /// The vendor account.
        vendor: String,
        /// What is wrong.
        source: UpstreamTlsError,
    },
    /// The certificates of a receiver of callbacks cannot be used.
    #[error("clients.{client}.callback: {source}")]
    Callback {
        /// The client.
        client: String,
        /// What is wrong.
        source: UpstreamTlsError,
    },
    /// A value that the configuration's checks should have rejected.
    #[error("{0}")]
    Inconsistent(String),
}

impl Gateway {
    /// Builds the first generation, or the one after `previous`, for which the caller also calls
    /// `Gateway::apply_scopes`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The configuration names certificates that cannot be used.
    pub fn build(settings: Settings, previous: Option<&Gateway>, tasks: &Tasks) -> Result<Self, BuildError> {
        let (mut roots, fingerprints) = (TlsRoots::default(), Fingerprints::of(&settings));
        let mut accounts = HashMap::with_capacity(settings.vendors.len());
        for (name, vendor) in &settings.vendors {
            let before = previous.and_then(|previous| PreviousAccount::of(name, previous));
            let account = match before {
                Some(before) if Some(before.fingerprints) == fingerprints.vendors.get(name) => {
                    Arc::clone(before.account)
                }
                before => Arc::new(account(name, vendor, before, &mut roots, tasks)?),
            };
            accounts.insert(Arc::clone(&account.name), account);
        }
        let meters = accounts.keys().map(|name| {
            let before = previous.and_then(|previous| previous.meters.get(name));
            (Arc::clone(name), before.cloned().unwrap_or_default())
        });
        let meters = meters.collect();
        let routes = routes(&settings, accounts)?;
        let server = &settings.server;
        let next = Self {
            generation: previous.map_or(1, |previous| previous.generation + 1),
            clients: clients(&settings, previous, tasks)?,
            callbacks: callbacks::targets(&settings, &mut roots)?,
            failed_attempts: failed_attempts(&settings, previous)?,
            routes,
            scopes: OrderScopes::of(&settings.vendors),
            meters,
            body_limits: BodyLimits { max_bytes: server.max_body_bytes, timeout: server.body_timeout },
            request_timeout: server.request_timeout,
            max_in_flight: server.max_in_flight,
            public_url: server.public_url.as_ref().map(|url| url.as_str().into()),
            hosts: HostNames::new(api_hosts(&settings), "server.hosts"),
            cors_origins: server.cors_origins.clone(),
            admin_hosts: HostNames::new(settings.admin.hosts.clone(), "admin.hosts"),
            admin: admin_tokens(&settings.admin),
            drain: DrainSettings { drain_delay: server.drain_delay, drain_timeout: server.drain_timeout },
            queue: QueueSettings::of(&settings),
            idempotency_retention: settings.idempotency.retention,
            journal: JournalSettings::of(&settings),
            sync_intent: settings.store.as_ref().is_some_and(|store| store.sync_intent),
            certificates: tls::expiries(&settings),
            traces_ui: settings.traces.ui.as_deref().map(Into::into),
            redacted_settings: settings.redacted(),
            origins: Arc::clone(&settings.origins),
            kept: Kept::default(),
            assistants_files: settings.assistants_files.clone(),
            fingerprints,
        };
        if previous.is_none() {
            next.apply_scopes(None, tasks);
        }
        Ok(next)
    }

    /// Checks whether a generation can be built from settings, without building one.
    ///
    /// # Errors
    /// The configuration names certificates that cannot be used.
    pub(crate) fn check(settings: &Settings) -> Result<(), BuildError> {
        let mut roots = TlsRoots::default();
        for (name, vendor) in &settings.vendors {
            client_tls(name, vendor, &mut roots)?;
        }
        callbacks::targets(settings, &mut roots)?;
        client_trust(settings).map(|_| ())
    }
}

/// The account of the same name in the previous generation.
#[derive(Clone, Copy)]
struct PreviousAccount<'a> {
    fingerprints: &'a VendorFingerprints,
    account: &'a Arc<Account>,
}

impl<'a> PreviousAccount<'a> {
    fn of(name: &str, previous: &'a Gateway) -> Option<Self> {
        Some(Self {
            fingerprints: previous.fingerprints.vendors.get(name)?,
            account: previous.routes.accounts.get(name)?,
        })
    }
}

fn account(
    name: &str,
    vendor: &config::Vendor,
    before: Option<PreviousAccount<'_>>,
    roots: &mut TlsRoots,
    tasks: &Tasks,
) -> Result<Account, BuildError> {
    let inconsistent = |what: &str| BuildError::Inconsistent(format!("vendors.{name}: {what}"));
    let fingerprints = VendorFingerprints::of(vendor);
    let dialect = registry::dialect(&vendor.dialect).ok_or_else(|| inconsistent("its dialect is not known"))?;
    let stack = match before.filter(|before| before.fingerprints.transport == fingerprints.transport) {
        Some(before) => Arc::clone(&before.account.stack),
        None => Arc::new(stack(name, vendor, roots, tasks)?),
    };
    let live = match before {
        Some(before) if before.fingerprints.catalogs == fingerprints.catalogs => {
            before.account.live.with_ttl(vendor.catalog_ttl)
        }
        Some(before) => before.account.live.emptied(vendor.catalog_ttl),
        None => LiveCatalogs::new(vendor.catalog_ttl),
    };
    let live = match &tasks.shared {
        None => live,
        Some(shared) => {
            let identity = order_scopes::catalog_identity(vendor);
            live.sharing(CatalogKind::ALL.map(|kind| shared.catalog(name, &kind.to_string(), identity)))
        }
    };
    let drift = before.filter(|before| before.account.dialect.name == dialect.name);
    Ok(Account {
        dialect,
        handling: vendor.handling,
        policies: policies(vendor),
        plan: vendor.plan.plan(),
        configured: configured(dialect, &vendor.catalog),
        live,
        assistants: AssistantPages::new(vendor.list_ttl),
        stack,
        limits: Limits {
            max_in_flight: vendor.max_in_flight,
            max_waiting: vendor.max_waiting,
            insecure_skip_verify: vendor.tls.insecure_skip_verify,
        },
        drift: drift.map(|before| Arc::clone(&before.account.drift)).unwrap_or_default(),
        token: Token::new(dialect.auth, vendor.token.expose())
            .ok_or_else(|| inconsistent("its token cannot stand in a header"))?,
        name: name.into(),
    })
}

/// How to speak TLS with a vendor.
fn client_tls(name: &str, vendor: &config::Vendor, roots: &mut TlsRoots) -> Result<Arc<ClientConfig>, BuildError> {
    tls::vendor_tls(&vendor.tls)
        .and_then(|tls| roots.client(vendor.base_url.is_https(), &tls))
        .map_err(|source| BuildError::Tls { vendor: name.to_owned(), source })
}

fn stack(name: &str, vendor: &config::Vendor, roots: &mut TlsRoots, tasks: &Tasks) -> Result<Stack, BuildError> {
    let name: Arc<str> = name.into();
    let tls = client_tls(&name, vendor, roots)?;
    let server_name = vendor.tls.server_name.clone().map(ServerName::try_from).transpose();
    let server_name = server_name
        .map_err(|_| BuildError::Inconsistent(format!("vendors.{name}: its `server_name` is not a server's name")))?;
    let settings = StackSettings {
        name,
        base_url: vendor.base_url.uri().clone(),
        timeout: vendor.timeout,
        connect_timeout: vendor.connect_timeout,
        max_connection_age: vendor.max_connection_age,
        max_in_flight: vendor.max_in_flight,
        max_waiting: vendor.max_waiting,
        settle_after_unknown: vendor.settle_after_unknown,
        rate_limit: vendor.rate_limit,
        retry: RetrySettings {
            max_attempts: vendor.retry.max_attempts,
            backoff: vendor.retry.backoff,
            max_backoff: vendor.retry.max_backoff,
        },
        breaker: BreakerSettings {
            failure_ratio: vendor.breaker.failure_ratio,
            min_requests: vendor.breaker.min_requests,
            window: vendor.breaker.window,
            open_for: vendor.breaker.open_for,
        },
        tls,
        server_name,
    };
    Ok(Stack::new(&settings, tasks))
}

/// The operator's policy for each field. A policy also applies to the field's twin, unless the twin has its own.
pub(crate) fn policies(vendor: &config::Vendor) -> Policies {
    let own = |field: Field| vendor.fields.get(field.name()).copied();
    let decided = |field: Field| own(field).or_else(|| own(field.twin()?));
    Field::ALL.into_iter().filter_map(|field| Some((field, decided(field)?))).collect()
}

/// The catalogs of the configuration, with ids as the vendor's JSON has them.
pub(crate) fn configured(dialect: &Dialect, catalog: &config::Catalog) -> CatalogSet {
    let mut set = CatalogSet::default();
    let json = |id: &str| {
        let mut text = Vec::with_capacity(id.len() + 2);
        push_string(&mut text, id);
        String::from_utf8(text).unwrap_or_default()
    };
    let id = |id: &str| if dialect.ids.is_text() { json(id) } else { id.to_owned() };
    for (kind, pairs) in catalog.kinds().filter(|(_, pairs)| !pairs.is_empty()) {
        let entries = pairs.iter().map(|(own, name)| CatalogEntry::new(id(own), name));
        set.set(kind, Arc::new(entries.collect::<Catalog>()));
    }
    set
}

fn routes(settings: &Settings, accounts: HashMap<Arc<str>, Arc<Account>>) -> Result<RoutingTable, BuildError> {
    let find = |vendor: &str| {
        let account = accounts.get(vendor).cloned();
        account.ok_or_else(|| BuildError::Inconsistent(format!("no vendor is named `{vendor}`")))
    };
    let assistants = settings.assistants.iter().map(|(name, assistant)| {
        let named = NamedAssistant {
            account: find(&assistant.vendor)?,
            id: assistant.id.as_str().into(),
            handling: assistant.handling,
        };
        Ok((name.as_str().into(), named))
    });
    let rules = settings.routing.rules.iter().map(|rule| {
        let (client, assistant) = (rule.client.clone(), rule.assistant.clone());
        Ok(RoutingRule { client, assistant, account: find(&rule.vendor)? })
    });
    Ok(RoutingTable {
        assistants: assistants.collect::<Result<_, BuildError>>()?,
        rules: rules.collect::<Result<_, BuildError>>()?,
        default: settings.routing.default_vendor.as_deref().map(find).transpose()?,
        accounts,
        names: OnceLock::new(),
    })
}

/// Whose certificates callers may show.
fn client_trust(settings: &Settings) -> Result<Option<ClientTrust>, BuildError> {
    let client_ca = settings.server.tls.as_ref().and_then(|tls| tls.client_ca.as_ref());
    let trust = client_ca.map(|file| ClientTrust::new(file.pem.as_bytes())).transpose();
    trust.map_err(|error| BuildError::Inconsistent(format!("server.tls: {error}")))
}

/// A client whose limit did not change keeps its limiter, and with it what it has used.
fn clients(settings: &Settings, previous: Option<&Gateway>, tasks: &Tasks) -> Result<Clients, BuildError> {
    let trust = client_trust(settings)?;
    let mut clients = Clients { open: settings.auth.mode == AuthMode::None, trust, ..Clients::default() };
    for (name, configured) in &settings.clients {
        let before = previous.and_then(|previous| previous.clients.named(name));
        let limited = before.and_then(|before| before.limiter.as_ref());
        let limiter = configured.rate_limit.as_ref().and_then(|limit| limiter(name, limit, limited, tasks));
        let client = Arc::new(Client {
            name: name.as_str().into(),
            vendors: configured.vendors.clone(),
            assistants: configured.assistants.clone(),
            operations: configured.operations,
            handling: configured.handling,
            limiter,
            usage: before.map(|before| Arc::clone(&before.usage)).unwrap_or_default(),
        });
        for digest in &configured.key_sha256 {
            clients.by_digest.insert(*digest.as_bytes(), Arc::clone(&client));
        }
        for identity in &configured.certificate {
            clients.by_certificate.push((identity.clone(), Arc::clone(&client)));
        }
    }
    Ok(clients)
}

/// An unchanged limit stays the same object, with what peers have used of it.
fn failed_attempts(settings: &Settings, previous: Option<&Gateway>) -> Result<Arc<FailedAttempts>, BuildError> {
    let limit = &settings.auth.failed_attempts;
    let interval = limit.interval();
    if let Some(previous) = previous.filter(|previous| previous.failed_attempts.is_limit_of(interval, limit.burst)) {
        return Ok(Arc::clone(&previous.failed_attempts));
    }
    let limit = FailedAttempts::new(interval, limit.burst)
        .ok_or_else(|| BuildError::Inconsistent("auth.failed_attempts: there is no such rate".into()))?;
    Ok(Arc::new(match previous {
        Some(previous) => limit.counting_on(&previous.failed_attempts),
        None => limit,
    }))
}

/// The previous limiter if it has this limit, else a new one that continues its count of refusals.
fn limiter(
    client: &str,
    limit: &RateSettings,
    before: Option<&Arc<RateLimiter>>,
    tasks: &Tasks,
) -> Option<Arc<RateLimiter>> {
    let interval = limit.interval();
    if let Some(before) = before.filter(|before| before.is_limit_of(interval, limit.burst)) {
        return Some(Arc::clone(before));
    }
    let refused = before.map(|limiter| Arc::clone(limiter.refused())).unwrap_or_default();
    let shared = tasks.shared.as_ref().map(|shared| shared.limit(&format!("client:{client}"), interval, limit.burst));
    RateLimiter::new(interval, limit.burst, refused).map(|limiter| Arc::new(limiter.sharing(shared)))
}

/// The names under which callers without keys may reach the API.
fn api_hosts(settings: &Settings) -> Vec<String> {
    let public = settings.server.public_url.as_ref().map(|url| url.host().to_owned());
    settings.server.hosts.iter().chain(&settings.admin.hosts).cloned().chain(public).collect()
}

fn admin_tokens(admin: &config::Admin) -> AdminTokens {
    let [token, viewer, metrics] =
        [&admin.token, &admin.viewer_token, &admin.metrics_token].map(|token| token.as_ref().map(Secret::expose));
    AdminTokens::new(token, viewer, metrics)
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, load_text};
    use crate::gateway::build::*;

    #[test]
    fn configured_ids_are_numbers_or_texts_as_the_vendor_has_them() {
        let environment = Environment::default().with([("T".to_owned(), "1|a".to_owned())].into_iter());
        let ids = |vendor: &str, id: &str| {
            let table = format!("[auth]\nmode = \"none\"\n[vendors.{vendor}]\ntoken = {{ env = \"T\" }}\n");
            let text = format!("{table}[vendors.{vendor}.catalog]\nvoices = {{ {id:?} = \"Burt\" }}\n");
            let settings = load_text(&text, &environment).unwrap();
            let dialect = registry::dialect(vendor).unwrap();
            let set = configured(dialect, &settings.vendors[vendor].catalog);
            let [entry] = set.get(CatalogKind::Voices).unwrap().entries() else { panic!("one entry") };
            (entry.id.clone(), entry.text_id().into_owned())
        };
        let own = |json: &str, text: &str| (json.to_owned(), text.to_owned());
        assert_eq!(ids("vapi", "11labs:burt"), own(r#""11labs:burt""#, "11labs:burt"));
        assert_eq!(ids("retell", "7"), own(r#""7""#, "7"));
        assert_eq!(ids("elevenlabs", "a \"b\""), own(r#""a \"b\"""#, "a \"b\""));
        assert_eq!(ids("sondos", "7"), own("7", "7"));
    }
}
