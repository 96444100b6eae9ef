//! Several waiting updates of one assistant in one request.
//!
//! [`merge`] takes updates in their order, as they were translated, and says how many of the first can go together: those
//! of which the vendor is in the same state after the one request as after theirs one by one, if it accepts each of them.
//! Nothing is translated again: the members of the later body replace those of the earlier one, and values keep their text.
//!
//! What keeps an update out is a [`Barrier`]. The conditions, preferences and catalogs of the callers are no part of a
//! request; who calls this keeps updates apart that differ there.

mod barrier;
mod draft;

use crate::dialect::{Dialect, Request, SentFields};

pub use barrier::Barrier;
use draft::Draft;

/// One waiting update.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The body that the caller sent.
    pub canonical: &'a [u8],
    /// The request that it was translated to.
    pub request: &'a Request,
}

/// The first updates of a list, as one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// How many of the first updates go together: at least one, unless there are none.
    pub count: usize,
    /// The body for all of them; that of the first, byte for byte, if it goes alone.
    pub body: Vec<u8>,
    /// Which fields the body contains.
    pub sent: SentFields,
    /// For each of them, whether later ones have all its fields, so that nothing of it is in the body.
    pub superseded: Vec<bool>,
    /// Why the next update is not among them; `None` if there is no next one.
    pub ended_by: Option<Barrier>,
}

/// Merges as many of the first updates as can go together. All are for the same assistant of the same account.
pub fn merge(dialect: &Dialect, parts: &[Part<'_>]) -> Merged {
    let Some((first, later)) = parts.split_first() else {
        return Merged {
            count: 0,
            body: b"{}".to_vec(),
            sent: SentFields::default(),
            superseded: Vec::new(),
            ended_by: None,
        };
    };
    let mut draft = Draft::new(dialect, first);
    let ended_by = later.iter().find_map(|part| draft.add(part).err());
    let body = if draft.parts.len() > 1 { draft.body() } else { first.request.body.clone() };
    let sent = if draft.parts.len() > 1 { draft.sent() } else { first.request.sent.clone() };
    Merged { count: draft.parts.len(), body, sent, superseded: draft.superseded(), ended_by }
}
