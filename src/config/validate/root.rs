//! The sections as one: what the top level of a file may hold.

use super::name::NameRule;
use super::shape::{Key, Kind, Section};
use crate::config::sections::{
    admin, assistant, audit, auth, client, console, log, routing, server, store, traces, vendor,
};

/// The top level.
pub(crate) const SECTION: Section = Section::of(&[
    Key::new("server", Kind::Table(&server::SECTION), "The listeners and their limits."),
    Key::new("auth", Kind::Table(&auth::SECTION), "How callers prove who they are."),
    Key::new("clients", Kind::Named(NameRule::Client, &client::SECTION), "The callers, by names of your choice."),
    Key::new(
        "vendors",
        Kind::Named(NameRule::Vendor, &vendor::SECTION),
        "The vendor accounts, by names of your choice.",
    ),
    Key::new("routing", Kind::Table(&routing::SECTION), "Where ids without a vendor go."),
    Key::new(
        "assistants",
        Kind::Named(NameRule::Assistant, &assistant::SECTION),
        "Names for assistants, each with its vendor and id.",
    ),
    Key::new("store", Kind::Table(&store::SECTION), "What outlives the process; nothing where absent."),
    Key::new(
        "cluster",
        Kind::Table(&store::cluster::SECTION),
        "How replicas notice that one of them is gone; needs a store that they share.",
    ),
    Key::new("queue", Kind::Table(&store::queue::SECTION), "Changes that wait for their vendor; needs a store."),
    Key::new(
        "idempotency",
        Kind::Table(&store::idempotency::SECTION),
        "What is kept of requests with an `Idempotency-Key`; needs a store.",
    ),
    Key::new("journal", Kind::Table(&store::journal::SECTION), "What is kept of changes that ended; needs a store."),
    Key::new("admin", Kind::Table(&admin::SECTION), "Who may use administration; health is open."),
    Key::new("console", Kind::Table(&console::SECTION), "What is kept for the console's pages."),
    Key::new("log", Kind::Table(&log::SECTION), "What is logged, and how."),
    Key::new("traces", Kind::Table(&traces::SECTION), "Where the spans of requests go."),
    Key::new("audit", Kind::Table(&audit::SECTION), "The record of who changed what."),
]);

/// The tables that have a key of this name, as written in a file: `[server]`, `[vendors.*]`.
pub(crate) fn homes(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&SECTION, "", name, &mut found);
    found
}

/// What the keys of this name accept, wherever they stand.
pub(crate) fn kinds(name: &str) -> Vec<&'static Kind> {
    fn collect(section: &'static Section, name: &str, found: &mut Vec<&'static Kind>) {
        for key in section.keys {
            if key.name == name {
                found.push(&key.kind);
            }
            if let Kind::Table(inner) | Kind::Named(_, inner) | Kind::Rows(inner) = &key.kind {
                collect(inner, name, found);
            }
        }
    }
    let mut found = Vec::new();
    collect(&SECTION, name, &mut found);
    found
}

fn collect(section: &'static Section, path: &str, name: &str, found: &mut Vec<String>) {
    if !path.is_empty() && section.key(name).is_some() {
        found.push(format!("`[{path}]`"));
    }
    for key in section.keys {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{}", key.name);
        match key.kind {
            Kind::Table(inner) => collect(inner, &path, name, found),
            Kind::Named(_, inner) => collect(inner, &format!("{path}.*"), name, found),
            Kind::Rows(inner) => collect(inner, &format!("[{path}]"), name, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::validate::root::homes;

    #[test]
    fn a_misplaced_key_finds_its_home() {
        assert_eq!(homes("listen"), ["`[server]`"]);
        assert_eq!(homes("window"), ["`[vendors.*.breaker]`"]);
        assert_eq!(homes("client"), ["`[[routing.rules]]`"]);
        assert!(homes("frobnicate").is_empty());
    }
}
