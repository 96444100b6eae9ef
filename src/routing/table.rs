//! The routing table: names, rules and the default, built once per configuration.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use vendors::Handling;

use crate::account::Account;
use crate::http::path::{Assistant, Reference};
use crate::value::Glob;

use super::route::{Route, RouteError, Rule};
use super::trail::{Mismatch, Trail};

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
fn check(clients: Option<&Glob>, ids: &Glob, client: Option<&str>, id: &str) -> Result<(), Mismatch> {
    match (clients, client) {
        (Some(glob), Some(client)) if !glob.matches(client) => Err(Mismatch::OtherClient),
        (Some(glob), None) if !glob.matches_all() => Err(Mismatch::NoClient),
        _ if ids.matches(id) => Ok(()),
        _ => Err(Mismatch::OtherId),
    }
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
        self.resolve_along(assistant, client, &mut ())
    }

    /// The same, and tells `trail` what is tried.
    ///
    /// # Errors
    /// There is none.
    pub fn resolve_along(
        &self,
        assistant: &Assistant<'_>,
        client: Option<&str>,
        trail: &mut impl Trail,
    ) -> Result<Route, RouteError> {
        let (account, id, handling, rule) = match assistant.reference() {
            Reference::VendorId { vendor, id } => (self.explicit(vendor, id, trail)?, id.into(), None, Rule::Explicit),
            Reference::Name(text) | Reference::Id(text) => {
                trail.tried(Rule::Explicit, Err(Mismatch::NoVendor));
                let named = self.assistants.get(text);
                trail.tried(Rule::Name, named.map(|_| ()).ok_or(Mismatch::UnknownName));
                match named {
                    Some(named) => (&named.account, Arc::clone(&named.id), named.handling, Rule::Name),
                    None => {
                        let (account, rule) = self.bare(text, client, trail).ok_or_else(|| self.nowhere(assistant))?;
                        (account, text.into(), None, rule)
                    }
                }
            }
        };
        Ok(Route { account: Arc::clone(account), id, handling, rule })
    }

    /// The account of `vendor:id`, whose dialect has such ids.
    fn explicit(&self, vendor: &str, id: &str, trail: &mut impl Trail) -> Result<&Arc<Account>, RouteError> {
        let Some(account) = self.accounts.get(vendor) else {
            trail.tried(Rule::Explicit, Err(Mismatch::UnknownVendor));
            return Err(RouteError::UnknownVendor(vendor.to_owned()));
        };
        let is_id = is_id(account, id);
        trail.tried(Rule::Explicit, is_id);
        if is_id.is_err() {
            let (ids, vendor) = (account.dialect.ids, account.name.to_string());
            let (described, meant) = (ids.described(), ids.meant(id));
            return Err(RouteError::BadId { id: id.to_owned(), vendor, described, meant });
        }
        Ok(account)
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
    fn bare(&self, id: &str, client: Option<&str>, trail: &mut impl Trail) -> Option<(&Arc<Account>, Rule)> {
        let mut chosen = None;
        for (index, rule) in self.rules.iter().enumerate() {
            match check(rule.client.as_ref(), &rule.assistant, client, id) {
                Ok(()) => {
                    chosen = Some((&rule.account, Rule::Pattern(index)));
                    break;
                }
                mismatch => trail.tried(Rule::Pattern(index), mismatch),
            }
        }
        let Some((account, rule)) = chosen.or_else(|| Some((self.default.as_ref()?, Rule::Default))) else {
            trail.tried(Rule::Default, Err(Mismatch::NoDefault));
            return None;
        };
        let is_id = is_id(account, id);
        trail.tried(rule, is_id);
        is_id.is_ok().then_some((account, rule))
    }
}

/// Whether an account's dialect has such ids.
fn is_id(account: &Account, id: &str) -> Result<(), Mismatch> {
    account.dialect.is_id(id).then_some(()).ok_or(Mismatch::NotAnId(account.dialect.ids.described()))
}

#[cfg(test)]
mod tests {
    use crate::routing::table::*;

    #[test]
    fn a_rule_applies_to_its_clients_and_ids() {
        let (crm, ids) = (Glob::new("crm"), Glob::new("7*"));
        assert_eq!(check(Some(&crm), &ids, Some("crm"), "789"), Ok(()));
        assert_eq!(check(Some(&crm), &ids, Some("web"), "789"), Err(Mismatch::OtherClient));
        assert_eq!(check(Some(&crm), &ids, Some("crm"), "89"), Err(Mismatch::OtherId));
        assert_eq!(check(Some(&crm), &ids, None, "789"), Err(Mismatch::NoClient));
        assert_eq!(check(Some(&Glob::new("*")), &ids, None, "789"), Ok(()));
    }
}
