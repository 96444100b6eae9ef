//! Which accounts keep one order of updates for each assistant: those that are one account at the vendor.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config;
use crate::upstream::Tasks;

/// What makes two accounts one at the vendor: base URL and token, as a digest.
type Identity = [u8; 32];

/// The scope of each account: its own name, or the alphabetically first of the names of all that share its identity.
#[derive(Debug, Default)]
pub(super) struct Scopes(BTreeMap<Arc<str>, Scope>);

#[derive(Debug)]
struct Scope {
    name: Arc<str>,
    identity: Identity,
}

impl Scopes {
    pub(super) fn of(vendors: &BTreeMap<String, config::Vendor>) -> Self {
        let mut first = HashMap::<Identity, Arc<str>>::new();
        let scopes = vendors.iter().map(|(account, vendor)| {
            let (account, identity) = (Arc::<str>::from(account.as_str()), identity(vendor));
            let name = Arc::clone(first.entry(identity).or_insert_with(|| Arc::clone(&account)));
            (account, Scope { name, identity })
        });
        Self(scopes.collect())
    }

    /// Puts them in force after `before`: what waits or is in flight under an old scope goes first.
    pub(super) fn apply(&self, before: &Self, tasks: &Tasks) {
        for (account, old) in &before.0 {
            let heirs = self.0.values().filter(|scope| scope.identity == old.identity && scope.name != old.name);
            for heir in heirs {
                tasks.follow(&heir.name, &old.name);
                if !self.0.contains_key(account) {
                    tasks.scope(account, &heir.name); // of the requests that still run with the old configuration
                }
            }
        }
        for (account, scope) in &self.0 {
            tasks.scope(account, &scope.name);
        }
    }
}

fn identity(vendor: &config::Vendor) -> Identity {
    let url = &vendor.base_url;
    let (host, port) = (url.host().to_ascii_lowercase(), url.port().to_string());
    let scheme = if url.is_https() { "https" } else { "http" };
    let mut digest = Sha256::new();
    for part in [scheme, &host, &port, url.uri().path(), vendor.token.expose()] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, VendorNames, load_text};
    use crate::gateway::scopes::*;

    /// The scopes of accounts, each with a name, an address and a token.
    fn scopes(accounts: &[(&str, &str, &str)]) -> Vec<String> {
        let mut text = "[auth]\nmode = \"none\"\n".to_owned();
        for (name, url, token) in accounts {
            text += &format!(
                "[vendors.{name}]\ndialect = \"sondos\"\nbase_url = \"{url}\"\ntoken = {{ env = \"{token}\" }}\n"
            );
        }
        let environment: Environment =
            ["T", "U"].map(|name| (name.to_owned(), format!("token-{name}"))).into_iter().collect();
        let settings = load_text(&text, &environment, &VendorNames::of_registry()).unwrap();
        Scopes::of(&settings.vendors).0.values().map(|scope| scope.name.to_string()).collect()
    }

    #[test]
    fn accounts_share_the_first_name_of_those_with_equal_address_and_token() {
        let (one, other) = ("https://v.example/api", "https://w.example/api");
        assert_eq!(scopes(&[("c", one, "T"), ("b", one, "T"), ("a", other, "T")]), ["a", "b", "b"]);
        assert_eq!(scopes(&[("b", one, "T"), ("a", one, "U")]), ["a", "b"]);
    }

    #[test]
    fn spelling_an_address_in_another_way_does_not_make_it_another() {
        let same = ["https://V.example:443/api/", "https://v.example/api"];
        assert_eq!(scopes(&[("a", same[0], "T"), ("b", same[1], "T")]), ["a", "a"]);
        for other in ["https://v.example:444/api", "https://v.example/API", "https://v.example"] {
            assert_eq!(scopes(&[("a", same[1], "T"), ("b", other, "T")]), ["a", "b"], "{other}");
        }
    }
}
