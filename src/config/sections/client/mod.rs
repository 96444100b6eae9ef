//! `[clients.*]`: the callers, how each is recognised and what it may do.

pub(crate) mod callback;

use std::collections::BTreeMap;

use serde::Serialize;
use strum::VariantNames;
use vendors::Handling;

use crate::config::load::tree::Node;
use crate::config::sections::auth::{Auth, AuthMode};
use crate::config::sections::rate_limit;
use crate::config::sections::server::Server;
use crate::config::types::digest::KeyDigest;
use crate::config::types::handling::{self, HANDLINGS};
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::{Glob, RateSettings, Right, Rights};
use callback::Callback;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "key_sha256",
        Kind::OneOrMore(&Kind::Digest),
        "SHA-256 of the client's key, from `switchboard keygen`; a list while keys are rotated.",
    ),
    Key::new(
        "certificate",
        Kind::OneOrMore(&Kind::Text),
        "Names of the client's certificate: its whole subject as in RFC 4514, such as `CN=crm,O=Acme` (a comma within a value as `\\,`), or an alternative name; needs `server.tls.client_ca`.",
    ),
    Key::new("vendors", Kind::List { of: &Kind::Vendor, empty: false }, "The vendors it may use; all where absent."),
    Key::new(
        "assistants",
        Kind::List { of: &Kind::Text, empty: false },
        "Patterns over `{assistant}` and `vendor:id` that it may use; all where absent.",
    ),
    Key::new(
        "operations",
        Kind::List { of: &Kind::Word(Right::VARIANTS), empty: false },
        "What it may do with them; `read` and `update` where absent.",
    ),
    Key::new(
        "handling",
        Kind::Word(HANDLINGS),
        "What becomes of fields a vendor cannot express; the vendor's where absent.",
    ),
    Key::new("rate_limit", Kind::Table(&rate_limit::SECTION), "How often it may call; no limit where absent."),
    Key::new("callback", Kind::Table(&callback::SECTION), "Who hears how its asynchronous updates end; needs a store."),
]);

/// A caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Digests of the keys it may show.
    pub key_sha256: Vec<KeyDigest>,
    /// Names of the certificates it may show.
    pub certificate: Vec<String>,
    /// The vendors it may use; `None` for all.
    pub vendors: Option<Vec<String>>,
    /// The assistants it may use; `None` for all.
    pub assistants: Option<Vec<Glob>>,
    /// What it may do with them.
    pub operations: Rights,
    /// Its handling, unless the request or the named assistant says otherwise.
    #[serde(serialize_with = "handling::serialize_choice")]
    pub handling: Option<Handling>,
    /// How often it may call.
    pub rate_limit: Option<RateSettings>,
    /// Who hears how its asynchronous updates end.
    pub callback: Option<Callback>,
}

/// Reads every client and checks that no two share a key or certificate.
pub(crate) fn read_all(
    reader: &TableReader<'_>,
    auth: &Auth,
    server: &Server,
    has_store: bool,
    validator: &mut Validator<'_>,
) -> BTreeMap<String, Client> {
    let mut owners = Owners::default();
    let mut clients = BTreeMap::new();
    for (name, reader) in reader.tables() {
        let client = Client::read(&reader, server, has_store, validator);
        client.validate(&reader, auth, server, validator);
        owners.claim(name, &reader, validator);
        clients.insert(name.to_owned(), client);
    }
    clients
}

impl Client {
    fn read(reader: &TableReader<'_>, server: &Server, has_store: bool, validator: &mut Validator<'_>) -> Self {
        let limit = reader.table("rate_limit").present();
        Self {
            key_sha256: digests(reader).map(|(_, digest)| digest).collect(),
            certificate: reader.texts("certificate").unwrap_or_default(),
            vendors: reader.texts("vendors"),
            assistants: reader.globs("assistants"),
            operations: rights(reader),
            handling: reader.handling("handling"),
            rate_limit: limit.and_then(|limit| RateSettings::read(&limit, validator)),
            callback: Callback::read(&reader.table("callback"), server, has_store, validator),
        }
    }

    fn validate(&self, reader: &TableReader<'_>, auth: &Auth, server: &Server, validator: &mut Validator<'_>) {
        report_repeated_operations(reader, validator);
        let proof = reader.node("key_sha256").or(reader.node("certificate"));
        if auth.mode == AuthMode::Keys && proof.is_none() {
            let message = format!("`{}` has neither `key_sha256` nor `certificate`", reader.key_path);
            let help = "run `switchboard keygen CLIENT` and add the line it prints";
            let span = reader.own_span();
            validator.error(ProblemKind::MissingKey, span, reader.key_path, message, help);
        }
        let mutual = server.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        if !self.certificate.is_empty() && !mutual {
            let wrong = "is never asked for, as `server.tls.client_ca` is not set";
            let help = "set `server.tls.client_ca` to the issuer of the clients' certificates";
            validator.report(reader.error("certificate", ProblemKind::Conflict, wrong).help(help));
        }
    }
}

fn rights(reader: &TableReader<'_>) -> Rights {
    let words = |node: &Node| node.as_text()?.parse::<Right>().ok();
    match reader.node("operations") {
        Some(_) => reader.elements("operations").filter_map(words).collect(),
        None => Rights::default(),
    }
}

/// A word that stands twice most likely stands for another one, so that a right is missing.
fn report_repeated_operations(reader: &TableReader<'_>, validator: &mut Validator<'_>) {
    let mut seen = Vec::new();
    for node in reader.elements("operations") {
        let Some(word) = node.as_text() else { continue };
        if seen.contains(&word) {
            let key = reader.key_path.key("operations");
            let message = format!("`{key}` lists \"{word}\" twice");
            validator.error(ProblemKind::Duplicate, node.span, key, message, "list each operation once");
        }
        seen.push(word);
    }
}

fn digests<'a>(reader: &TableReader<'a>) -> impl Iterator<Item = (&'a Node, KeyDigest)> + use<'a> {
    reader.elements("key_sha256").filter_map(|node| Some((node, KeyDigest::from_hex(node.as_text()?)?)))
}

/// The client that each key and certificate belongs to.
#[derive(Default)]
struct Owners {
    keys: BTreeMap<KeyDigest, String>,
    certificates: BTreeMap<String, String>,
}

impl Owners {
    fn claim(&mut self, name: &str, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
        for (node, digest) in digests(reader) {
            if let Some(owner) = self.keys.insert(digest, name.to_owned()) {
                duplicate(reader, "key_sha256", "key", node, &owner, validator);
            }
        }
        for node in reader.elements("certificate") {
            let Some(text) = node.as_text() else { continue };
            if let Some(owner) = self.certificates.insert(text.to_owned(), name.to_owned()) {
                duplicate(reader, "certificate", "certificate", node, &owner, validator);
            }
        }
    }
}

fn duplicate(reader: &TableReader<'_>, key: &str, noun: &str, node: &Node, owner: &str, validator: &mut Validator<'_>) {
    let key = reader.key_path.key(key);
    let message = format!("`{key}` is the {noun} of the client \"{owner}\" already");
    let help = format!("give each client a {noun} of its own, and list it once");
    validator.error(ProblemKind::Duplicate, node.span, key, message, help);
}
