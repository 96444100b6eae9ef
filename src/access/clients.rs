//! Authenticates callers, and says what they may use.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use vendors::Handling;

use crate::net::peer::Peer;
use crate::net::tls::certificate::PeerCertificate;
use crate::net::tls::client_trust::ClientTrust;
use crate::problem::{Code, Problem};
use crate::value::{Glob, Rights};

use super::failed_attempts::FailedAttempts;
use super::rate_limit::RateLimiter;
use super::usage::Usage;

/// A client that the operator has configured.
#[derive(Debug)]
pub struct Client {
    /// The operator's name for it.
    pub name: Arc<str>,
    /// The vendor accounts it may use; all if `None`.
    pub vendors: Option<Vec<String>>,
    /// The assistants it may use; all if `None`.
    pub assistants: Option<Vec<Glob>>,
    /// What it may do with them.
    pub operations: Rights,
    /// What to do with fields that a vendor does not support, unless the request or the assistant decides.
    pub handling: Option<Handling>,
    /// Its limit.
    pub limiter: Option<Arc<RateLimiter>>,
    /// What it has sent.
    pub usage: Arc<Usage>,
}

/// Why a client may not use an assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The vendor is not among the client's `vendors`.
    #[error("its vendor is not among the client's `vendors`")]
    Vendor,
    /// No pattern of the client's `assistants` covers its name or its `vendor:id`.
    #[error("no pattern of the client's `assistants` covers the name or its `vendor:id`")]
    Assistant,
}

impl Client {
    /// Whether the client may use a vendor account.
    pub fn may_use_vendor(&self, vendor: &str) -> bool {
        self.vendors.as_ref().is_none_or(|vendors| vendors.iter().any(|allowed| allowed == vendor))
    }

    /// Whether the client may use the assistant that is `id` at `vendor`, under this name or as `vendor:id`.
    pub fn may_use(&self, name: &str, vendor: &str, id: &str) -> bool {
        self.check(name, vendor, id).is_ok()
    }

    /// Checks that the client may use the assistant that is `id` at `vendor`, under this name or as `vendor:id`.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, name: &str, vendor: &str, id: &str) -> Result<(), NotAllowed> {
        let by_id = || self.may_use_assistant(&format!("{vendor}:{id}"));
        match self.may_use_vendor(vendor) {
            false => Err(NotAllowed::Vendor),
            true if self.may_use_assistant(name) || by_id() => Ok(()),
            true => Err(NotAllowed::Assistant),
        }
    }

    /// Whether the client may use every assistant that a vendor has or will have, as who creates one there must.
    pub fn may_use_all_of(&self, vendor: &str) -> bool {
        let prefix = format!("{vendor}:");
        let all = |globs: &Vec<Glob>| globs.iter().any(|glob| glob.matches_all_after(&prefix));
        self.may_use_vendor(vendor) && self.assistants.as_ref().is_none_or(all)
    }

    /// Whether the client may use an assistant of this name, id or `vendor:id`.
    pub fn may_use_assistant(&self, assistant: &str) -> bool {
        self.assistants.as_ref().is_none_or(|globs| globs.iter().any(|glob| glob.matches(assistant)))
    }
}

/// A client, and what it is recognised by.
#[derive(Debug)]
pub struct Identified<'a> {
    /// The client.
    pub client: &'a Client,
    /// The SHA-256 of its keys.
    pub digests: Vec<&'a [u8; 32]>,
    /// The names of its certificates.
    pub certificates: Vec<&'a str>,
}

/// All clients, found by the digest of their key or by their certificate.
#[derive(Debug, Default)]
pub struct Clients {
    /// Whether anyone may call: `auth.mode = "none"`.
    pub open: bool,
    /// By the SHA-256 of a key.
    pub by_digest: HashMap<[u8; 32], Arc<Client>>,
    /// By the subject or alternative name of a certificate.
    pub by_certificate: Vec<(String, Arc<Client>)>,
    /// Whose certificates are accepted; `None` if none is required.
    pub trust: Option<ClientTrust>,
}

impl Clients {
    /// The client of that name.
    pub fn named(&self, name: &str) -> Option<&Arc<Client>> {
        self.all().find(|client| &*client.name == name)
    }

    /// The clients' names, sorted.
    pub fn names(&self) -> BTreeSet<&str> {
        self.all().map(|client| &*client.name).collect()
    }

