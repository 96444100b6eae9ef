//! Operations that read assistants and catalogs.

use serde_json::{Map, Value, json};

use crate::{clock::time_stamp, http::VendorResponse, validation::ValidationErrors};

use super::{
    Answer, Backend,
    account::{Account, State},
    list_item::list_item,
    operation::{Catalog, Operation},
    pagination::{Paging, page},
    routes::Row,
};

/// The documented list of assistants: its members, and where its URLs lead.
#[derive(Debug)]
pub(super) struct Listing {
    /// The documented assistant.
    sample: Map<String, Value>,
    /// The members of an assistant, in the documented order.
    members: Vec<String>,
    /// The members of a page, in the documented order.
    paginator: Vec<String>,
    /// The list's URL, with the defects that the documentation shows.
    url: String,
    /// Whether time stamps have microseconds.
    microseconds: bool,
}

impl Listing {
    /// Reads `assistants.json`; `unsampled` are members that its assistant does not show.
    pub(super) fn new(assistants: &Value, base_url: Option<&str>, origin: &str, unsampled: &[String]) -> Self {
        let body = &assistants["body"];
        let sample = body["data"][0].as_object().cloned().unwrap_or_default();
        let keys = |object: Option<&Map<String, Value>>| object.into_iter().flat_map(Map::keys).cloned().collect();
        let mut members: Vec<String> = keys(Some(&sample));
        members.extend_from_slice(unsampled);
        let microseconds = sample.get("created_at").and_then(Value::as_str).is_some_and(|time| time.contains('.'));
        let url = url(body["path"].as_str(), base_url, origin);
        Self { sample, members, paginator: keys(body.as_object()), url, microseconds }
    }

    /// The vendor's time after so many writes.
    pub(super) fn time(&self, writes: u64) -> String {
        time_stamp(writes, self.microseconds)
    }
}

/// The documented URL at this simulator. Its path is kept with its defects; a misspelt host becomes one that cannot exist.
fn url(documented: Option<&str>, base_url: Option<&str>, origin: &str) -> String {
    let parts = |url| {
        let (_, rest) = str::split_once(url, "://")?;
        rest.find('/').map(|at| rest.split_at(at))
    };
    let own_host = base_url.and_then(parts).map(|(host, _)| host);
    match documented.and_then(parts) {
        Some((host, path)) if own_host == Some(host) => format!("{origin}{path}"),
        Some((host, path)) => format!("https://{host}.invalid{path}"),
        None => format!("{origin}/api/user/assistants/get"),
    }
}

impl Backend {
    /// One page of the assistants.
    pub(super) fn list(&self, row: &Row, query: Option<&str>) -> Answer {
        let account = self.account();
        let paging =
            Paging { query, per_page: row.per_page, path: &self.listing.url, members: &self.listing.paginator };
        let body = page(&account.ids(), |id| self.listed(&account, *id), paging)?;
        Ok(VendorResponse::json(row.status, &body))
    }

    /// Assistants as a bare array: the outbound ones, or all.
    pub(super) fn list_at_once(&self, row: &Row) -> VendorResponse {
        let account = self.account();
        let outbound = |item: &Value| row.operation != Operation::ListOutbound || item["type"] == "outbound";
        let ids = account.ids().into_iter();
        let items: Vec<_> = ids.map(|id| self.listed(&account, id)).filter(outbound).collect();
        let few = |item: &Value| row.members.iter().map(|name| (name.clone(), item[name].clone())).collect();
        let shown =
            if row.members.is_empty() { items } else { items.iter().map(|item| Value::Object(few(item))).collect() };
        VendorResponse::json(row.status, &Value::Array(shown))
    }

    /// An assistant as lists show it. Members that no request sets have the values of the documented example.
    fn listed(&self, account: &Account, id: u64) -> Value {
        let Listing { sample, members, .. } = &self.listing;
        let state = account.assistant(id).unwrap_or_default();
        let (created, updated) = account.times(id);
        let language = self.language(sample, &state);
        let mut shown = list_item(self.names, &self.catalogs, state);
        let mut item = Map::new();
        for member in members {
            let of_sample = || sample.get(member).cloned().unwrap_or_default();
            let value = match (member.as_str(), created, updated) {
                ("created_at", Some(time), _) | ("updated_at", _, Some(time)) => json!(self.listing.time(time)),
                ("uuid", ..) => uuid(&of_sample(), id),
                ("language", ..) => language.clone(),
                _ => shown.swap_remove(member).unwrap_or_else(of_sample),
            };
            item.insert(member.clone(), value);
        }
        let mut item = Value::Object(item);
        self.drift.shown(&mut item);
        item
    }

