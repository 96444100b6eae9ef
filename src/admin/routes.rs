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
    /// The vendor accounts.
    Vendors,
    /// One vendor account.
    Vendor,
    /// Has a vendor asked for a catalog.
    RefreshCatalog,
    /// What the runbook says.
    Runbook,
    /// The configuration in force.
    Configuration,
    /// Where the values of the configuration come from, and what a reload would change.
    Origins,
    /// A look at the configuration that applies nothing.
    Check,
    /// A reload of the configuration.
    Reload,
    /// Who may call, and what they sent.
    Clients,
    /// Where vendors' answers differ from their documentation.
    Drift,
    /// Marks a difference as known.
    KnownDrift,
    /// What waits.
    Queue,
    /// Dead changes.
    Dead,
    /// What became of changes.
    History,
    /// Where assistants lead.
    Routing,
    /// The assistants of an account, or those of the configuration.
    Assistants,
    /// One assistant.
    Assistant,
    /// The processes that share the store.
    Replicas,
    /// Withdraws a change that waits.
    Cancel,
    /// Sends a dead change again.
    Replay,
    /// The last requests.
    Requests,
    /// One request.
    Request,
    /// What an id, a name or a text leads to.
    Find,
    /// What a translation can be asked for.
    TranslationChoices,
    /// An update at several vendors, or a vendor's body read backwards.
    Translate,
    /// What each vendor supports.
    Coverage,
    /// What a move between vendors loses.
    Compare,
    /// Discards a dead change.
    Discard,
    /// Sends many dead changes again.
    ReplayAll,
    /// The jobs that do that.
    Jobs,
    /// One of them.
    Job,
    /// Stops one.
    CancelJob,
    /// One record whole.
    Update,
}

/// What an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Nothing.
    Open,
    /// A token that may read the metrics.
    Metrics,
    /// The administrator's token, or the viewer's.
    Viewer,
    /// The administrator's token.
    Administrator,
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
    row(Method::GET, "/livez", "Whether the process responds", Action::Liveness, Permission::Open),
    row(
        Method::GET,
        "/readyz",
        "Whether it takes requests: it has a vendor and is not draining",
        Action::Readiness,
        Permission::Open,
    ),
    row(Method::GET, "/metrics", "Metrics for Prometheus", Action::Metrics, Permission::Metrics),
    view("/admin/status", "What the gateway is doing, by vendor", Action::Status),
    view("/admin/vendors", "All vendor accounts, with their last 15 minutes", Action::Vendors),
    view("/admin/vendor", "One vendor account, and its catalogs", Action::Vendor),
    change("/admin/vendor/{vendor}/catalogs/{kind}/refresh", "Asks a vendor for a catalog now", Action::RefreshCatalog),
    view("/admin/runbook", "What the runbook says about an alert or a problem", Action::Runbook),
    view("/admin/config", "The configuration in force, secrets redacted", Action::Configuration),
    view(
        "/admin/configuration",
        "Each value in force and where it comes from, what a reload would change or refuse, and the last reloads",
        Action::Origins,
    ),
    ask(
        "/admin/configuration/check",
        "Reads the configuration again and applies nothing: what a reload would change or refuse",
        Action::Check,
    ),
    change("/admin/reload", "Reads the configuration again", Action::Reload),
    view("/admin/queue", "How many changes wait, and their records, newest first", Action::Queue),
    change("/admin/queue/{update}/cancel", "Withdraws a change that waits", Action::Cancel),
    view("/admin/dead", "The records of dead changes, newest first", Action::Dead),
    change("/admin/dead/{update}/replay", "Sends a dead change again, as a new record", Action::Replay),
    change("/admin/dead/{update}/discard", "Discards a dead change, with a reason for the audit log", Action::Discard),
    change("/admin/dead/replay", "Starts a job that sends all dead changes of a filter again", Action::ReplayAll),
    view("/admin/jobs", "The jobs of this process, newest first", Action::Jobs),
    view("/admin/job", "One job, with what became of each change", Action::Job),
    change("/admin/jobs/{job}/cancel", "Stops a job", Action::CancelJob),
    view("/admin/update", "One record whole, with its values and what stands against a replay", Action::Update),
    view("/admin/clients", "Who may call, what they may, and what they have sent", Action::Clients),
    view("/admin/drift", "Where vendors' answers differ from their documentation", Action::Drift),
    change(
        "/admin/drift/known",
        "Marks the difference of `vendor`, `asked`, `kind` and `field` as known, until this process ends",
        Action::KnownDrift,
    ),
    view("/admin/replicas", "The gateways that share the store", Action::Replicas),
    view("/admin/history", "All clients' records, newest first, with the values", Action::History),
    view("/admin/requests", "The last requests, newest first, with counts by reason", Action::Requests),
    view("/admin/request", "One request, also from the audit log or its record", Action::Request),
    view("/admin/find", "What an id, a name or a text is", Action::Find),
    view(
        "/admin/translate",
        "What a translation can be asked for: accounts, dialects, examples",
        Action::TranslationChoices,
    ),
    ask(
        "/admin/translate",
        "What vendors would receive for an update, or a vendor's body in canonical form; nothing is sent",
        Action::Translate,
    ),
    view("/admin/coverage", "How each vendor supports each field", Action::Coverage),
    view("/admin/compare", "What an assistant loses by moving from one vendor to another", Action::Compare),
    ask("/admin/compare", "What an update loses by going to another vendor; nothing is sent", Action::Compare),
    view("/admin/routing", "Where names lead, and how one assistant is routed", Action::Routing),
    view(
        "/admin/assistants",
        "A vendor's assistants as the API lists them, or the configured ones",
        Action::Assistants,
    ),
    view(
        "/admin/assistant",
        "One assistant as the API reads it, where it leads, and its newest changes",
        Action::Assistant,
    ),
];

/// What a viewer may see.
const fn view(path: &'static str, summary: &'static str, action: Action) -> Endpoint<Operation> {
    row(Method::GET, path, summary, action, Permission::Viewer)
}

/// What a viewer may see too, but with more than a path to say what.
const fn ask(path: &'static str, summary: &'static str, action: Action) -> Endpoint<Operation> {
    row(Method::POST, path, summary, action, Permission::Viewer)
}

/// What changes something.
const fn change(path: &'static str, summary: &'static str, action: Action) -> Endpoint<Operation> {
    row(Method::POST, path, summary, action, Permission::Administrator)
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
