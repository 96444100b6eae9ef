//! Rows of the journal for which no caller waits, and the memory that they take until they are committed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{FieldName, Record};

/// Rows that were noted may take this many bytes of memory before callers wait.
const MOST_NOTED: usize = 16 << 20;

/// A row of the journal, kept until it is committed.
pub(in crate::store) struct Note {
    pub(in crate::store) record: Record,
    pub(in crate::store) body: Option<Bytes>,
}

impl Note {
    /// About how much memory it takes.
    pub(in crate::store) fn bytes(&self) -> usize {
        let record = &self.record;
        let texts = [&record.request_id, &record.assistant, &record.vendor];
        let options = [&record.vendor_id, &record.scope, &record.client];
        let answer = record.answer.as_ref().map_or(0, |answer| {
            let headers: usize = answer.headers.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
            headers + answer.body.as_ref().map_or(0, Bytes::len)
        });
        size_of::<Self>()
            + texts.into_iter().map(String::len).sum::<usize>()
            + options.into_iter().flatten().map(String::len).sum::<usize>()
            + record.fields.iter().map(|field| field.len() + size_of::<FieldName>()).sum::<usize>()
            + record.sent_with.len() * 16
            + answer
            + record.problem.as_ref().map_or(0, Bytes::len)
            + self.body.as_ref().map_or(0, Bytes::len)
    }
}

/// The memory of rows that were noted and are not committed.
#[derive(Debug, Default)]
pub(in crate::store) struct Noted {
    rows: AtomicUsize,
    bytes: AtomicUsize,
    less: Notify,
}

impl Noted {
    pub(in crate::store) fn add(&self, bytes: usize) {
        self.rows.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(in crate::store) fn remove(&self, bytes: usize) {
        self.rows.fetch_sub(1, Ordering::AcqRel);
        let before = self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        if before > MOST_NOTED && before - bytes <= MOST_NOTED {
            self.less.notify_waiters();
        }
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.rows.load(Ordering::Acquire) == 0
    }

    pub(in crate::store) fn fits(&self) -> bool {
        self.bytes.load(Ordering::Acquire) <= MOST_NOTED
    }

    /// Lets everyone go who waits.
    pub(in crate::store) fn release(&self) {
        self.less.notify_waiters();
    }

    /// Waits until what is noted fits into its memory, or the store is closed.
    pub(super) async fn until_it_fits(&self, closed: &AtomicBool) {
        loop {
            let less = self.less.notified();
            if self.fits() || closed.load(Ordering::Acquire) {
                return;
            }
            less.await;
        }
    }
}
