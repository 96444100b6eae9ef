//! Which [`KeyedLocks`] an account uses: those of its scope, which accounts can share and a reload can change.

use std::collections::HashMap;

use super::keyed_lock::{KeyedLocks, QueuedLock};
use super::queue_limit::QueueLimit;
use crate::upstream::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use crate::upstream::{DeliveryState, Failure};

/// The locks of one account in all its stacks. A reload that changes the account makes a new stack, and the updates of
/// the new stack must come after those that the old one is sending.
#[derive(Debug, Default)]
pub(crate) struct AccountLocks(RwLock<Arc<KeyedLocks>>);

/// The locks of all accounts and scopes in use, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct LockScopes(Arc<Mutex<ScopeTable>>);

#[derive(Debug, Default)]
struct ScopeTable {
    accounts: HashMap<Arc<str>, Weak<AccountLocks>>,
    scopes: HashMap<Arc<str>, Weak<KeyedLocks>>,
}

/// A write under way. Its end is counted if it may have reached the vendor, in the scope in which it began and in that to
/// which its account has moved meanwhile.
#[derive(Debug)]
pub(crate) struct PendingWrite {
    account: Arc<AccountLocks>,
    begun_in: Arc<KeyedLocks>,
    delivery: DeliveryState,
}

impl Drop for PendingWrite {
    fn drop(&mut self) {
        if self.delivery.get() {
            self.begun_in.count_write();
            let now = self.account.0.read().unwrap_or_else(PoisonError::into_inner);
            if !Arc::ptr_eq(&now, &self.begun_in) {
                now.count_write();
            }
        }
    }
}

impl LockScopes {
    /// The locks of `account`; those of the scope of the same name until [`LockScopes::assign`] changes that.
    pub(crate) fn of(&self, account: &Arc<str>) -> Arc<AccountLocks> {
        let mut table = self.table();
        if let Some(locks) = table.accounts.get(account).and_then(Weak::upgrade) {
            return locks;
        }
        let locks = Arc::new(AccountLocks(RwLock::new(table.scope(account))));
        table.accounts.insert(Arc::clone(account), Arc::downgrade(&locks));
        locks
    }

    /// A place in the order of `key` in `scope`, which need not have an account yet.
    pub(crate) fn queue_unbounded(&self, scope: &Arc<str>, key: &Arc<str>) -> Result<QueuedLock, Failure> {
        self.table().scope(scope).queue(key, None)
    }

    /// Makes new requests of `account` use the locks of `scope`, after those that use its present ones.
    pub(crate) fn assign(&self, account: &str, scope: &Arc<str>) {
        let mut table = self.table();
        if let Some(account) = table.accounts.get(account).and_then(Weak::upgrade) {
            account.move_to(&table.scope(scope));
        }
    }

    /// Makes new requests of `scope` wait for the present ones of `other`.
    pub(crate) fn follow(&self, scope: &Arc<str>, other: &str) {
        let mut table = self.table();
        let locks = table.scope(scope);
        if let Some(other) = table.scopes.get(other).and_then(Weak::upgrade)
            && !Arc::ptr_eq(&locks, &other)
        {
            locks.follow(&other);
        }
    }

    fn table(&self) -> MutexGuard<'_, ScopeTable> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.accounts.retain(|_, locks| locks.strong_count() > 0);
        table.scopes.retain(|_, locks| locks.strong_count() > 0);
        table
    }
}

impl ScopeTable {
    fn scope(&mut self, name: &Arc<str>) -> Arc<KeyedLocks> {
        if let Some(locks) = self.scopes.get(name).and_then(Weak::upgrade) {
            return locks;
        }
        let locks = Arc::<KeyedLocks>::default();
        self.scopes.insert(Arc::clone(name), Arc::downgrade(&locks));
        locks
    }
}

impl AccountLocks {
    /// Takes the lock of `key` or joins the end of its queue.
    ///
    /// # Errors
    /// `Overloaded` if the queue is full.
    pub(crate) fn queue(&self, key: &Arc<str>, limit: &Arc<QueueLimit>) -> Result<QueuedLock, Failure> {
        // Held until the request is in the queue, so that no change of scope comes in between.
        let locks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        locks.queue(key, Some(limit))
    }

    /// The same without a limit, for what a limit of its own bounds.
    pub(crate) fn queue_unbounded(&self, key: &Arc<str>) -> Result<QueuedLock, Failure> {
        let locks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        locks.queue(key, None)
    }

    /// A write of this account with these attempts begins.
    pub(crate) fn start_write(self: &Arc<Self>, delivery: &DeliveryState) -> PendingWrite {
        PendingWrite { account: Arc::clone(self), begun_in: self.current(), delivery: delivery.clone() }
    }

    /// A number that changes with the end of each write that may have reached the vendor, of any account of the scope.
    pub(crate) fn writes(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).writes()
    }

    pub(in crate::upstream) fn current(&self) -> Arc<KeyedLocks> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn move_to(&self, locks: &Arc<KeyedLocks>) {
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&own, locks) {
            locks.follow(&own);
            *own = Arc::clone(locks);
        }
    }
}
