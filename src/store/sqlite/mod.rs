//! SQLite: the store of one process.
//!
//! One thread writes and commits what has gathered; two read. A write-ahead log with `synchronous=FULL` makes a commit
//! durable before it is answered.

mod command;
mod desk;
mod failure;
mod keys;
mod lock;
mod open;
mod readers;
mod row;
mod schema;
mod state;
mod statements;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};

use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::noted::Note;
use crate::store::seal::{KeySource, Sealer};
use crate::store::{
    Admission, Admitted, CallbackDue, CallbackTried, Ending, Figures, Filter, Finished, Incarnation, KeyState, KeyUse,
    Line, Page, Pending, Postponement, Record, RecordsOf, State, Store, StoreError, Timestamp, UpdateId,
};
use crate::value::Lock;

use command::{Command, Statement};
use desk::WriteTransaction;
pub use failure::OpenError;
use failure::{Failure, OpenFailure};
use open::Opened;
use readers::Reading;
use state::Shared;
use writer::Writer;

/// A store in one file.
pub struct Sqlite {
    shared: Arc<Shared>,
    writer: Sender<Command>,
    /// `None` once it is closed.
    readers: Lock<Option<Sender<Reading>>>,
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the database at a path, or makes it. The last folder of the path is made as well.
    ///
    /// # Errors
    /// Says which file cannot be used, why, and what would be right.
    pub fn open(path: &Path, keys: KeySource) -> Result<Self, OpenError> {
        Self::start(open::open(path, keys)?)
    }

    fn start(opened: Opened) -> Result<Self, OpenError> {
        let Opened { path, lock, connection, sealer } = opened;
        let at = |error: rusqlite::Error| OpenFailure::Sql(error).at(&path);
        let greatest = crate::store::row::unsigned(statements::greatest(&connection).map_err(at)?);
        let callbacks = statements::waiting(&connection).map_err(at)?;
        let shared = Arc::new(Shared::new(path.clone(), greatest, callbacks));
        let sealer = Arc::new(sealer);
        let (reader, readers) = readers::start(&path, &sealer).map_err(|failure| failure.at(&path))?;
        let (sender, commands) = channel();
        let writer = Writer {
            connection,
            sealer,
            shared: shared.clone(),
            readers,
            lock,
            kept: VecDeque::new(),
            wal_limit: writer::wal_limit(),
        };
        let thread = std::thread::Builder::new().name("store-write".into());
        thread
            .spawn(move || writer.run(&commands))
            .map_err(|error| OpenError::Other { path, why: error.to_string() })?;
        Ok(Self { shared, writer: sender, readers: Lock::new(Some(reader)) })
    }

    fn send(&self, command: Command) {
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        // Without a writer the command is dropped, and with it the way to answer: the store is closed.
        if self.writer.send(command).is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Has the writer carry out a statement, in the order of the calls.
    fn write<T, F>(&self, run: F) -> Pending<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTransaction<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Run(Box::new(Statement::new(run, reply))));
        Box::pin(async move { answer.await.unwrap_or(Err(StoreError::Closed)) })
    }

    /// Has a reader carry out a statement, after the rows that were noted before the call.
    fn read<T, F>(&self, run: F) -> Pending<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Sealer) -> Result<T, Failure> + Send + 'static,
    {
        let noted = (!self.shared.noted.is_empty()).then(|| self.write(|_| Ok(())));
        Box::pin(async move {
            if let Some(noted) = noted {
                // If they cannot be written, what is stored can be read all the same.
                let _ = noted.await;
            }
            let (reply, answer) = oneshot::channel();
            let reading: Reading = Box::new(move |connection, sealer| {
                let _ = reply.send(run(connection, sealer).map_err(Failure::into_error));
            });
            // If no reader takes it, it is dropped with its reply channel.
            match &*self.readers.lock() {
                Some(readers) => drop(readers.send(reading)),
                None => drop(reading),
            }
            answer.await.unwrap_or(Err(StoreError::Closed))
        })
    }
}

#[cfg(test)]
impl Sqlite {
    /// Lets the file grow no more, as a full disk would.
    fn fill_disk(&self, is_full: bool) {
        self.shared.disk_is_full.store(is_full, Ordering::Release);
    }
}

