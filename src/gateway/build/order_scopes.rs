//! Which configured accounts share one order of updates: those with the same base URL and token, as they are one
//! account at the vendor.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config;
use crate::upstream::Tasks;

/// A digest of base URL and token. Accounts with the same digest are one account at the vendor.
type Identity = [u8; 32];

/// The scope of each account, which is the alphabetically first name among the accounts with its identity.
#[derive(Debug)]
pub(in crate::gateway) struct OrderScopes(BTreeMap<Arc<str>, Scope>);

#[derive(Debug)]
struct Scope {
    name: Arc<str>,
    identity: Identity,
}

impl OrderScopes {
    pub(super) fn of(vendors: &BTreeMap<String, config::Vendor>) -> Self {
        let mut first = HashMap::<Identity, Arc<str>>::new();
        let scopes = vendors.iter().map(|(account, vendor)| {
            let (account, identity) = (Arc::<str>::from(account.as_str()), identity(vendor));
            let name = Arc::clone(first.entry(identity).or_insert_with(|| Arc::clone(&account)));
            (account, Scope { name, identity })
        });
        Self(scopes.collect())
    }

    /// The scope of an account.
    pub(in crate::gateway) fn of_account(&self, account: &str) -> Option<&Arc<str>> {
        self.0.get(account).map(|scope| &scope.name)
    }

    /// Applies them in place of `before`. Updates that wait or are in flight under an old scope go first.
    pub(in crate::gateway) fn apply(&self, before: Option<&Self>, tasks: &Tasks) {
        for (account, old) in before.into_iter().flat_map(|before| &before.0) {
            let renamed = self.0.values().filter(|scope| scope.identity == old.identity && scope.name != old.name);
            for scope in renamed {
                tasks.follow(&scope.name, &old.name);
                if !self.0.contains_key(account) {
                    tasks.scope(account, &scope.name); // for requests that still run with the old configuration
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

/// What tells the catalogs of an account from those of another account of that name.
pub(super) fn catalog_identity(vendor: &config::Vendor) -> [u8; 32] {
    Sha256::new_with_prefix(identity(vendor)).chain_update(&vendor.dialect).finalize().into()
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, load_text};
    use crate::gateway::build::order_scopes::*;

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
        let settings = load_text(&text, &environment).unwrap();
        OrderScopes::of(&settings.vendors).0.values().map(|scope| scope.name.to_string()).collect()
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
