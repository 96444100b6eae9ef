//! An assistant as reads show it: canonical fields, what is never returned, and what cannot be written back.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use vendors::json::push_string;
use vendors::{Field, ListedAssistant, ReadAssistant, read_assistant};

use crate::account::{Account, ListFailure, ListReader, Page, Walk, read_single};
use crate::http::entity_tag::EntityTag;

use super::dry_run::{redact, redact_undocumented};
use super::response::Echoed;

/// An assistant that the vendor has told.
pub(super) struct Found {
    source: Source,
    /// The tag of its state.
    pub(super) tag: EntityTag,
}

/// Where an assistant was found.
enum Source {
    /// On this page of the list, with this id.
    Page(Arc<Page>, Box<str>),
    /// By itself: its document.
    Document(Bytes),
}

impl Found {
    /// Asks an account for an assistant: for itself, or for the list until it is found there, which may be a copy unless it
    /// must be `fresh`. `None` if the vendor has none of that id; and how many requests it took.
    pub(super) async fn look_for(
        account: &Account,
        reader: &ListReader,
        id: &str,
        fresh: bool,
        deadline: Instant,
    ) -> (Result<Option<Self>, ListFailure>, u32) {
        if account.dialect.plan.is_some() {
            let (read, attempts) = read_single(reader, &account.plan, id, deadline).await;
            return (read.map(|read| read.and_then(|document| Self::of(document, account))), attempts);
        }
        let mut walk = match Walk::new(&account.assistants, reader, fresh, deadline) {
            Ok(walk) => walk,
            Err(failure) => return (Err(failure), 0),
        };
        let on = |page: &Arc<Page>, listed: &ListedAssistant<'_>| Self {
            source: Source::Page(Arc::clone(page), (&*listed.id).into()),
            tag: tag(listed, account),
        };
        let found = walk.find(id, on).await;
        (found, walk.attempts)
    }

    /// An assistant from its document.
    pub(super) fn of(document: Bytes, account: &Account) -> Option<Self> {
        let tag = tag(&ListedAssistant::document(account.dialect, &document).ok()?, account);
        Some(Self { source: Source::Document(document), tag })
    }

    /// The assistant; `None` if it is not where it was found.
    pub(super) fn read(&self, account: &Account) -> Option<ReadAssistant<'_>> {
        match &self.source {
            Source::Page(page, id) => {
                let page = page.read(account.dialect).ok()?;
                let listed = page.assistants.iter().find(|listed| *listed.id == **id)?;
                Some(read_assistant(account.dialect, &account.policies, listed))
            }
            Source::Document(document) => {
                let listed = ListedAssistant::document(account.dialect, document).ok()?;
                Some(read_assistant(account.dialect, &account.policies, &listed))
            }
        }
    }

    /// Calls a function with the assistant; `None` if the page does not hold it.
    pub(super) fn with<R>(&self, account: &Account, then: impl FnOnce(&ReadAssistant<'_>) -> R) -> Option<R> {
        self.read(account).map(|read| then(&read))
    }
}

/// The strong tag of everything that the vendor tells, but for what changes by itself.
pub(super) fn tag(listed: &ListedAssistant<'_>, account: &Account) -> EntityTag {
    let digest: [u8; 32] = Sha256::digest(listed.state(account.dialect)).into();
    let (fingerprint, _) = digest.split_at(16);
    EntityTag::strong(fingerprint.iter().fold(0, |tag, byte| tag << 8 | u128::from(*byte)))
}

/// Writes `"assistant":…` to `"updated_at":…`, without braces. Credentials in it are redacted.
pub(super) fn push_assistant(
    out: &mut Vec<u8>,
    read: &ReadAssistant<'_>,
    account: &Account,
    echoed: &Echoed<'_>,
    attempts: Option<u32>,
    includes_vendor: bool,
) {
    let mut text = Vec::with_capacity(4096);
    text.extend_from_slice(b"{\"fields\":{");
    push_members(&mut text, read.fields.iter().map(|(field, value)| (field.name(), &**value)));
    text.extend_from_slice(b"},\"unreadable\":[");
    push_list(&mut text, account.dialect.unreadable(), |text, field| push_string(text, field.name()));
    text.extend_from_slice(b"],\"unwritable\":[");
    push_list(&mut text, read.unwritable.iter(), |text, told| {
        text.extend_from_slice(b"{\"field\":");
        push_string(text, told.field.name());
        text.extend_from_slice(b",\"value\":");
        redact_undocumented(text, told.value.as_bytes());
        text.extend_from_slice(b",\"detail\":");
        push_string(text, &told.detail);
        text.push(b'}');
    });
    text.push(b']');
    if includes_vendor {
        text.extend_from_slice(b",\"vendor_fields\":");
        let mut undocumented = vec![b'{'];
        push_members(&mut undocumented, read.vendor_fields.iter().map(|(key, value)| (&**key, &**value)));
        undocumented.push(b'}');
        redact_undocumented(&mut text, &undocumented);
    }
    for (name, value) in [("status", read.status), ("created_at", read.created_at), ("updated_at", read.updated_at)] {
        text.push(b',');
        push_string(&mut text, name);
        text.push(b':');
        text.extend_from_slice(value.unwrap_or("null").as_bytes());
    }
    text.push(b'}');
    out.extend_from_slice(b"\"assistant\":");
    push_string(out, echoed.assistant);
    out.extend_from_slice(b",\"vendor\":");
    push_string(out, echoed.vendor);
    out.extend_from_slice(b",\"id\":");
    // A list may have ids as text.
    let id = read.id.trim_matches('"').trim();
    match account.dialect.is_id(id) {
        true => out.extend_from_slice(account.dialect.ids.json(id).as_bytes()),
        false => out.extend_from_slice(read.id.as_bytes()),
    }
    if let Some(attempts) = attempts {
        out.extend_from_slice(b",\"request_id\":");
        push_string(out, echoed.request_id);
        out.extend_from_slice(format!(",\"attempts\":{attempts}").as_bytes());
    }
    out.push(b',');
    push_redacted(out, &text, account);
}

/// Writes the members of an object whose credentials are redacted, without its braces.
fn push_redacted(out: &mut Vec<u8>, object: &[u8], account: &Account) {
    let mut redacted = Vec::with_capacity(object.len());
    redact(&mut redacted, object);
    let text = String::from_utf8_lossy(&redacted);
    let text: Cow<'_, str> = account.token.redact(&text);
    let members = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    out.extend_from_slice(members.unwrap_or_default().as_bytes());
}

fn push_members<'a>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'a str, &'a str)>) {
    push_list(out, members, |out, (name, value)| {
        push_string(out, name);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    });
}

/// Writes elements with commas between them.
pub(super) fn push_list<T>(out: &mut Vec<u8>, elements: impl Iterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, element);
    }
}

/// Writes the names of fields as an array.
pub(super) fn push_names(out: &mut Vec<u8>, fields: impl Iterator<Item = Field>) {
    out.push(b'[');
    push_list(out, fields, |out, field| push_string(out, field.name()));
    out.push(b']');
}
