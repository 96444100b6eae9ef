//! What leaves this module: a configuration that was checked whole.

use std::collections::BTreeMap;

use serde::Serialize;

use super::load::source::Sources;
use super::load::tree::Table;
use super::load::watched::Watched;
use super::sections::admin::Admin;
use super::sections::assistant::Assistant;
use super::sections::audit::Audit;
use super::sections::auth::Auth;
use super::sections::client::{self, Client};
use super::sections::log::Log;
use super::sections::routing::Routing;
use super::sections::server::Server;
use super::sections::traces::Traces;
use super::sections::vendor::Vendor;
use super::validate::problem::{ProblemKind, Problems};
use super::validate::validator::Validator;
use super::validate::view::View;

/// A checked configuration, its secrets and certificates loaded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// The listeners.
    pub server: Server,
    /// How callers prove who they are.
    pub auth: Auth,
    /// The callers by name.
    pub clients: BTreeMap<String, Client>,
    /// The vendor accounts by name.
    pub vendors: BTreeMap<String, Vendor>,
    /// Where bare ids go.
    pub routing: Routing,
    /// The named assistants.
    pub assistants: BTreeMap<String, Assistant>,
    /// Access to administration.
    pub admin: Admin,
    /// Logging.
    pub log: Log,
    /// The record of changes.
    pub audit: Audit,
    /// Traces.
    pub traces: Traces,
    /// Every file this was read from, and the folders of patterns: what a watcher has to watch.
    #[serde(skip)]
    pub files: Vec<Watched>,
    /// What is probably not as it was meant.
    #[serde(skip)]
    pub warnings: Problems,
}

impl Settings {
    /// The configuration in force as the file would say it, every secret as `"[redacted]"`.
    #[must_use]
    pub fn redacted(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads the sections of a tree that holds its shape; those that others look at come first.
    pub(super) fn read(tree: &Table, inspection: &mut Validator<'_>) -> Self {
        let root = View::root(tree);
        let server_view = root.table("server");
        let server = Server::read(&server_view, inspection);
        inspection.admin_listen_at = server_view.at("admin_listen");
        let auth = Auth::read(&root.table("auth"), &server, inspection);
        let clients = client::read_all(&root.table("clients"), &auth, &server, inspection);
        let mut vendors = BTreeMap::new();
        for (name, view) in root.table("vendors").tables() {
            if let Some(vendor) = Vendor::read(name, &view, &server, inspection) {
                vendors.insert(name.to_owned(), vendor);
            }
        }
        if inspection.vendors.is_empty() {
            let message = "no vendors are configured, so no update can go anywhere";
            let help = "add a `[vendors.NAME]` table with a `token`";
            let at = Sources::NOWHERE;
            inspection.warn(ProblemKind::Unused, at, "vendors", message, help);
        }
        let log = Log::read(&root.table("log"), inspection);
        Self {
            routing: Routing::read(&root.table("routing"), inspection),
            assistants: root
                .table("assistants")
                .tables()
                .filter_map(|(name, view)| Some((name.to_owned(), Assistant::read(&view)?)))
                .collect(),
            admin: Admin::read(&root.table("admin"), &server, inspection),
            audit: Audit::read(&root.table("audit"), log.file.as_deref(), inspection),
            log,
            traces: Traces::read(&root.table("traces"), inspection),
            server,
            auth,
            clients,
            vendors,
            files: Vec::new(),
            warnings: Problems::default(),
        }
    }
}
