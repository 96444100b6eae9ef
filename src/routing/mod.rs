//! Resolves `{assistant}` to a vendor account and an id.

mod route;
mod table;

pub use route::{Route, RouteError, Rule};
pub use table::{NamedAssistant, RoutingRule, RoutingTable};
