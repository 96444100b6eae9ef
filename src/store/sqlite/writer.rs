//! The one thread that writes.
//!
//! It waits for a command, takes all others that wait already, carries them out in one transaction and answers after the
//! commit. It never waits for more to come. Rows that were noted and whose transaction failed are kept, and are written
//! before anything else the next time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::StoreError;
use crate::store::failpoint::{Point, reach};
use crate::store::files::beside;
use crate::store::noted::Note;
use crate::store::seal::Sealer;

use super::command::{Command, Work};
use super::desk::{Effects, WriteTransaction};
use super::failure::{Failure, of_commit, of_sql};
use super::lock::Lock;
use super::state::Shared;
use super::statements;

/// The most commands in one transaction.
const BATCH: usize = 1024;
/// After this, rows that could not be written are tried again by themselves.
const RETRY: Duration = Duration::from_secs(1);
/// A WAL of this size has not been reset for long: its readers are waited for.
const LARGE_WAL: u64 = 64 << 20;

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) sealer: Arc<Sealer>,
    pub(super) shared: Arc<Shared>,
    /// Readers end before the connection, so that the last one out removes the WAL.
    pub(super) readers: Vec<JoinHandle<()>>,
    pub(super) lock: Lock,
    pub(super) kept: VecDeque<Box<Note>>,
    /// The WAL is looked at again when it has this size.
    pub(super) wal_limit: u64,
}

/// One command of a transaction.
enum Step {
    Note(Box<Note>),
    Run(Box<dyn Work>),
}

