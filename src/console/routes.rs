//! The table of pages, and that of forms. Navigation, keys and routes are made from them.

use std::future::Future;
use std::pin::Pin;

use maud::Markup;

use crate::problem::Problem;

use super::visit::{Form, Visit};
use super::{forms, pages};

/// What a page or a form makes.
pub(super) type Made<'v, T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'v>>;

/// A page.
pub(super) struct Page {
    /// Its address below `/console/`; empty for the overview.
    pub(super) address: &'static str,
    /// Its name, in navigation and in its title.
    pub(super) title: &'static str,
    /// The key that opens it after `g`; `None` if it stands in no navigation.
    pub(super) key: Option<char>,
    /// The path below `/admin/` with the same as JSON.
    pub(super) twin: &'static str,
    /// What stands below its title.
    pub(super) show: for<'v> fn(&'v Visit) -> Made<'v, Markup>,
}

/// What a browser posts.
pub(super) struct Action {
    /// Its address below `/console/`.
    pub(super) address: &'static str,
    /// Whether it changes anything: it then takes the administrator, and the session's form token.
    pub(super) is_write: bool,
    /// What it does.
    pub(super) take: for<'v> fn(&'v Visit, Form) -> Made<'v, Done>,
}

/// What a form's taker answers.
pub(super) enum Done {
    /// Goes to an address below `/console/`.
    To(String),
    /// Part of a page, which takes the place of another part.
    Part(Markup),
}

/// The pages, in the order of navigation.
pub(super) static PAGES: &[Page] = &[
    page("", "Overview", Some('o'), "status", pages::gateway::overview::show),
    page("requests", "Requests", Some('r'), "requests", pages::traffic::requests::show),
    page("request", "Request", None, "request", pages::traffic::request::show),
    page("assistants", "Assistants", Some('a'), "assistants", pages::assistants::list::show),
    page("assistant", "Assistant", None, "assistant", pages::assistants::assistant::show),
    page("vendors", "Vendors", Some('v'), "vendors", pages::accounts::vendors::show),
    page("vendor", "Vendor", None, "vendor", pages::accounts::vendor::show),
    page("queue", "Queue", Some('q'), "queue", pages::records::queue::show),
    page("dead", "Dead letters", Some('x'), "dead", pages::records::dead::show),
    page("history", "History", Some('h'), "history", pages::records::history::show),
    page("update", "Update", None, "update", pages::records::update::show),
    page("job", "Bulk replay", None, "job", pages::records::job::show),
    page("playground", "Playground", Some('p'), "translate", pages::translation::playground::show),
    page("coverage", "Coverage", Some('c'), "coverage", pages::translation::coverage::show),
    page("compare", "Compare", Some('m'), "compare", pages::translation::compare::show),
    page("routing", "Routing", Some('t'), "routing", pages::assistants::routing::show),
    page("config", "Configuration", Some('f'), "configuration", pages::gateway::config::show),
    page("drift", "Drift", Some('d'), "drift", pages::accounts::drift::show),
    page("clients", "Clients", Some('l'), "clients", pages::gateway::clients::show),
    page("replicas", "Replicas", Some('i'), "replicas", pages::gateway::replicas::show),
    page("runbook", "Runbook", None, "runbook", pages::gateway::runbook::show),
    page("find", "Find", None, "find", pages::traffic::find::show),
];

/// What is posted.
pub(super) static ACTIONS: &[Action] = &[
    Action { address: "reload", is_write: true, take: forms::reload },
    Action {
        address: pages::accounts::vendor::REFRESH,
        is_write: true,
        take: pages::accounts::vendor::refresh_catalog,
    },
    Action { address: "playground", is_write: false, take: pages::translation::playground::post },
    Action { address: "compare", is_write: false, take: pages::translation::compare::post },
    Action { address: "cancel", is_write: true, take: pages::records::forms::cancel },
    Action { address: "replay", is_write: true, take: pages::records::forms::replay },
    Action { address: "discard", is_write: true, take: pages::records::forms::discard },
    Action { address: "replay-all", is_write: true, take: pages::records::forms::replay_all },
    Action { address: "cancel-job", is_write: true, take: pages::records::forms::cancel_job },
    Action { address: "config-check", is_write: false, take: pages::gateway::config::check },
    Action { address: "drift-known", is_write: true, take: pages::accounts::drift::mark },
];

const fn page(
    address: &'static str,
    title: &'static str,
    key: Option<char>,
    twin: &'static str,
    show: for<'v> fn(&'v Visit) -> Made<'v, Markup>,
) -> Page {
    Page { address, title, key, twin, show }
}
