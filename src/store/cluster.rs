//! What a store that several processes share can do besides: who is a member, who delivers the changes of which assistant,
//! and what became of changes that another member delivers.
//!
//! - Each *line* has at most one *owner*, a member, who alone starts, postpones and ends its tickets; the store refuses these
//!   statements to all others. A line gets an owner with its first open ticket, and loses it with its last one.
//! - A member proves that it lives by its *beat*. Others remove it once they have seen the same beat for long enough by their
//!   own clocks. What it owned is then *orphaned*, and the first member to adopt it gets it.
//! - Times in the store are those of the store's own clock: what crosses between members are durations.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use super::{Answer, Ending, Line, Pending, Record, Store, UpdateId};

/// One process among those that share a store: another one after each start, and after each loss of its membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incarnation(pub Uuid);

impl Incarnation {
    /// A new one.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A store that several processes share.
pub trait Cluster: Store {
    /// Makes this process a member, under a name for people and with its version.
    fn join(&self, member: Incarnation, name: String, version: &'static str) -> Pending<'_, ()>;

    /// Adds one to the member's beat, on a connection that nothing else waits for, and looks around. One round trip.
    fn beat(&self, member: Incarnation) -> Pending<'_, Beat>;

    /// Removes another member, if its beat is still that one. `false` if it is not, or the member is gone.
    fn remove(&self, member: Incarnation, beat: u64) -> Pending<'_, bool>;

    /// Ends the membership: the lines that the member still owns are orphaned, and the others hear of it.
    fn leave(&self, member: Incarnation) -> Pending<'_, ()>;

    /// Makes the member the owner of orphaned lines, of at most that many: lines with open tickets whose owner is no member,
    /// or that have none. Lines that another adoption holds are skipped. Nothing if it is no member itself.
    fn adopt(&self, member: Incarnation, limit: usize) -> Pending<'_, Vec<Line>>;

    /// The tickets without a line (creations) that were admitted by who is no member any more, handed to this member, so that
    /// it may end them. At most that many.
    fn adopt_creations(&self, member: Incarnation, limit: usize) -> Pending<'_, Vec<Record>>;

    /// Gives lines up that the member owns: they are orphaned, and the others hear of it at once.
    fn release(&self, lines: Vec<Line>, member: Incarnation) -> Pending<'_, ()>;

    /// The first open tickets of a line in the order of their places, and the dead ones that hold it up; `None` if the member
    /// does not own the line.
    fn open_tickets(&self, line: Line, member: Incarnation, limit: usize) -> Pending<'_, Option<LineState>>;

    /// Lines with open tickets that the member owns and that nothing has changed for so long, of at most that many.
    fn untouched(&self, member: Incarnation, idle: Duration, limit: usize) -> Pending<'_, Vec<Line>>;

    /// Lets dead changes hold up their line no longer.
    fn let_go(&self, line: Line, dead: Vec<UpdateId>, member: Incarnation) -> Pending<'_, ()>;

    /// Ends a ticket that waits and of which no attempt may have been applied, whichever member owns its line, because its caller waits no
    /// longer.
    fn withdraw(&self, ending: Ending) -> Pending<'_, Withdrawn>;

    /// Those of these that have ended, with the answers that their callers get.
    fn ended(&self, ids: Vec<UpdateId>) -> Pending<'_, Vec<(UpdateId, Option<Answer>)>>;

    /// Tells that lines were orphaned, or callbacks were added; it may tell too often.
    fn news(&self) -> Arc<Notify>;

    /// How long the store is waited for.
    fn timeout(&self) -> Duration;
}

/// What a member sees with its beat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Whether it is a member still. If not, nothing was changed.
    pub is_member: bool,
    /// The history of the database: another number after a standby was promoted.
    pub timeline: u32,
    /// All members.
    pub members: Vec<Member>,
    /// Whether there are lines or creations to adopt.
    pub orphans: bool,
    /// All open tickets.
    pub open: u64,
    /// Whether callbacks are due.
    pub callbacks_due: bool,
}

/// A process that shares the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub id: Incarnation,
    /// Its beat.
    pub beat: u64,
    /// Its name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many lines it owns.
    pub lines: u64,
    /// Since when it is a member, by the store's clock.
    pub joined_at: super::Timestamp,
    /// For how long its beat is the same, by the store's clock.
    pub silent: Duration,
}

/// What waits in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineState {
    /// In their order.
    pub tickets: Vec<OpenTicket>,
    /// How long ago an attempt ended that may have been applied and got no trustworthy response.
    pub doubted_ago: Option<Duration>,
}

/// A ticket as its owner needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTicket {
    /// Its record, without answer and problem. A dead one holds up its line.
    pub record: Record,
    /// When it is given up.
    pub expires_in: Duration,
    /// When it is tried next.
    pub due_in: Duration,
    /// Whether the process that admitted it is a member still, so that its caller may wait.
    pub is_waited_for: bool,
}

/// What became of an admission that was stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its number, which only the store knows where several processes share it.
    pub number: u64,
    /// How many open tickets of its line stand before it.
    pub ahead: u64,
    /// The number that its line gave before; 0 if there was none lately. Whoever knows all open tickets up to that one knows all
    /// that stand before it.
    pub previous: u64,
    /// Whether the one who admitted it owns the line.
    pub is_owned: bool,
    /// How long ago an attempt of its line ended that may have been applied and got no trustworthy response.
    pub doubted_ago: Option<Duration>,
}

/// What became of a ticket that was to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It has ended now; so many open tickets of its line are left.
    Done {
        /// Their number.
        left: u64,
    },
    /// There is none: it has ended before.
    Gone,
    /// It is there, and another one owns it.
    NotOwned,
}

/// What became of a ticket whose caller waits no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// It has ended so.
    Done,
    /// An attempt may be on the wire, or may have been applied.
    Sending,
    /// It had ended before, or was never stored.
    Gone,
}
