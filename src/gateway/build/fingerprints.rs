//! What a generation keeps of the settings that it was built from: enough to tell whether the next ones differ.

use std::collections::BTreeMap;

use crate::config::{Client, Secret, Settings, SigningSecret, Store, Vendor};
use crate::telemetry::event::KeyChanges;
use crate::value::Fingerprint;

/// Fingerprints of what has a name.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Fingerprints {
    pub(super) vendors: BTreeMap<String, VendorFingerprints>,
    /// The keys and certificates of each client.
    clients: BTreeMap<String, Fingerprint>,
    /// What the redacted settings do not show: the contents of secrets and certificates, by their keys.
    secrets: BTreeMap<String, Fingerprint>,
}

/// What of a vendor account's settings matters to what is kept when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VendorFingerprints {
    /// All of them.
    pub(super) all: Fingerprint,
    /// The settings of the stack. If they are the same, connections, limits and breaker are kept. The token is not part
    /// of them, because it is sent with each request.
    pub(super) transport: Fingerprint,
    /// The settings that decide what the vendor lists. The token is part of them: another one may be another customer's.
    pub(super) catalogs: Fingerprint,
    token: Fingerprint,
}

impl Fingerprints {
    pub(in crate::gateway) fn of(settings: &Settings) -> Self {
        Self {
            vendors: settings
                .vendors
                .iter()
                .map(|(name, vendor)| (name.clone(), VendorFingerprints::of(vendor)))
                .collect(),
            clients: settings.clients.iter().map(|(name, client)| (name.clone(), of_client(client))).collect(),
            secrets: of_secrets(settings),
        }
    }

    /// The keys whose contents differ in `after`, which has them too.
    pub(in crate::gateway) fn changed_secrets(&self, after: &Self) -> Vec<String> {
        compared(&self.secrets, &after.secrets).2
    }

    /// Which keys differ in `after`; `None` if none do.
    pub(in crate::gateway) fn changes(&self, after: &Self, generation: u64) -> Option<KeyChanges> {
        let (clients_added, clients_removed, clients_key_changed) = compared(&self.clients, &after.clients);
        let tokens = |all: &Self| all.vendors.iter().map(|(name, vendor)| (name.clone(), vendor.token)).collect();
        let (_, _, vendors_token_changed) = compared(&tokens(self), &tokens(after));
        let changes =
            KeyChanges { generation, clients_added, clients_removed, clients_key_changed, vendors_token_changed };
        (!changes.are_none()).then_some(changes)
    }
}

impl VendorFingerprints {
    pub(super) fn of(vendor: &Vendor) -> Self {
        let token = vendor.token.expose().as_bytes();
        let tls = &vendor.tls;
        let issuers = tls.ca_file.as_ref().map(|file| file.pem.as_bytes()).unwrap_or_default();
        let identity = tls.client_certificate.as_ref();
        let (chain, key) = identity
            .map(|identity| (identity.cert.pem.as_bytes(), identity.key.pem.expose().as_bytes()))
            .unwrap_or_default();
        let limits = (vendor.max_in_flight, vendor.max_waiting, &vendor.rate_limit, &vendor.retry, &vendor.breaker);
        let times = (vendor.timeout, vendor.connect_timeout, vendor.max_connection_age, vendor.settle_after_unknown);
        let transport = (&vendor.base_url, times, limits, tls);
        Self {
            // Whether the handling is the default is not seen in the settings.
            all: Fingerprint::of(&(vendor, vendor.handling.is_some()), &[token, issuers, chain, key]),
            transport: Fingerprint::of(&transport, &[issuers, chain, key]),
            catalogs: Fingerprint::of(&(&vendor.dialect, &vendor.base_url), &[token]),
            token: Fingerprint::of(&(), &[token]),
        }
    }
}

fn of_secrets(settings: &Settings) -> BTreeMap<String, Fingerprint> {
    let mut found = of_callbacks(settings);
    let mut add = |key: String, content: Option<&str>| {
        if let Some(content) = content {
            found.insert(key, Fingerprint::of(&(), &[content.as_bytes()]));
        }
    };
    add("admin.token".to_owned(), settings.admin.token.as_ref().map(Secret::expose));
    add("admin.viewer_token".to_owned(), settings.admin.viewer_token.as_ref().map(Secret::expose));
    add("admin.metrics_token".to_owned(), settings.admin.metrics_token.as_ref().map(Secret::expose));
    if let Some(tls) = &settings.server.tls {
        add("server.tls.cert".to_owned(), Some(&tls.identity.cert.pem));
        add("server.tls.key".to_owned(), Some(tls.identity.key.pem.expose()));
        add("server.tls.client_ca".to_owned(), tls.client_ca.as_ref().map(|file| file.pem.as_str()));
    }
    for (name, vendor) in &settings.vendors {
        let key = |key: &str| format!("vendors.{name}.{key}");
        add(key("token"), Some(vendor.token.expose()));
        add(key("ca_file"), vendor.tls.ca_file.as_ref().map(|file| file.pem.as_str()));
        let identity = vendor.tls.client_certificate.as_ref();
        add(key("client_certificate.cert"), identity.map(|identity| identity.cert.pem.as_str()));
        add(key("client_certificate.key"), identity.map(|identity| identity.key.pem.expose()));
    }
    for (name, secret) in &settings.traces.headers {
        add(format!("traces.headers.{name}"), Some(secret.expose()));
    }
    add("traces.ca_file".to_owned(), settings.traces.ca_file.as_ref().map(|file| file.pem.as_str()));
    if let Some(store) = &settings.store {
        found.insert("store.encryption_key".to_owned(), of_encryption_keys(store));
    }
    found
}

