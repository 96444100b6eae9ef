//! Settings that take effect at the start only: what of them has changed, and what would be unsafe until then.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::{self, AuthMode, Settings, StoreKind, WatchedFile};
use crate::value::{Fingerprint, LogFormat, Network};

/// The settings that take effect only when the process starts, and the files that it started from.
pub struct StartupSettings {
    pub(super) files: Vec<WatchedFile>,
    listen: SocketAddr,
    admin_listen: SocketAddr,
    header_timeout: Duration,
    idle_timeout: Duration,
    max_connections: usize,
    max_headers: usize,
    proxy_protocol: bool,
    trusted_proxies: Vec<Network>,
    tls: bool,
    admin_tls: bool,
    log_format: LogFormat,
    store: Option<StartupStore>,
    session_ttl: Duration,
}

/// Where the store is, and what it encrypts with.
#[derive(PartialEq)]
struct StartupStore {
    kind: StoreKind,
    path: Option<PathBuf>,
    encryption_key: Fingerprint,
    postgres: Option<Fingerprint>,
}

impl StartupSettings {
    /// Those of the first configuration.
    pub fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        Self {
            files: settings.files.clone(),
            listen: server.listen,
            admin_listen: server.admin_listen,
            header_timeout: server.header_timeout,
            idle_timeout: server.idle_timeout,
            max_connections: server.max_connections,
            max_headers: server.max_headers,
            proxy_protocol: server.proxy_protocol,
            trusted_proxies: server.trusted_proxies.clone(),
            tls: server.tls.is_some(),
            admin_tls: server.admin_tls.is_some(),
            log_format: settings.log.format,
            store: settings.store.as_ref().map(StartupStore::of),
            session_ttl: settings.cluster.session_ttl,
        }
    }

    /// The changed keys, which take effect after a restart.
    pub(super) fn changed_keys(&self, after: &Self) -> Vec<&'static str> {
        let (store, store_after) = (self.store.as_ref(), after.store.as_ref());
        let path = |store: Option<&StartupStore>| store.and_then(|store| store.path.clone());
        let postgres = |store: Option<&StartupStore>| store.and_then(|store| store.postgres);
        let key = |store: Option<&StartupStore>| store.map(|store| store.encryption_key);
        let changed = [
            ("server.listen", self.listen != after.listen),
            ("server.admin_listen", self.admin_listen != after.admin_listen),
            ("server.header_timeout", self.header_timeout != after.header_timeout),
            ("server.idle_timeout", self.idle_timeout != after.idle_timeout),
            ("server.max_connections", self.max_connections != after.max_connections),
            ("server.max_headers", self.max_headers != after.max_headers),
            ("server.proxy_protocol", self.proxy_protocol != after.proxy_protocol),
            ("server.trusted_proxies", self.trusted_proxies != after.trusted_proxies),
            ("server.tls", self.tls != after.tls),
            ("server.admin_tls", self.admin_tls != after.admin_tls),
            ("log.format", self.log_format != after.log_format),
            ("store.kind", store.map(|store| store.kind) != store_after.map(|store| store.kind)),
            ("store.path", path(store) != path(store_after)),
            ("store.encryption_key", key(store) != key(store_after)),
            ("store.postgres", postgres(store) != postgres(store_after)),
            ("cluster.session_ttl", self.session_ttl != after.session_ttl),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }

    /// Rejects settings that are safe on the new addresses but not on the present ones, which stay until a restart.
    pub(super) fn check_addresses(&self, after: &Settings) -> Result<(), String> {
        let (api, admin) = (self.listen, self.admin_listen);
        if after.auth.mode == AuthMode::None && !after.auth.allow_insecure && !config::is_loopback(api) {
            return Err(format!(
                "`auth.mode = \"none\"` needs a restart: until then the gateway listens on {api} and would accept everyone who can reach it"
            ));
        }
        if after.admin.token.is_none() && !config::is_loopback(admin) {
            return Err(format!(
                "going without `admin.token` needs a restart: until then administration listens on {admin}, which other machines can reach"
            ));
        }
        Ok(())
    }
}

impl StartupStore {
    fn of(store: &config::Store) -> Self {
        let keys: Vec<&[u8]> = store.encryption_key.iter().map(|key| key.expose().as_slice()).collect();
        let postgres = store.postgres.as_ref().map(|postgres| {
            let password = postgres.url.password().unwrap_or_default();
            Fingerprint::of(&(postgres, postgres.url.all_but_password()), &[password.as_bytes()])
        });
        let encryption_key = Fingerprint::of(&(), &keys);
        Self { kind: store.kind, path: store.path.clone(), encryption_key, postgres }
    }
}
