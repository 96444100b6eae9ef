//! What each statement of the trait does with the tables.

mod admission;
mod callbacks;
mod changes;
mod ending;
mod journal;
pub(super) mod list;
mod lookup;

pub(super) use admission::{admit, look_up};
pub(super) use callbacks::{callback_clients, callback_tried, callbacks_of, waiting};
pub(super) use changes::{cancel, postpone, start};
pub(super) use ending::finish;
pub(super) use journal::{discard, greatest, note, sweep};
pub(super) use lookup::{bodies, newer, record, record_of_request, replay_of, ticket, tickets, unsettled};
