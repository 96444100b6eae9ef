//! What waits, and its delivery: `lines` holds it, `delivery` sends it, one task for each assistant with something to deliver;
//! `batch` puts several in one request; `attempt` counts how that went; `kept` is what a drain keeps of the order; `end` is how they end, `outcome` stores
//! that or their next try; `recovery` fills the lines at the start.

mod attempt;
mod batch;
mod delivery;
mod end;
mod kept;
mod lines;
mod outcome;
mod recovery;

pub(super) use delivery::NO_DEADLINE;
pub(super) use end::is_not_owner;
pub(super) use kept::Kept;
pub use lines::Depth;
pub(super) use lines::{Full, Limits, Lines, MOST_SEEN, Phase, Ticket};
