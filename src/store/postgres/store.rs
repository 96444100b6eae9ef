//! The statements of the trait.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_postgres::Row;

use crate::store::noted::Note;
use crate::store::row::{COLUMNS, Part, unsigned};
use crate::store::seal::Purpose;
use crate::store::{
    Admission, Admitted, CallbackDue, CallbackTried, Ending, Figures, Filter, Finished, Incarnation, KeyState, KeyUse,
    Line, Page, Pending, Postponement, Record, RecordsOf, State, Store, StoreError, Timestamp, UpdateId,
};

use super::connection::tell;
use super::job::Outcome;
use super::lane::Command;
use super::row::{get, opened, record as read};
use super::state::Shared;
use super::statements::ending::End;
use super::statements::{Work, admission, callbacks, changes, ending, journal, list, lookup};
use super::{Postgres, fails, flush};

/// All records of a statement.
pub(super) fn records(shared: &Shared, rows: &[Vec<Row>], part: Part) -> Result<Vec<Record>, StoreError> {
    rows.iter().flatten().map(|row| read(row, &shared.sealer, part)).collect()
}

fn one(shared: &Shared, rows: &[Vec<Row>]) -> Result<Option<Record>, StoreError> {
    rows.last().and_then(|rows| rows.first()).map(|row| read(row, &shared.sealer, Part::Whole)).transpose()
}

/// A ticket has ended, or there is none.
pub(super) fn ended(shared: &Shared, id: UpdateId, end: &End) {
    if let Some(number) = end.number {
        shared.stored(number);
        if end.is_called_back {
            shared.callbacks.fetch_add(1, Ordering::Relaxed);
            tell(&shared.news);
        }
    }
    if end.finished() != Finished::NotOwned {
        shared.lanes.lock().remove(&id);
    }
}

impl Postgres {
    /// The records, each with its place in its line if it waits or holds it up.
    async fn placed(&self, mut records: Vec<Record>) -> Result<Vec<Record>, StoreError> {
        let has_place = |record: &&Record| !record.state.is_final() || record.state == State::Dead;
        let ids: Vec<_> = records.iter().filter(has_place).map(|record| record.id).collect();
        if ids.is_empty() {
            return Ok(records);
        }
        let places = self.send(&self.reader, lookup::places(&ids), |_, rows| {
            let place = |row: &Row| Ok((UpdateId(get(row, 0)?), get::<Option<i64>>(row, 1)?.map(unsigned)));
            rows.iter().flatten().map(place).collect::<Result<HashMap<_, _>, StoreError>>()
        });
        let places = places.await?;
        for record in &mut records {
            match places.get(&record.id) {
                Some(Some(ahead)) if !record.state.is_final() => record.ahead = Some(*ahead),
                Some(None) if record.state == State::Dead => record.holds = true,
                _ => {}
            }
        }
        Ok(records)
    }
}