    /// The member `language`: the language's code where the documented example shows one, else `null`.
    fn language(&self, sample: &Map<String, Value>, state: &State) -> Value {
        let shown = sample.get("language").is_some_and(Value::is_string);
        let id = state.get("language_id").filter(|_| shown);
        id.map(|id| self.catalogs.member("languages", id, "iso_2")).unwrap_or_default()
    }

    /// A catalog of the account.
    pub(super) fn catalog(&self, row: &Row, catalog: Catalog, query: Option<&str>) -> Answer {
        let entries = match catalog {
            Catalog::Languages => self.drift.catalog("languages", self.catalogs.entries("languages").into()),
            Catalog::Models => {
                let (name, models) = self.catalogs.models(row, query)?;
                self.drift.catalog(name, models.into())
            }
            Catalog::Voices => self.drift.catalog("voices", self.catalogs.voices(row, query)),
            Catalog::AssistantNumbers => self.assistant_numbers(query)?,
            Catalog::SynthesizerProviders => self.resource_samples("synthesizer_providers"),
            Catalog::TranscriberProviders => self.resource_samples("transcriber_providers"),
        };
        Ok(VendorResponse::json(row.status, &entries))
    }

    fn resource_samples(&self, name: &str) -> Value {
        self.samples.get(name).and_then(|resource| resource.get("items")).cloned().unwrap_or_else(|| json!([]))
    }

    /// The numbers. Those of another inbound assistant and caller ids are not for inbound assistants.
    fn assistant_numbers(&self, query: Option<&str>) -> Result<Value, ValidationErrors> {
        let inbound = match crate::http::query::decoded(query, "type").as_deref() {
            None | Some("outbound") => false,
            Some("inbound") => true,
            Some(_) => {
                let mut errors = ValidationErrors::default();
                errors.add("type", "The selected type is invalid.");
                return Err(errors);
            }
        };
        let account = self.account();
        let type_member = self.names.name_of("type");
        let inbound_type = self.names.type_value(true);
        let mut numbers = self.resource_samples("assistant_numbers");
        let Some(list) = numbers.as_array_mut() else { return Ok(numbers) };
        for number in list.iter_mut() {
            let used = account.count(|state| {
                state.get("phone_number_id") == number.get("id")
                    && state.get(type_member).and_then(Value::as_str) == Some(inbound_type)
            });
            number["is_available"] = json!(used == 0);
        }
        list.retain(|number| !inbound || (number["is_available"] == true && number["type_label"] != "Caller ID"));
        Ok(numbers)
    }

    /// The account that the token belongs to.
    pub(super) fn me(row: &Row) -> VendorResponse {
        let body = json!({ "name": "Sample Account", "email": "account@example.com", "total_balance": 100 });
        VendorResponse::json(row.status, &body)
    }
}

/// An id of its own for each assistant, in the form of the documented one.
fn uuid(sample: &Value, id: u64) -> Value {
    let text = sample.as_str().unwrap_or_default();
    let head = text.rsplit_once('-').map_or(text, |(head, _)| head);
    json!(format!("{head}-{id:012x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_the_documented_defects_and_lead_to_no_other_host() {
        let base = Some("https://app.example.ai/api");
        assert_eq!(url(Some("https://app.example.ai//api/x"), base, "http://o"), "http://o//api/x");
        assert_eq!(url(Some("https://app.exmple.ai/api/x"), base, "http://o"), "https://app.exmple.ai.invalid/api/x");
        assert_eq!(url(None, base, "http://o"), "http://o/api/user/assistants/get");
    }

    #[test]
    fn an_assistant_has_a_uuid_of_its_own() {
        let sample = json!("a7b3c942-5f1e-4d28-8c59-2e4f7a8b9c3d");
        assert_eq!(uuid(&sample, 789), json!("a7b3c942-5f1e-4d28-8c59-000000000315"));
    }
}
