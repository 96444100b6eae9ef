//! Which keys a reload changed, by the names of their owners.

use std::collections::BTreeMap;

use crate::config::Settings;

use super::Event;

/// The event for what changed between two configurations; `None` if no key did.
pub(in crate::telemetry) fn changed_keys<'a>(
    before: &'a Settings,
    after: &'a Settings,
    generation: u64,
) -> Option<Event<'a>> {
    let (old, new) = (&before.clients, &after.clients);
    let changed = |name: &str| match (old.get(name), new.get(name)) {
        (Some(old), Some(new)) => (&old.key_sha256, &old.certificate) != (&new.key_sha256, &new.certificate),
        _ => false,
    };
    let renewed = |name: &str| match (before.vendors.get(name), after.vendors.get(name)) {
        (Some(old), Some(new)) => old.token != new.token,
        _ => false,
    };
    let clients = [missing(new, old), missing(old, new), names(new).filter(|name| changed(name)).collect()];
    let vendors: Vec<_> = names(&after.vendors).filter(|name| renewed(name)).collect();
    let [clients_added, clients_removed, clients_key_changed] = clients;
    let none = [&clients_added, &clients_removed, &clients_key_changed, &vendors].iter().all(|names| names.is_empty());
    (!none).then_some(Event::Keys {
        generation,
        clients_added,
        clients_removed,
        clients_key_changed,
        vendors_token_changed: vendors,
    })
}

fn names<T>(of: &BTreeMap<String, T>) -> impl Iterator<Item = &str> {
    of.keys().map(String::as_str)
}

/// The names that `of` has and `from` has not.
fn missing<'a, T>(of: &'a BTreeMap<String, T>, from: &BTreeMap<String, T>) -> Vec<&'a str> {
    names(of).filter(|name| !from.contains_key(*name)).collect()
}
