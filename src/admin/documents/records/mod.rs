//! The records of all clients: what waits, what is dead, everything, and one record whole.

mod lists;
mod update;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{Context, ListDocument, RecordDocument, RecordList, Records, required};
use crate::problem::Problem;
pub(crate) use crate::store::Record;
use crate::store::{Figures, Page, State, UpdateId};

#[cfg(feature = "console")]
pub(crate) use lists::{Counts, DEAD_FILTERS, Queue, VendorDepth};
pub(crate) use lists::{MOST_COUNTED, dead, history, queue};
pub(crate) use update::update;
#[cfg(feature = "console")]
pub(crate) use {
    crate::api::{CallbackState, said},
    update::Whole,
};

/// A part of a list of records, newest first.
pub(crate) struct Part {
    list: RecordList,
    page: Page,
    records: Arc<Records>,
}

impl Part {
    async fn read(
        context: &Context,
        (name, filters): (&str, &[&str]),
        query: Option<&str>,
        states: &[State],
    ) -> Result<Self, Problem> {
        let records = Arc::clone(required(context.records.as_ref())?);
        let list = RecordList::of_all(&context.gateway, name, query, filters, states)?;
        let page = list.page(&records).await?;
        list.check_all(context, &records, &page).await?;
        Ok(Self { list, page, records })
    }

    /// Its records.
    pub(crate) fn rows(&self) -> &[Record] {
        &self.page.records
    }

    /// Where the list goes on.
    #[cfg(feature = "console")]
    pub(crate) fn next(&self) -> Option<String> {
        self.list.next(&self.page)
    }

    /// The place of a record in its line.
    #[cfg(feature = "console")]
    pub(crate) fn position(&self, record: &Record) -> Option<u64> {
        self.records.position(record)
    }

    fn document<'p, D>(&'p self, of: impl Fn(RecordDocument<'p>, usize) -> D) -> ListDocument<D> {
        self.list.document(&self.records, &self.page, of)
    }
}

/// The state of the store, without paths.
pub(in crate::admin) fn store(records: &Records) -> Value {
    let Figures { kind, waiting, commits, failures, failing, bytes, .. } = records.store.figures();
    json!({
        "kind": kind,
        "failing": failing,
        "statements_waiting": waiting,
        "commits": commits,
        "commits_failed": failures,
        "bytes": bytes,
        "changes_waiting": records.waiting(),
        "session": records.replica_view().map(|view| json!({ "fresh": view.fresh, "replicas": view.replicas.len() })),
    })
}

/// A record in few words, where another one names it.
#[derive(Serialize)]
struct Brief {
    update: UpdateId,
    state: &'static str,
}

impl Brief {
    fn of(record: &Record) -> Self {
        Self { update: record.id, state: record.state.as_str() }
    }
}