impl Store for Postgres {
    fn admit(&self, admission: Admission) -> Pending<'_, Admitted> {
        let id = admission.record.id;
        let lane = admission.record.line().map_or_else(|| self.of_unknown(id), |line| self.of_line(&line));
        let work = match admission::admit(&self.shared.sealer, &admission) {
            Ok(work) => work,
            Err(error) => return fails(error),
        };
        self.remember(id, lane);
        let key = admission.key.clone();
        let admitted = self.send(&self.writers[lane], work, move |shared, rows| {
            let admitted = admission::admitted(&shared.sealer, &rows, key.as_ref())?;
            match &admitted {
                Some(Admitted::Stored(stored)) => shared.stored(stored.number),
                _ => drop(shared.lanes.lock().remove(&id)),
            }
            Ok(admitted)
        });
        Box::pin(async move {
            match admitted.await? {
                Some(admitted) => Ok(admitted),
                // Its key was free again before it could be read.
                None => self.admit(admission).await,
            }
        })
    }

    fn look_up(&self, key: KeyUse) -> Pending<'_, Option<KeyState>> {
        self.read(&self.notes, admission::look_up(&key), move |shared, rows| {
            let row = rows.first().and_then(|rows| rows.first());
            row.map(|row| admission::key_state(&shared.sealer, row, &key)).transpose()
        })
    }

    fn start(&self, ids: Vec<UpdateId>, now: Timestamp, by: Option<Incarnation>) -> Pending<'_, bool> {
        let work = changes::start(&ids, now, by);
        self.write(ids.iter().map(|id| self.of_id(*id)), work, |_, rows| changes::started(&rows))
    }

    fn postpone(&self, postponement: Postponement) -> Pending<'_, ()> {
        let lanes = postponement.changes.iter().map(|(id, _)| self.of_id(*id));
        match changes::postpone(&self.shared.sealer, &postponement) {
            Ok(work) => self.write(lanes, work, |_, _| Ok(())),
            Err(error) => fails(error),
        }
    }

    fn finish(&self, endings: Vec<Ending>) -> Pending<'_, Vec<Finished>> {
        let work = match ending::finish(&self.shared.sealer, &endings) {
            Ok(work) => work,
            Err(error) => return fails(error),
        };
        let ids: Vec<_> = endings.iter().map(|ending| ending.id).collect();
        let lanes: Vec<_> = ids.iter().map(|id| self.of_id(*id)).collect();
        self.write(lanes.into_iter(), work, move |shared, rows| {
            let ends: Vec<End> = rows.iter().map(|rows| End::of(rows)).collect::<Result<_, _>>()?;
            ids.iter().zip(&ends).for_each(|(id, end)| ended(shared, *id, end));
            Ok(ends.iter().map(End::finished).collect())
        })
    }

    fn note(&self, record: Record, body: Option<Bytes>) -> Pending<'_, ()> {
        if self.shared.closed.load(Ordering::Acquire) {
            return fails(StoreError::Closed);
        }
        let note = Note { record, body };
        let work = match journal::note(&self.shared.sealer, &note) {
            Ok(work) => work,
            Err(error) => return fails(error),
        };
        let (bytes, update, number) = (note.bytes(), note.record.id, note.record.number);
        let shared = self.shared.clone();
        self.shared.noted.add(bytes);
        let written = move |outcome: Outcome| {
            match outcome {
                Ok(rows) if rows.iter().all(Vec::is_empty) => {
                    tracing::warn!(%update, "a change is in the journal already");
                }
                Ok(_) => shared.stored(number),
                Err(error) => tracing::error!(%update, %error, "a change cannot be recorded"),
            }
            shared.noted.remove(bytes);
        };
        self.enqueue(&self.notes, Vec::new(), work, true, Box::new(written));
        Box::pin(async {
            self.shared.noted.until_it_fits(&self.shared.closed).await;
            Ok(())
        })
    }

    fn has_room(&self) -> bool {
        self.shared.noted.fits()
    }

    fn cancel(&self, id: UpdateId, now: Timestamp, callback: bool) -> Pending<'_, Option<Record>> {
        let work = ending::cancel(id, now, callback);
        self.write([self.of_id(id)].into_iter(), work, move |shared, rows| {
            let end = End::of(rows.first().map(Vec::as_slice).unwrap_or_default())?;
            if end.number.is_none() {
                return Ok(None);
            }
            ended(shared, id, &end);
            one(shared, &rows)
        })
    }

    fn discard(&self, id: UpdateId, state: State, now: Timestamp) -> Pending<'_, bool> {
        let work = journal::discard(id, state, now);
        // The row may be one that is noted and not yet written.
        let after = vec![flush(&self.notes)];
        self.send_after(&self.writers[self.of_id(id)], after, work, |_, rows| changes::started(&rows))
    }

    fn ticket(&self, id: UpdateId) -> Pending<'_, Option<(Record, Bytes)>> {
        // Its admission is committed, so that nothing has to be waited for.
        self.send(&self.notes, lookup::ticket(id), move |shared, rows| {
            let Some(row) = rows.iter().flatten().next() else { return Ok(None) };
            let body = opened(&shared.sealer, id, Purpose::Body, get(row, COLUMNS)?)?;
            Ok(Some((read(row, &shared.sealer, Part::Whole)?, body.unwrap_or_default())))
        })
    }

    fn bodies(&self, ids: Vec<UpdateId>) -> Pending<'_, Vec<Option<Bytes>>> {
        self.read(&self.notes, lookup::bodies(&ids), move |shared, rows| {
            let purpose = Purpose::Body;
            let mut found = HashMap::new();
            for row in rows.iter().flatten() {
                let id = UpdateId(get(row, 0)?);
                found.insert(id, opened(&shared.sealer, id, purpose, get(row, 1)?)?);
            }
            Ok(ids.iter().map(|id| found.get(id).cloned().flatten()).collect())
        })
    }

    fn record(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        let work = Work::read(lookup::record(id));
        let found = self.read(&self.notes, work, |shared, rows| one(shared, &rows));
        Box::pin(async move { Ok(self.placed(found.await?.into_iter().collect()).await?.pop()) })
    }

    fn record_of_request(&self, owner: RecordsOf, request_id: String) -> Pending<'_, Option<Record>> {
        let found = self.read(&self.reader, lookup::of_request(&owner, &request_id), |shared, rows| one(shared, &rows));
        Box::pin(async move { Ok(self.placed(found.await?.into_iter().collect()).await?.pop()) })
    }

    fn list(&self, filter: Filter) -> Pending<'_, Page> {
        let found = self.read(&self.reader, list::list(&filter), move |shared, rows| {
            list::page(&shared.sealer, &filter, rows.first().map(Vec::as_slice).unwrap_or_default())
        });
        Box::pin(async move {
            let Page { records, next } = found.await?;
            Ok(Page { records: self.placed(records).await?, next })
        })
    }

    fn replay_of(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        self.read(&self.reader, lookup::replay_of(id), |shared, rows| one(shared, &rows))
    }

    fn newer(&self, line: Line, number: u64, fields: Vec<String>) -> Pending<'_, Vec<Record>> {
        let work = lookup::newer(&line, number, &fields);
        self.read(&self.notes, work, |shared, rows| records(shared, &rows, Part::Whole))
    }

    fn tickets(&self) -> Pending<'_, Vec<Record>> {
        self.read(&self.reader, lookup::tickets(), |shared, rows| records(shared, &rows, Part::Open))
    }

    fn unsettled(&self, since: Timestamp) -> Pending<'_, Vec<Record>> {
        self.read(&self.reader, lookup::unsettled(since), |shared, rows| records(shared, &rows, Part::Whole))
    }

    fn callback_clients(&self) -> Pending<'_, Vec<String>> {
        self.read(&self.reader, callbacks::clients(), |_, rows| rows.iter().flatten().map(callbacks::client).collect())
    }

    fn callbacks_of(&self, client: String, limit: usize) -> Pending<'_, Vec<CallbackDue>> {
        self.read(&self.reader, callbacks::of_client(&client, limit), move |_, rows| {
            rows.iter().flatten().map(|row| callbacks::due(row, &client)).collect()
        })
    }

    fn callback_tried(&self, tried: CallbackTried) -> Pending<'_, ()> {
        let (id, is_given_up) = match tried {
            CallbackTried::Delivered(id) | CallbackTried::Again(id, _) => (id, false),
            CallbackTried::GivenUp(id) => (id, true),
        };
        self.write([self.of_unknown(id)].into_iter(), callbacks::tried(tried), move |shared, rows| {
            let removed = rows.iter().flatten().count();
            shared.callbacks.fetch_sub(i64::try_from(removed).unwrap_or_default(), Ordering::Relaxed);
            shared.given_up.fetch_add(if is_given_up { removed as u64 } else { 0 }, Ordering::Relaxed);
            Ok(())
        })
    }

    fn sweep(&self, now: Timestamp, journal: Timestamp) -> Pending<'_, bool> {
        let swept = self.read(&self.reader, journal::sweep(now, journal), |shared, rows| {
            let (callbacks, bytes) = journal::measured(rows.last().map(Vec::as_slice).unwrap_or_default())?;
            shared.callbacks.store(callbacks, Ordering::Relaxed);
            shared.bytes.store(bytes, Ordering::Relaxed);
            Ok(journal::has_more(&rows))
        });
        Box::pin(async move {
            for work in journal::partitions(journal) {
                if let Err(error) = self.send(&self.reader, work, |_, _| Ok(())).await {
                    tracing::warn!(%error, "the journal's days cannot be arranged now; it is tried again");
                }
            }
            swept.await
        })
    }

    fn next_number(&self) -> u64 {
        self.shared.next_number.load(Ordering::Relaxed)
    }

    fn figures(&self) -> Figures {
        self.shared.figures()
    }

    fn close(&self) -> Pending<'_, ()> {
        if self.shared.closed.swap(true, Ordering::AcqRel) {
            return fails(StoreError::Closed);
        }
        let lanes = self.writers.iter().chain([&self.session, &self.notes, &self.reader]);
        let ends: Vec<_> = lanes
            .map(|lane| {
                let (reply, end) = oneshot::channel();
                let _ = lane.send(Command::Close(reply));
                end
            })
            .collect();
        Box::pin(async move {
            let mut lost = 0;
            for end in ends {
                lost += end.await.unwrap_or_default();
            }
            self.shared.noted.release();
            match lost {
                0 => Ok(()),
                lost => {
                    tracing::error!(
                        rows = lost,
                        "rows of the journal are lost: the database could not be written until the end"
                    );
                    Err(StoreError::Failed(format!("{lost} rows of the journal could not be written and are lost")))
                }
            }
        })
    }
}
