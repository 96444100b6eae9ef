//! What a statement that writes works with: the connection in a transaction, and what is to follow from its commit.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection};

use crate::store::Timestamp;
use crate::store::seal::Sealer;

use super::failure::Failure;

/// The numbers of the journal whose times of admission are summed up in one row of `span`.
pub(super) const SPAN: u64 = 4096;

/// The writer's side of one transaction.
pub(super) struct WriteTransaction<'c> {
    pub(super) connection: &'c Connection,
    pub(super) sealer: &'c Sealer,
    pub(super) effects: Effects,
}

/// What happens once the transaction is committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    /// The greatest number that was stored.
    pub(super) greatest: u64,
    /// Callbacks that were added less those that were removed.
    pub(super) callbacks: i64,
    /// Callbacks that were given up.
    pub(super) given_up: u64,
    /// By block, the oldest and the newest time of admission.
    spans: BTreeMap<u64, (i64, i64)>,
}

impl<'c> WriteTransaction<'c> {
    pub(super) fn new(connection: &'c Connection, sealer: &'c Sealer) -> Self {
        Self { connection, sealer, effects: Effects::default() }
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>, Failure> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Takes down that the journal has a row of this number.
    pub(super) fn journaled(&mut self, number: u64, created_at: Timestamp) {
        self.effects.greatest = self.effects.greatest.max(number);
        let (oldest, newest) = self.effects.spans.entry(number / SPAN).or_insert((i64::MAX, i64::MIN));
        *oldest = (*oldest).min(created_at.0);
        *newest = (*newest).max(created_at.0);
    }

    /// Runs a statement so that, if it fails, it has changed nothing.
    pub(super) fn apart<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.prepare("savepoint apart")?.execute([])?;
        let before = self.effects.clone();
        let done = run(self);
        if done.is_err() {
            self.effects = before;
            // Some errors have rolled the whole transaction back already; then there is no savepoint.
            if !self.connection.is_autocommit() {
                self.prepare("rollback to apart")?.execute([])?;
            }
        }
        if !self.connection.is_autocommit() {
            self.prepare("release apart")?.execute([])?;
        }
        done
    }

    /// Writes what belongs to the transaction as a whole, before its commit.
    pub(super) fn settle(&self) -> Result<(), Failure> {
        let sql = "insert into span (block, oldest, newest) values (?1, ?2, ?3) on conflict (block) do update set \
                   oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest) \
                   where excluded.oldest < oldest or excluded.newest > newest";
        for (block, (oldest, newest)) in &self.effects.spans {
            self.prepare(sql)?.execute((super::row::signed(*block)?, oldest, newest))?;
        }
        Ok(())
    }
}
