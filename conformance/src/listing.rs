//! Finds assistants in the vendor's paged list.

use vendors::Operation;
use vendors::json::{Kind, Limits, Value, read_value};

use crate::vendor_client::{Stop, VendorClient};

/// Assistants per page; the next smaller size is tried where a page is too long to be read.
const PER_PAGE: [usize; 3] = [50, 10, 1];

/// How many pages are read at most.
const MAX_PAGES: usize = 1000;

/// One entry of the list, as validated JSON text.
pub(crate) struct Listed(String);

impl Listed {
    /// Its members, in order.
    pub(crate) fn members(&self) -> Vec<(String, Value<'_>)> {
        let members = self.value().map(|value| value.members().map(|(key, value)| (key.into_owned(), value)).collect());
        members.unwrap_or_default()
    }

    /// One member.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'_>> {
        self.value()?.get(key)
    }

    /// The whole entry.
    pub(crate) fn value(&self) -> Option<Value<'_>> {
        read_value(self.0.as_bytes(), Limits::VENDOR).ok()
    }
}

/// Searches for the assistant page by page.
pub(crate) async fn find(
    vendor: &mut VendorClient<'_>,
    paths: impl Fn(usize, usize) -> String,
    id: &str,
) -> Result<Listed, Stop> {
    let is_it = |entry: &Value<'_>| entry.get("id").is_some_and(|value| value.text().trim_matches('"') == id);
    let found = search(vendor, paths, is_it, true).await?;
    found.into_iter().next().ok_or_else(|| Stop::NoAssistant(id.to_owned()))
}

/// Searches all pages for the assistants that satisfy a condition.
pub(crate) async fn all(
    vendor: &mut VendorClient<'_>,
    paths: impl Fn(usize, usize) -> String,
    is_it: impl Fn(&Value<'_>) -> bool,
) -> Result<Vec<Listed>, Stop> {
    search(vendor, paths, is_it, false).await
}

async fn search(
    vendor: &mut VendorClient<'_>,
    paths: impl Fn(usize, usize) -> String,
    is_it: impl Fn(&Value<'_>) -> bool,
    first_only: bool,
) -> Result<Vec<Listed>, Stop> {
    for per_page in PER_PAGE {
        if let Some(found) = search_pages(vendor, |page| paths(page, per_page), &is_it, first_only).await? {
            return Ok(found);
        }
    }
    Err(Stop::NoList("one assistant alone is more than is read".to_owned()))
}

/// `None` if a page was too long.
async fn search_pages(
    vendor: &mut VendorClient<'_>,
    path: impl Fn(usize) -> String,
    is_it: impl Fn(&Value<'_>) -> bool,
    first_only: bool,
) -> Result<Option<Vec<Listed>>, Stop> {
    let mut found = Vec::new();
    for page in 1..=MAX_PAGES {
        let Some(reply) = vendor.get(Operation::List, &path(page)).await? else { return Ok(None) };
        if !reply.is_success() {
            return Err(Stop::NoList(format!("the vendor answers {}", reply.status)));
        }
        let list = read_value(&reply.body, Limits::VENDOR).map_err(|error| Stop::NoList(error.to_string()))?;
        let entries = if list.kind() == Kind::Object { list.get("data") } else { Some(list) };
        let entries = entries.filter(|entries| entries.kind() == Kind::Array);
        let entries = entries.ok_or_else(|| Stop::NoList("it has no array `data`".to_owned()))?;
        found.extend(entries.elements().filter(|entry| is_it(entry)).map(|entry| Listed(entry.text().to_owned())));
        let last = list.get("last_page").and_then(Value::as_integer).and_then(|last| last.parse().ok()).unwrap_or(1);
        if page >= last || entries.elements().next().is_none() || (first_only && !found.is_empty()) {
            break;
        }
    }
    Ok(Some(found))
}
