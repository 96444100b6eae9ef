//! The result of a load: a configuration that passed every check.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::load::assistants_file::AssistantsFile;
use super::load::source::Sources;
use super::load::tree::Table;
use super::load::watched_file::WatchedFile;
use super::origins::Origins;
use super::sections::admin::Admin;
use super::sections::assistant::Assistant;
use super::sections::audit::Audit;
use super::sections::auth::Auth;
use super::sections::client::{self, Client};
use super::sections::console::Console;
use super::sections::log::Log;
use super::sections::routing::Routing;
use super::sections::server::Server;
use super::sections::store::cluster::Cluster;
use super::sections::store::idempotency::Idempotency;
use super::sections::store::journal::Journal;
use super::sections::store::queue::Queue;
use super::sections::store::{self, Store, StoreKind};
use super::sections::traces::Traces;
use super::sections::vendor::Vendor;
use super::validate::problem::{ProblemKind, Problems};
use super::validate::table_reader::TableReader;
use super::validate::validator::Validator;

/// A checked configuration, its secrets and certificates loaded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// The listeners.
    pub server: Server,
    /// How callers authenticate.
    pub auth: Auth,
    /// The callers by name.
    pub clients: BTreeMap<String, Client>,
    /// The vendor accounts by name.
    pub vendors: BTreeMap<String, Vendor>,
    /// Where bare ids go.
    pub routing: Routing,
    /// The named assistants.
    pub assistants: BTreeMap<String, Assistant>,
    /// What outlives the process; nothing if `None`.
    pub store: Option<Store>,
    /// How replicas that share a store notice that one of them is gone.
    pub cluster: Cluster,
    /// Changes that wait for their vendor.
    pub queue: Queue,
    /// What is kept of requests with an idempotency key.
    pub idempotency: Idempotency,
    /// What is kept of changes that ended.
    pub journal: Journal,
    /// Access to administration.
    pub admin: Admin,
    /// Logging.
    pub log: Log,
    /// The record of changes.
    pub audit: Audit,
    /// Traces.
    pub traces: Traces,
    /// What is kept for the console.
    pub console: Console,
    /// Where each value comes from.
    #[serde(skip)]
    pub origins: Arc<Origins>,
    /// The files that named assistants come from, with how many each holds.
    #[serde(skip)]
    pub assistants_files: Vec<AssistantsFile>,
    /// Every file that was read, and the folders that patterns name: what a watcher has to watch.
    #[serde(skip)]
    pub files: Vec<WatchedFile>,
    /// Problems that do not prevent the use of this configuration.
    #[serde(skip)]
    pub warnings: Problems,
}

impl Settings {
    /// The configuration as a file would write it, every secret as `"[redacted]"`.
    #[must_use]
    pub fn redacted(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads the sections of a checked tree; those that other sections depend on come first.
    pub(super) fn read(tree: &Table, validator: &mut Validator<'_>) -> Self {
        let root = TableReader::root(tree);
        let server_reader = root.table("server");
        let server = Server::read(&server_reader, validator);
        validator.admin_listen_span = server_reader.span("admin_listen");
        let auth = Auth::read(&root.table("auth"), &server, validator);
        let has_store = root.table("store").present().is_some();
        let clients = client::read_all(&root.table("clients"), &auth, &server, has_store, validator);
        let mut vendors = BTreeMap::new();
        for (name, reader) in root.table("vendors").tables() {
            if let Some(vendor) = Vendor::read(name, &reader, &server, validator) {
                vendors.insert(name.to_owned(), vendor);
            }
        }
        if validator.vendors.is_empty() {
            let message = "no vendors are configured, so no update can go anywhere";
            let help = "add a `[vendors.NAME]` table with a `token`";
            let span = Sources::NOWHERE;
            validator.warn(ProblemKind::Unused, span, "vendors", message, help);
        }
        let log = Log::read(&root.table("log"), validator);
        let audit = Audit::read(&root.table("audit"), log.file.as_deref(), validator);
        let logs = [("log.file", log.file.as_ref()), ("audit.file", audit.file.as_ref())];
        let store = Store::read(&root.table("store"), &logs, validator);
        let (queue, idempotency, journal) = (root.table("queue"), root.table("idempotency"), root.table("journal"));
        if !has_store {
            [&queue, &idempotency, &journal].into_iter().for_each(|reader| store::report_unused(reader, validator));
        }
        let (cluster, kind) = (root.table("cluster"), root.table("store").word("kind"));
        if kind != Some(StoreKind::Postgres) {
            store::report_alone(&cluster, validator);
        }
        Self {
            routing: Routing::read(&root.table("routing"), validator),
            assistants: root
                .table("assistants")
                .tables()
                .filter_map(|(name, reader)| Some((name.to_owned(), Assistant::read(&reader, validator)?)))
                .collect(),
            admin: Admin::read(&root.table("admin"), &server, validator),
            store,
            cluster: Cluster::read(&cluster),
            queue: Queue::read(&queue, validator),
            idempotency: Idempotency::read(&idempotency),
            journal: Journal::read(&journal, validator),
            audit,
            log,
            traces: Traces::read(&root.table("traces"), validator),
            console: Console::read(&root.table("console")),
            server,
            auth,
            clients,
            vendors,
            origins: Arc::default(),
            assistants_files: Vec::new(),
            files: Vec::new(),
            warnings: Problems::default(),
        }
    }
}