impl Writer {
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.wait(commands) else { break };
            let mut steps = Vec::new();
            let mut command = first;
            while let Some(taken) = command.take() {
                match taken {
                    Command::Note(note) => steps.push(Step::Note(note)),
                    Command::Run(work) => steps.push(Step::Run(work)),
                    Command::Close(reply) => {
                        closing = Some(reply);
                        break;
                    }
                }
                command = (steps.len() < BATCH).then(|| commands.try_recv().ok()).flatten();
            }
            self.carry_out(steps);
        }
        self.close(closing);
    }

    /// The next command; nothing inside if rows are to be tried again; `None` if there can be none any more.
    #[expect(clippy::option_option, reason = "the two kinds of nothing differ")]
    fn wait(&self, commands: &Receiver<Command>) -> Option<Option<Command>> {
        if self.kept.is_empty() {
            return commands.recv().ok().map(Some);
        }
        match commands.recv_timeout(RETRY) {
            Ok(command) => Some(Some(command)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Carries out commands after the rows that are kept; those are written in transactions of their own while they are many.
    fn carry_out(&mut self, steps: Vec<Step>) {
        while self.kept.len() > BATCH {
            let part: Vec<_> = self.kept.drain(..BATCH).map(Step::Note).collect();
            if let Err(error) = self.transaction(part) {
                self.give_back(steps, &error);
                return;
            }
        }
        let kept = self.kept.drain(..).map(Step::Note);
        let steps: Vec<_> = kept.chain(steps).collect();
        // All who wait for it get its failure.
        if !steps.is_empty() && self.transaction(steps).is_ok() {
            self.bound_wal();
        }
    }

    /// Carries out steps in one transaction, all or none.
    fn transaction(&mut self, mut steps: Vec<Step>) -> Result<(), StoreError> {
        match self.attempt(&mut steps) {
            Ok((effects, took)) => {
                if self.shared.is_failing() {
                    tracing::info!("the database can be written again");
                }
                self.shared.committed(&effects, took);
                for step in steps {
                    match step {
                        Step::Note(note) => {
                            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                            self.shared.noted.remove(note.bytes());
                        }
                        Step::Run(work) => self.answer(work, Ok(())),
                    }
                }
                Ok(())
            }
            Err(error) => {
                self.undo();
                if !self.shared.is_failing() {
                    tracing::error!(%error, "the database cannot be written; nothing that needs it can be done meanwhile");
                }
                self.shared.failed(&error.to_string());
                self.give_back(steps, &error);
                Err(error)
            }
        }
    }

    fn attempt(&self, steps: &mut [Step]) -> Result<(Effects, Duration), StoreError> {
        let run = |sql: &str| self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        #[cfg(test)]
        self.bound_pages();
        run("begin immediate").map_err(|error| of_sql(&error))?;
        let mut desk = WriteTransaction::new(&self.connection, &self.sealer);
        for step in steps {
            match step {
                Step::Note(note) => write_note(&mut desk, note),
                Step::Run(work) => work.run(&mut desk),
            }
            .map_err(Failure::into_error)?;
        }
        desk.settle().map_err(Failure::into_error)?;
        let effects = desk.effects;
        let start = Instant::now();
        reach(Point::BeforeCommit);
        run("commit").map_err(|error| of_commit(&error))?;
        let took = start.elapsed();
        reach(Point::AfterCommit);
        Ok((effects, took))
    }

    /// A file that cannot grow is a full disk.
    #[cfg(test)]
    fn bound_pages(&self) {
        let most = if self.shared.disk_is_full.load(Ordering::Acquire) { 1 } else { 4_294_967_294_i64 };
        let set = self.connection.query_row(&format!("pragma max_page_count = {most}"), [], |_| Ok(()));
        assert_eq!(set, Ok(()));
    }

    fn undo(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("rollback")
        {
            tracing::error!(%error, "a transaction of the database cannot be rolled back");
        }
    }

    /// Answers with an error, and keeps the rows for which no caller waits.
    fn give_back(&mut self, steps: Vec<Step>, error: &StoreError) {
        let mut notes = Vec::new();
        for step in steps {
            match step {
                Step::Note(note) => notes.push(note),
                Step::Run(work) => self.answer(work, Err(error.clone())),
            }
        }
        // They are older than those that are kept only if they were taken from them.
        for note in notes.into_iter().rev() {
            self.kept.push_front(note);
        }
    }

    fn answer(&self, work: Box<dyn Work>, outcome: Result<(), StoreError>) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        work.answer(outcome);
    }

    /// SQLite begins its WAL again when no reader needs the old one. If there was always one, they are waited for.
    fn bound_wal(&mut self) {
        let size = std::fs::metadata(beside(&self.shared.path, "-wal")).map_or(0, |metadata| metadata.len());
        if size < self.wal_limit {
            return;
        }
        let busy = self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, i64>(0));
        // If a reader does not end for so long, it is tried again when the file is twice as large.
        self.wal_limit = if matches!(busy, Ok(0)) { LARGE_WAL } else { size.saturating_mul(2) };
    }

    /// Writes what is kept, and leaves the files closed before it answers.
    fn close(mut self, reply: Option<oneshot::Sender<Result<(), StoreError>>>) {
        self.carry_out(Vec::new());
        let lost = self.kept.len();
        self.shared.closed.store(true, Ordering::Release);
        self.shared.noted.release();
        for reader in self.readers.drain(..) {
            // A reader that panicked is gone as well.
            let _ = reader.join();
        }
        let closed = self.connection.close().map_err(|(_, error)| of_sql(&error));
        drop(self.lock);
        if lost > 0 {
            tracing::error!(
                rows = lost,
                "rows of the journal are lost: the database could not be written until the end"
            );
        }
        let outcome = match lost {
            0 => closed,
            _ => Err(StoreError::Failed(format!("{lost} rows of the journal could not be written and are lost"))),
        };
        if let Some(reply) = reply {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            let _ = reply.send(outcome);
        }
    }
}

pub(super) const fn wal_limit() -> u64 {
    LARGE_WAL
}

fn write_note(desk: &mut WriteTransaction<'_>, note: &Note) -> Result<(), Failure> {
    match statements::note(desk, &note.record, note.body.as_ref()) {
        Ok(true) => {}
        Ok(false) => tracing::warn!(update = %note.record.id, "a change is in the journal already"),
        Err(failure) if failure.is_of_one_statement() && !desk.connection.is_autocommit() => {
            tracing::error!(update = %note.record.id, error = %failure.into_error(), "a change cannot be recorded");
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}