    /// All clients by name, each with its digests and the names of its certificates.
    pub fn by_name(&self) -> BTreeMap<&str, Identified<'_>> {
        let mut all = BTreeMap::new();
        let new = |client| Identified { client, digests: Vec::new(), certificates: Vec::new() };
        for (digest, client) in &self.by_digest {
            all.entry(&*client.name).or_insert_with(|| new(client)).digests.push(digest);
        }
        for (name, client) in &self.by_certificate {
            all.entry(&*client.name).or_insert_with(|| new(client)).certificates.push(&**name);
        }
        all
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.by_digest.values().chain(self.by_certificate.iter().map(|(_, client)| client))
    }

    /// How many requests of each client with a limit were rejected for exceeding it, by the client's name.
    pub fn refused(&self) -> BTreeMap<&str, u64> {
        self.all().filter_map(|client| Some((&*client.name, client.limiter.as_ref()?.refused().get()))).collect()
    }

    /// The caller, found by its certificate, its key or both, which must then belong to the same client. The present
    /// clients and authorities decide, even if the connection is older.
    ///
    /// # Errors
    /// There is no known key or certificate, or the connection's certificate is not accepted any more.
    pub fn authenticate(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Option<Arc<Client>>, Problem> {
        let tls = peer.and_then(|peer| peer.tls.as_ref());
        if let (Some(trust), Some(tls)) = (&self.trust, tls)
            && !trust.accepts(tls)
        {
            return Err(unauthenticated("the certificate of this connection is not accepted any more; connect again"));
        }
        if self.open {
            return Ok(None);
        }
        let certified = self.certified(tls.and_then(|tls| tls.certificate.as_ref()))?;
        if certified.is_some() && !headers.contains_key(AUTHORIZATION) {
            return Ok(certified);
        }
        let keyed = self.keyed(bearer(headers).map_err(unauthenticated)?);
        let keyed = keyed.ok_or_else(|| unauthenticated("the API key is not known here"))?;
        match certified {
            Some(certified) if certified.name != keyed.name => {
                Err(unauthenticated("the certificate and the API key are not the same client's"))
            }
            _ => Ok(Some(Arc::clone(keyed))),
        }
    }

    /// The client of this certificate.
    fn certified(&self, certificate: Option<&PeerCertificate>) -> Result<Option<Arc<Client>>, Problem> {
        let Some(certificate) = certificate else { return Ok(None) };
        let mut clients =
            self.by_certificate.iter().filter(|(identity, _)| certificate.is(identity)).map(|(_, client)| client);
        let Some(client) = clients.next() else { return Ok(None) };
        if clients.any(|other| other.name != client.name) {
            return Err(unauthenticated("the certificate names several clients"));
        }
        Ok(Some(Arc::clone(client)))
    }

    /// The client of this key.
    ///
    /// The time of the look-up reveals nothing about a key. The map holds digests, so its time could only reveal how
    /// many leading bits of a stored digest the caller has guessed, and no key follows from those. The map is also
    /// hashed with a random seed, and the final comparison takes constant time.
    fn keyed(&self, key: &[u8]) -> Option<&Arc<Client>> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let (stored, client) = self.by_digest.get_key_value(&digest)?;
        bool::from(as_words(stored)[..].ct_eq(&as_words(&digest)[..])).then_some(client)
    }
}

/// The caller of a request.
///
/// # Errors
/// The request is of no known client. A peer has a limited number of such attempts.
pub(crate) fn authenticate(
    clients: &Clients,
    failed_attempts: &FailedAttempts,
    head: &Parts,
) -> Result<Option<Arc<Client>>, Problem> {
    let peer = head.extensions.get::<Arc<Peer>>().map(Arc::as_ref);
    clients.authenticate(&head.headers, peer).map_err(|problem| match peer {
        Some(peer) => failed_attempts.record(peer.address.ip(), problem),
        None => problem,
    })
}

/// A digest as two numbers, because a comparison in constant time takes one step for each.
fn as_words(digest: &[u8; 32]) -> [u128; 2] {
    std::array::from_fn(|half| u128::from_ne_bytes(std::array::from_fn(|byte| digest[16 * half + byte])))
}

/// The key of the only `Bearer` credential, or what is wrong with the header; the scheme's case does not matter.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&[u8], &'static str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err("no API key was sent; send `Authorization: Bearer <key>`"),
        (Some(_), Some(_)) => return Err("more than one `Authorization` header was sent"),
        (Some(value), None) => value.as_bytes(),
    };
    let (scheme, key) = value.split_at_checked(7).unwrap_or_default();
    let key = key.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer ") && !key.is_empty() {
        Ok(key)
    } else {
        Err("the header `Authorization` must be `Bearer <key>`")
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

#[cfg(test)]
mod tests {
    use crate::access::clients::*;

    #[test]
    fn a_client_may_use_all_of_a_vendor_only_if_no_assistant_there_is_left_out() {
        let client = |vendors: Option<&[&str]>, assistants: Option<&[&str]>| Client {
            name: "crm".into(),
            vendors: vendors.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            assistants: assistants.map(|patterns| patterns.iter().map(Glob::new).collect()),
            operations: Rights::default(),
            handling: None,
            limiter: None,
            usage: Arc::default(),
        };
        for (vendors, assistants, expected) in [
            (None, None, true),
            (Some(&["sondos"][..]), None, true),
            (Some(&["famulor"]), None, false),
            (Some(&["famulor"]), Some(&["*"][..]), false),
            (None, Some(&["*"]), true),
            (None, Some(&["sales-*", "sondos:*"]), true),
            (None, Some(&["sales-*", "sondos:7*"]), false),
            (None, Some(&["famulor:*"]), false),
            (None, Some(&[]), false),
        ] {
            assert_eq!(client(vendors, assistants).may_use_all_of("sondos"), expected, "{vendors:?} {assistants:?}");
        }
    }
}
