//! Resolves `{assistant}` to a vendor account and an id.

mod route;
mod table;
mod trail;

pub use route::{Route, RouteError, Rule};
pub use table::{NamedAssistant, RoutingRule, RoutingTable};
pub use trail::{Mismatch, Trail};
