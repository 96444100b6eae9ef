//! Assistants: where a name leads, the list of an account, and one of them.

mod as_read;
mod assistant;
mod list;
mod names;
mod routing;
mod told;

pub(crate) use crate::gateway::Origin;
pub(crate) use assistant::{Assistant, Change, ReadState, assistant};
pub(crate) use list::{Account, Assistants, Entry, assistants, shown, types};
pub(crate) use names::Names;
pub(crate) use routing::{Decided, Permission, Routing, RuleResult, Step, Target, Tested, routing};
#[cfg(test)]
pub(crate) use {assistant::State, routing::Said};
