//! The table of administration's operations. The router, `Allow`, the required tokens and the list in the
//! documentation are made from it.

use http::Method;

use crate::api::Endpoint;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Whether the process responds.
    Liveness,
    /// Whether it takes requests.
    Readiness,
    /// The metrics.
    Metrics,
    /// The state of the gateway.
    Status,
    /// The configuration in force.
    Configuration,
    /// A reload of the configuration.
    Reload,
    /// What waits.
    Queue,
    /// Dead changes.
    Dead,
    /// What became of changes.
    History,
    /// Withdraws a change that waits.
    Cancel,
    /// Sends a dead change again.
    Replay,
}

/// What an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Nothing.
    Open,
    /// A token that may read the metrics.
    Metrics,
    /// The administrator's token.
    Admin,
}

/// What administration's operations have besides method, path and summary.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// What it does.
    pub action: Action,
    /// What it requires.
    pub permission: Permission,
}

/// The table. Rows of one path stand together, in the order in which `Allow` names their methods.
pub static ENDPOINTS: &[Endpoint<Operation>] = &[
    get("/livez", "Whether the process responds", Action::Liveness, Permission::Open),
    get(
        "/readyz",
        "Whether it takes requests: it has a vendor and is not draining",
        Action::Readiness,
        Permission::Open,
    ),
    get("/metrics", "Metrics for Prometheus", Action::Metrics, Permission::Metrics),
    get("/admin/status", "What the gateway is doing, by vendor", Action::Status, Permission::Admin),
    get("/admin/config", "The configuration in force, secrets redacted", Action::Configuration, Permission::Admin),
    row(Method::POST, "/admin/reload", "Reads the configuration again", Action::Reload, Permission::Admin),
    get("/admin/queue", "How many changes wait, and their records, newest first", Action::Queue, Permission::Admin),
    row(
        Method::POST,
        "/admin/queue/{update}/cancel",
        "Withdraws a change that waits",
        Action::Cancel,
        Permission::Admin,
    ),
    get("/admin/dead", "The records of dead changes, newest first", Action::Dead, Permission::Admin),
    row(
        Method::POST,
        "/admin/dead/{update}/replay",
        "Sends a dead change again, as a new record",
        Action::Replay,
        Permission::Admin,
    ),
    get("/admin/history", "All clients' records, newest first, with the values", Action::History, Permission::Admin),
];

const fn get(path: &'static str, summary: &'static str, action: Action, permission: Permission) -> Endpoint<Operation> {
    row(Method::GET, path, summary, action, permission)
}

const fn row(
    method: Method,
    path: &'static str,
    summary: &'static str,
    action: Action,
    permission: Permission,
) -> Endpoint<Operation> {
    Endpoint { method, path, summary, exists: |_| true, operation: Operation { action, permission } }
}