impl Store for Sqlite {
    fn admit(&self, admission: Admission) -> Pending<'_, Admitted> {
        self.write(move |desk| statements::admit(desk, &admission))
    }

    fn look_up(&self, key: KeyUse) -> Pending<'_, Option<KeyState>> {
        self.read(move |connection, sealer| statements::look_up(connection, sealer, &key))
    }

    fn start(&self, ids: Vec<UpdateId>, now: Timestamp, _: Option<Incarnation>) -> Pending<'_, bool> {
        self.write(move |desk| statements::start(desk, &ids, now))
    }

    fn postpone(&self, postponement: Postponement) -> Pending<'_, ()> {
        self.write(move |desk| statements::postpone(desk, &postponement))
    }

    fn finish(&self, endings: Vec<Ending>) -> Pending<'_, Vec<Finished>> {
        self.write(move |desk| statements::finish(desk, &endings))
    }

    fn note(&self, record: Record, body: Option<Bytes>) -> Pending<'_, ()> {
        let note = Box::new(Note { record, body });
        let bytes = note.bytes();
        self.shared.noted.add(bytes);
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        if self.writer.send(Command::Note(note)).is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            self.shared.noted.remove(bytes);
            return Box::pin(std::future::ready(Err(StoreError::Closed)));
        }
        Box::pin(async {
            self.shared.noted.until_it_fits(&self.shared.closed).await;
            Ok(())
        })
    }

    fn has_room(&self) -> bool {
        self.shared.noted.fits()
    }

    fn cancel(&self, id: UpdateId, now: Timestamp, callback: bool) -> Pending<'_, Option<Record>> {
        self.write(move |desk| statements::cancel(desk, id, now, callback))
    }

    fn discard(&self, id: UpdateId, state: State, now: Timestamp) -> Pending<'_, bool> {
        self.write(move |desk| statements::discard(desk, id, state, now))
    }

    fn ticket(&self, id: UpdateId) -> Pending<'_, Option<(Record, Bytes)>> {
        self.read(move |connection, sealer| {
            let Some(record) = statements::ticket(connection, sealer, id)? else { return Ok(None) };
            let body = statements::bodies(connection, sealer, &[id])?.pop().flatten();
            Ok(body.map(|body| (record, body)))
        })
    }

    fn bodies(&self, ids: Vec<UpdateId>) -> Pending<'_, Vec<Option<Bytes>>> {
        self.read(move |connection, sealer| statements::bodies(connection, sealer, &ids))
    }

    fn record(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        self.read(move |connection, sealer| statements::record(connection, sealer, id))
    }

    fn record_of_request(&self, owner: RecordsOf, request_id: String) -> Pending<'_, Option<Record>> {
        self.read(move |connection, sealer| statements::record_of_request(connection, sealer, &owner, &request_id))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Page> {
        self.read(move |connection, sealer| statements::list::list(connection, sealer, &filter))
    }

    fn replay_of(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        self.read(move |connection, sealer| statements::replay_of(connection, sealer, id))
    }

    fn newer(&self, line: Line, number: u64, fields: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.write(move |desk| statements::newer(desk.connection, desk.sealer, &line, number, &fields))
    }

    fn tickets(&self) -> Pending<'_, Vec<Record>> {
        self.read(statements::tickets)
    }

    fn unsettled(&self, since: Timestamp) -> Pending<'_, Vec<Record>> {
        self.read(move |connection, sealer| statements::unsettled(connection, sealer, since))
    }

    fn callback_clients(&self) -> Pending<'_, Vec<String>> {
        self.read(|connection, _| statements::callback_clients(connection))
    }

    fn callbacks_of(&self, client: String, limit: usize) -> Pending<'_, Vec<CallbackDue>> {
        self.read(move |connection, _| statements::callbacks_of(connection, client, limit))
    }

    fn callback_tried(&self, tried: CallbackTried) -> Pending<'_, ()> {
        self.write(move |desk| statements::callback_tried(desk, tried))
    }

    fn sweep(&self, now: Timestamp, journal: Timestamp) -> Pending<'_, bool> {
        self.write(move |desk| statements::sweep(desk, now, journal))
    }

    fn next_number(&self) -> u64 {
        self.shared.next_number.load(Ordering::Relaxed)
    }

    fn figures(&self) -> Figures {
        self.shared.figures()
    }

    fn close(&self) -> Pending<'_, ()> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Close(reply));
        drop(self.readers.lock().take());
        Box::pin(async move { answer.await.unwrap_or(Err(StoreError::Closed)) })
    }
}
