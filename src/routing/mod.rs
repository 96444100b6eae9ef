//! From `{assistant}` to a target: which vendor account, which id, and why.

mod route;
mod table;

pub use route::{Route, RouteError, Rule};
pub use table::{Named, RoutingRule, RoutingTable};
