//! The operations on resources, answered in the envelopes that the contract states.

use serde_json::{Map, Value, json};

use crate::http::VendorResponse;

use super::{
    super::{
        Answer, Backend, Body,
        account::Account,
        operation::{Kind, Verb},
        pagination::{Paging, page},
        routes::{Envelope, Ids, Row},
        writes::not_found,
    },
    Items,
};

impl Backend {
    /// Works on a resource.
    pub(in super::super) fn resource(
        &self,
        row: &Row,
        (kind, verb): (Kind, Verb),
        ids: Ids,
        query: Option<&str>,
        body: Body,
    ) -> Answer {
        let mut account = self.account();
        if verb == Verb::List || verb == Verb::Get {
            return self.read_resource(&account, row, (kind, verb), ids, query);
        }
        let [id, _] = ids;
        let found = id.filter(|id| account.items.get(kind, *id).is_some());
        if verb != Verb::Create && found.is_none() {
            return Ok(not_found(row));
        }
        let mut errors = body.checked.errors;
        self.prohibit(&body.checked.unknown_keys, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let now = self.listing.time(account.tick());
        let changed = match (verb, found) {
            (Verb::Delete, Some(id)) => {
                remove(&mut account, &self.resources, kind, id);
                return Ok(VendorResponse::message(row.status, &row.message));
            }
            (Verb::Update, Some(id)) => self.resources.update(&mut account.items, (kind, id), &body.fields, &now)?,
            _ => Some(self.resources.create(&mut account.items, kind, &body.fields, &now)?),
        };
        let Some(item) = changed else { return Ok(not_found(row)) };
        let shown = few(counted(&account, kind, item), &row.members);
        Ok(VendorResponse::json(row.status, &json!({ "message": row.message, "data": shown })))
    }

    fn read_resource(
        &self,
        account: &Account,
        row: &Row,
        (kind, verb): (Kind, Verb),
        [first, second]: Ids,
        query: Option<&str>,
    ) -> Answer {
        let owner = self.resources.owner(kind);
        // The items of a kind with an owner have the owner's id first in their path.
        let id = match owner {
            Some(_) if first.is_none_or(|id| account.items.get(Kind::Knowledgebases, id).is_none()) => {
                return Ok(not_found(row));
            }
            Some(_) => second.filter(|_| first == owner),
            None => first,
        };
        let show = |item: &Map<String, Value>| Value::Object(counted(account, kind, item.clone()));
        if verb == Verb::Get {
            let item = id.and_then(|id| account.items.get(kind, id));
            return Ok(item.map_or_else(|| not_found(row), |item| wrapped(row, show(item))));
        }
        let items = if owner.is_some() && first != owner { Vec::new() } else { account.items.all(kind) };
        if row.envelope == Envelope::ShortPaginator {
            let members = ["data", "current_page", "per_page", "total"].map(str::to_owned);
            let paging = Paging { query, per_page: row.per_page, path: "", members: &members };
            return Ok(VendorResponse::json(row.status, &page(&items, show, paging)?));
        }
        Ok(wrapped(row, items.iter().map(show).collect()))
    }
}

fn wrapped(row: &Row, value: Value) -> VendorResponse {
    let body = if row.envelope == Envelope::Data { json!({ "data": value }) } else { value };
    VendorResponse::json(row.status, &body)
}

/// The members that an answer has; all if the contract names none.
fn few(item: Map<String, Value>, members: &[String]) -> Map<String, Value> {
    item.into_iter().filter(|(name, _)| members.is_empty() || members.contains(name)).collect()
}

/// The item with the number of assistants that use it, if it has that member.
fn counted(account: &Account, kind: Kind, mut item: Map<String, Value>) -> Map<String, Value> {
    let id = item.get("id").cloned().unwrap_or_default();
    if let Some(count) = item.get_mut("assistants_count") {
        let uses = |state: &Map<String, Value>| match kind {
            Kind::Labels => {
                let labels = state.get("label_ids").and_then(Value::as_array);
                labels.is_some_and(|labels| labels.contains(&id))
            }
            Kind::Folders => state.get("folder_id") == Some(&id),
            _ => state.get("knowledgebase_id") == Some(&id),
        };
        *count = json!(account.count(uses));
    }
    item
}

/// Removes an item, and what assistants have of it.
fn remove(account: &mut Account, resources: &super::Resources, kind: Kind, id: u64) {
    let items: &mut Items = &mut account.items;
    items.delete(kind, id);
    if kind == Kind::Knowledgebases && resources.owner(Kind::Documents) == Some(id) {
        items.clear(Kind::Documents);
    }
    let (member, list) = match kind {
        Kind::Tools => ("tool_ids", true),
        Kind::Labels => ("label_ids", true),
        Kind::Folders => ("folder_id", false),
        Kind::Knowledgebases => ("knowledgebase_id", false),
        Kind::Documents | Kind::PhoneNumbers => return,
    };
    account.for_each(|state| match state.get_mut(member) {
        Some(Value::Array(ids)) if list => ids.retain(|of| *of != json!(id)),
        Some(of) if *of == json!(id) => *of = Value::Null,
        _ => {}
    });
}
