//! What members do with each other's lines.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::store::row::Part;
use crate::store::seal::Purpose;
use crate::store::{
    Answer, Beat, Cluster, Ending, Incarnation, Line, LineState, Pending, Record, StoreError, UpdateId, Withdrawn,
};

use super::row::{get, opened, unpacked};
use super::statements::ending::{self, End};
use super::statements::{Work, line as lines, lookup, member as members};
use super::store::{ended, records};
use super::{Postgres, Read, Shared, fails, flush};

/// What a member sees of one that has ended.
fn ended_row(shared: &Shared, row: &tokio_postgres::Row) -> Result<(UpdateId, Option<Answer>), StoreError> {
    let (sealer, id) = (&shared.sealer, UpdateId(get(row, 0)?));
    let answer = match opened(sealer, id, Purpose::Reply, get(row, 2)?)? {
        Some(reply) => Some(reply),
        None => opened(sealer, id, Purpose::Answer, get(row, 1)?)?,
    };
    Ok((id, answer.map(|answer| unpacked(&answer)).transpose()?))
}

impl Postgres {
    /// Has the first writer carry out what concerns a member, after all that was called before.
    fn after_all<T: Send + 'static>(&self, work: Work, read: impl Read<T>) -> Pending<'static, T> {
        let after = self.writers.iter().skip(1).map(flush).collect();
        self.send_after(&self.writers[0], after, work, read)
    }

    fn first<T: Send + 'static>(&self, work: Work, read: impl Read<T>) -> Pending<'static, T> {
        self.send(&self.writers[0], work, read)
    }
}

impl Cluster for Postgres {
    fn join(&self, member: Incarnation, name: String, version: &'static str) -> Pending<'_, ()> {
        self.first(members::join(member, &name, version), |_, _| Ok(()))
    }

    fn beat(&self, member: Incarnation) -> Pending<'_, Beat> {
        self.send(&self.session, members::beat(member), |_, rows| {
            members::seen(rows.first().map(Vec::as_slice).unwrap_or_default())
        })
    }

    fn remove(&self, member: Incarnation, beat: u64) -> Pending<'_, bool> {
        let Ok(beat) = i64::try_from(beat) else { return Box::pin(std::future::ready(Ok(false))) };
        self.first(members::remove(member, beat), |_, rows| Ok(rows.iter().any(|rows| !rows.is_empty())))
    }

    fn leave(&self, member: Incarnation) -> Pending<'_, ()> {
        self.after_all(members::leave(member), |_, _| Ok(()))
    }

    fn adopt(&self, member: Incarnation, limit: usize) -> Pending<'_, Vec<Line>> {
        self.first(lines::adopt(member, limit), |_, rows| rows.iter().flatten().map(lines::adopted).collect())
    }

    fn untouched(&self, member: Incarnation, idle: Duration, limit: usize) -> Pending<'_, Vec<Line>> {
        let work = lines::untouched(member, idle, limit);
        self.send(&self.reader, work, |_, rows| rows.iter().flatten().map(lines::adopted).collect())
    }

    fn adopt_creations(&self, member: Incarnation, limit: usize) -> Pending<'_, Vec<Record>> {
        self.first(lines::adopt_creations(member, limit), |shared, rows| records(shared, &rows, Part::Open))
    }

    fn release(&self, lines: Vec<Line>, member: Incarnation) -> Pending<'_, ()> {
        let lanes = lines.iter().map(|line| self.of_line(line));
        self.write(lanes, lines::release(&lines, member), |_, _| Ok(()))
    }

    fn open_tickets(&self, line: Line, member: Incarnation, limit: usize) -> Pending<'_, Option<LineState>> {
        let lane = self.of_line(&line);
        let work = lines::open_tickets(&line, member, limit);
        let state = self.send(&self.writers[lane], work, |shared, rows| {
            lines::line_state(&shared.sealer, rows.first().map(Vec::as_slice).unwrap_or_default())
        });
        Box::pin(async move {
            let state = state.await?;
            for ticket in state.iter().flat_map(|state| &state.tickets) {
                self.remember(ticket.record.id, lane);
            }
            Ok(state)
        })
    }

    fn let_go(&self, line: Line, dead: Vec<UpdateId>, member: Incarnation) -> Pending<'_, ()> {
        let work = lines::let_go(&line, &dead, member);
        self.send(&self.writers[self.of_line(&line)], work, |_, _| Ok(()))
    }

    fn withdraw(&self, ending: Ending) -> Pending<'_, Withdrawn> {
        let (id, lane) = (ending.id, self.of_id(ending.id));
        let work = match ending::withdraw(&self.shared.sealer, &ending) {
            Ok(work) => work,
            Err(error) => return fails(error),
        };
        self.send(&self.writers[lane], work, move |shared, rows| {
            let end = End::of(rows.first().map(Vec::as_slice).unwrap_or_default())?;
            ended(shared, id, &end);
            Ok(end.withdrawn())
        })
    }

    fn ended(&self, ids: Vec<UpdateId>) -> Pending<'_, Vec<(UpdateId, Option<Answer>)>> {
        self.send(&self.notes, lookup::ended(&ids), |shared, rows| {
            rows.iter().flatten().map(|row| ended_row(shared, row)).collect()
        })
    }

    fn news(&self) -> Arc<Notify> {
        self.shared.news.clone()
    }

    fn timeout(&self) -> Duration {
        self.shared.timeout
    }
}
