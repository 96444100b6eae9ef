//! Pieces that the pages of records share.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use crate::admin::documents::records::{Record, said};
use crate::console::parts;
use crate::console::visit::link;
use crate::problem::{Code, Problem};

/// What a gateway without a store has to be given so that it has records.
const STORE: &str = "[store]\nkind = \"sqlite\"\npath = \"/var/lib/switchboard/switchboard.db\"";

/// What a document says; `None` if it takes a store and there is none.
pub(super) fn stored<T>(document: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match document {
        Ok(document) => Ok(Some(document)),
        Err(problem) if problem.code == Code::StoreRequired => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// What stands where there is no store.
pub(super) fn no_store() -> Markup {
    parts::empty(
        "This gateway has no store, so it keeps no records of changes",
        html! {
            "With these lines in its configuration and a restart, changes are recorded here, and may wait for a vendor that is down:"
            pre.json { code { (STORE) } }
        },
    )
}

/// A time in milliseconds since 1970.
pub(super) fn time(millis: i64) -> Markup {
    parts::time(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
}

/// The link to the page of a record.
pub(super) fn address(id: impl ToString) -> String {
    link("update", "id", &id.to_string())
}

/// The assistant of a record, as a link to that record.
pub(super) fn opened(record: &Record) -> Markup {
    html! { a href=(address(record.id)) data-id=(record.id) { (record.assistant) } }
}

/// The fields that a change sends.
pub(super) fn fields(record: &Record) -> Markup {
    html! { code { (record.fields.join(", ")) } }
}

/// A client, or that there was no key.
pub(super) fn client(record: &Record) -> Markup {
    match &record.client {
        Some(client) => html! { (client) },
        None => html! { span.quiet-text { "no key" } },
    }
}

/// Why the last attempt failed.
pub(super) fn reason(record: &Record) -> Markup {
    match said(record) {
        Some(said) => html! { code title=(said.detail) { (said.code) } },
        None => html! { span.quiet-text { "–" } },
    }
}