/// The contents of callbacks that the redacted settings do not show.
fn of_callbacks(settings: &Settings) -> ByName {
    let mut found = ByName::new();
    for (name, client) in &settings.clients {
        let Some(callback) = &client.callback else { continue };
        let mut add = |key: &str, contents: &[&[u8]]| {
            found.insert(format!("clients.{name}.callback.{key}"), Fingerprint::of(&(), contents));
        };
        let secrets: Vec<&[u8]> = callback.secret.iter().map(SigningSecret::expose).collect();
        add("secret", &secrets);
        add("url", &[callback.url.uri().to_string().as_bytes()]);
        if let Some(file) = &callback.ca_file {
            add("ca_file", &[file.pem.as_bytes()]);
        }
    }
    found
}

/// The fingerprint of the keys that a store encrypts with, in their order.
fn of_encryption_keys(store: &Store) -> Fingerprint {
    let keys: Vec<&[u8]> = store.encryption_key.iter().map(|key| key.expose().as_slice()).collect();
    Fingerprint::of(&(), &keys)
}

fn of_client(client: &Client) -> Fingerprint {
    let digests: Vec<&[u8]> = client.key_sha256.iter().map(|digest| digest.as_bytes().as_slice()).collect();
    Fingerprint::of(&client.certificate, &digests)
}

type ByName = BTreeMap<String, Fingerprint>;

/// The names that are new, that are missing, and whose fingerprint has changed.
fn compared(old: &ByName, new: &ByName) -> (Vec<String>, Vec<String>, Vec<String>) {
    let missing = |of: &ByName, from: &ByName| of.keys().filter(|name| !from.contains_key(*name)).cloned().collect();
    let changed = |(name, fingerprint): (&String, &Fingerprint)| {
        old.get(name).is_some_and(|before| before != fingerprint).then(|| name.clone())
    };
    (missing(new, old), missing(old, new), new.iter().filter_map(changed).collect())
}

#[cfg(test)]
mod tests {
    use crate::config::{CertificateFile, Environment, PlanSettings, Publish, Secret, load_text};
    use crate::gateway::build::fingerprints::*;

    #[test]
    fn a_changed_secret_changes_what_depends_on_it_and_nothing_else() {
        let environment = Environment::default().with([("TOKEN".to_owned(), "1|a".to_owned())].into_iter());
        let text = "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"TOKEN\" }\n";
        let vendor = load_text(text, &environment).unwrap().vendors.remove("sondos").unwrap();
        let before = VendorFingerprints::of(&vendor);
        assert_eq!(VendorFingerprints::of(&vendor.clone()), before);
        let same = |after: &Vendor| {
            let after = VendorFingerprints::of(after);
            [after.all == before.all, after.transport == before.transport, after.catalogs == before.catalogs]
        };
        let with_ca = |pem: &str| {
            let mut vendor = vendor.clone();
            vendor.tls.ca_file = Some(CertificateFile { path: "ca.pem".into(), pem: pem.to_owned() });
            vendor
        };
        assert_eq!(same(&Vendor { token: Secret::new("1|b"), ..vendor.clone() }), [false, true, false]);
        assert_eq!(same(&Vendor { max_waiting: 1, ..vendor.clone() }), [false, false, true]);
        let plan = PlanSettings { branch: Some("b".to_owned()), ..PlanSettings::default() };
        assert_eq!(same(&Vendor { plan, ..vendor.clone() }), [false, true, true]);
        let plan = PlanSettings { publish: Publish::AfterUpdate, ..PlanSettings::default() };
        assert_eq!(same(&Vendor { plan, ..vendor.clone() }), [false, true, true]);
        assert_eq!(same(&with_ca("one")), [false, false, true]);
        assert_ne!(
            VendorFingerprints::of(&with_ca("one")).transport,
            VendorFingerprints::of(&with_ca("two")).transport
        );
    }
}
