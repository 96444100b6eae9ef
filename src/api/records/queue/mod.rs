//! What waits, and its delivery: `lines` holds it, `delivery` sends it, one task for each assistant with something to deliver;
//! `batch` puts several in one request; `outcome` stores what becomes of them; `recovery` fills the lines at the start.

mod batch;
mod delivery;
mod lines;
mod outcome;
mod recovery;

pub use lines::Depth;
pub(super) use lines::{Full, Limits, Lines, Phase, Ticket};
