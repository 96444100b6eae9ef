//! The routing table: names, rules and the default, built once per configuration.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use vendors::Handling;

use crate::account::Account;
use crate::http::path::{Assistant, Reference};
use crate::value::Glob;

use super::route::{Route, RouteError, Rule};

/// A named assistant.
#[derive(Debug)]
pub struct NamedAssistant {
    /// The vendor account it lives at.
    pub account: Arc<Account>,
    /// The vendor's id.
    pub id: Arc<str>,
    /// The setting for fields that the vendor does not support.
    pub handling: Option<Handling>,
}

/// A rule for bare ids.
#[derive(Debug)]
pub struct RoutingRule {
    /// Which clients; `None` for any.
    pub client: Option<Glob>,
    /// Which bare ids.
    pub assistant: Glob,
    /// Where they go.
    pub account: Arc<Account>,
}

/// Whether a rule for these clients and ids applies to an id sent by `client`, `None` without authentication.
fn applies(clients: Option<&Glob>, ids: &Glob, client: Option<&str>, id: &str) -> bool {
    let client_matches = match (clients, client) {
        (None, _) => true,
        (Some(glob), Some(client)) => glob.matches(client),
        (Some(glob), None) => glob.matches_all(),
    };
    client_matches && ids.matches(id)
}

/// Resolves assistants. A look-up costs one hash, however many assistants there are.
#[derive(Debug, Default)]
pub struct RoutingTable {
    /// The accounts, by name.
    pub accounts: HashMap<Arc<str>, Arc<Account>>,
    /// The named assistants.
    pub assistants: HashMap<Box<str>, NamedAssistant>,
    /// The rules for bare ids, in order.
    pub rules: Vec<RoutingRule>,
    /// The account for bare ids that no rule covers.
    pub default: Option<Arc<Account>>,
    /// The names by `vendor:id`, made when the first is asked for.
    pub names: OnceLock<HashMap<Box<str>, Box<str>>>,
}

impl RoutingTable {
    /// The accounts, sorted by name.
    pub fn by_name(&self) -> Vec<&Account> {
        let mut accounts: Vec<&Account> = self.accounts.values().map(|account| &**account).collect();
        accounts.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        accounts
    }

    /// Finds the target of the path's `{assistant}`.
    ///
    /// # Errors
    /// There is none.
    pub fn resolve(&self, assistant: &Assistant<'_>, client: Option<&str>) -> Result<Route, RouteError> {
        let (account, id, handling, rule) = match assistant.reference() {
            Reference::VendorId { vendor, id } => {
                let account = self.accounts.get(vendor);
                let account = account.ok_or_else(|| RouteError::UnknownVendor(vendor.to_owned()))?;
                if !account.dialect.is_id(id) {
                    let (id, vendor) = (id.to_owned(), account.name.to_string());
                    return Err(RouteError::BadId { id, vendor, described: account.dialect.ids.described() });
                }
                (account, id.into(), None, Rule::Explicit)
            }
            Reference::Name(text) | Reference::Id(text) => match self.assistants.get(text) {
                Some(named) => (&named.account, Arc::clone(&named.id), named.handling, Rule::Name),
                None => {
                    let (account, rule) = self.bare(text, client).ok_or_else(|| self.nowhere(assistant))?;
                    (account, text.into(), None, rule)
                }
            },
        };
        Ok(Route { account: Arc::clone(account), id, handling, rule })
    }

    /// Why a text that is no assistant's name leads nowhere. Only what some vendor would take as an id is called one.
    fn nowhere(&self, assistant: &Assistant<'_>) -> RouteError {
        let text = assistant.as_str().to_owned();
        let is_name = matches!(assistant.reference(), Reference::Name(_));
        match !is_name && self.default.is_none() && self.accounts.values().any(|account| account.dialect.is_id(&text)) {
            true => RouteError::NoDefault(text),
            false => RouteError::UnknownName(text),
        }
    }

    /// The name of the assistant that is `vendor:id`; the first one if it has several.
    pub fn name_of(&self, explicit: &str) -> Option<&str> {
        let names = self.names.get_or_init(|| {
            let mut names = HashMap::<Box<str>, Box<str>>::with_capacity(self.assistants.len());
            for (name, named) in &self.assistants {
                let known = names.entry(format!("{}:{}", named.account.name, named.id).into()).or_insert(name.clone());
                if name < known {
                    known.clone_from(name);
                }
            }
            names
        });
        names.get(explicit).map(|name| &**name)
    }

    /// The named assistants whose names are like `text`, the nearest first.
    pub fn named_like(&self, text: &str) -> impl Iterator<Item = (&str, &NamedAssistant)> {
        let names = vendors::nearest_names(text, self.assistants.keys().map(|name| &**name)).into_iter();
        names.filter_map(|name| Some((name, self.assistants.get(name)?)))
    }

    /// The account of a bare id: first match wins, then the default; none if its dialect has no such ids.
    fn bare(&self, id: &str, client: Option<&str>) -> Option<(&Arc<Account>, Rule)> {
        let matches = |rule: &RoutingRule| applies(rule.client.as_ref(), &rule.assistant, client, id);
        let ruled = self.rules.iter().position(matches);
        let ruled = ruled.and_then(|index| Some((&self.rules.get(index)?.account, Rule::Pattern(index))));
        let chosen = ruled.or_else(|| Some((self.default.as_ref()?, Rule::Default)));
        chosen.filter(|(account, _)| account.dialect.is_id(id))
    }
}

#[cfg(test)]
mod tests {
    use crate::routing::table::*;

    #[test]
    fn a_rule_applies_to_its_clients_and_ids() {
        let (crm, ids) = (Glob::new("crm"), Glob::new("7*"));
        assert!(applies(Some(&crm), &ids, Some("crm"), "789"));
        assert!(!applies(Some(&crm), &ids, Some("web"), "789"));
        assert!(!applies(Some(&crm), &ids, Some("crm"), "89"));
        assert!(!applies(Some(&crm), &ids, None, "789"));
    }
}
