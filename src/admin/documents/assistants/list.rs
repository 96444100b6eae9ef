//! `GET /admin/assistants`: the assistants of an account as `GET /v1/assistants` lists them, or the configured ones of all
//! accounts, for which no vendor is called.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use vendors::canonical::Shape;
use vendors::json::excerpt;
use vendors::{Field, did_you_mean, nearest};

use crate::admin::Operator;
use crate::api::query_names;
use crate::api::request::query::{self, must};
use crate::problem::{Code, Problem};

use super::as_read::AsRead;
use super::names::Names;
use super::told::Told;

/// The path of the API's list.
const PATH: &str = "/v1/assistants";

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Assistants {
    /// The accounts.
    pub(crate) accounts: Vec<Account>,
    /// The account that was asked.
    pub(crate) vendor: Option<String>,
    /// What it lists, each as the API has it; `None` if none was asked, or it gave no list.
    pub(crate) data: Option<Vec<Entry>>,
    /// All names of those that are listed and have any, by `vendor:id`.
    pub(crate) names: BTreeMap<String, Vec<String>>,
    /// The names of the account whose ids it does not list; `None` if that is not known from this part of the list.
    pub(crate) not_listed: Option<Vec<String>>,
    /// Why there is no list.
    pub(crate) problem: Option<Told>,
    /// What the configuration names, in place of a list.
    pub(crate) configured: Option<Names>,
    /// Where the list goes on.
    pub(crate) next_cursor: Option<String>,
}

/// A vendor account.
#[derive(Debug, Serialize)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) vendor: String,
    /// Its dialect.
    pub(crate) dialect: &'static str,
    /// Whether its vendor has a list.
    pub(crate) lists: bool,
    /// How many assistants the configuration names there.
    pub(crate) configured: usize,
}

/// An assistant of a list: an element of the API's.
pub(crate) type Entry = AsRead<Read>;

/// What is shown of an assistant of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    /// Its name in the configuration, or `vendor:id`.
    pub(crate) assistant: String,
    /// The vendor's id.
    id: Box<RawValue>,
    /// What the vendor says of its state.
    pub(crate) status: Option<serde_json::Value>,
    /// When it was changed, as the vendor says it.
    pub(crate) updated_at: Option<serde_json::Value>,
    fields: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    name: Option<serde_json::Value>,
    r#type: Option<serde_json::Value>,
}

/// An answer of the API's list.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

impl Read {
    /// The vendor's id as text.
    pub(crate) fn id(&self) -> &str {
        self.id.get().trim_matches('"')
    }

    /// Its name at the vendor.
    pub(crate) fn name(&self) -> Option<Cow<'_, str>> {
        self.fields.name.as_ref().map(shown)
    }

    /// Its type.
    pub(crate) fn r#type(&self) -> Option<Cow<'_, str>> {
        self.fields.r#type.as_ref().map(shown)
    }
}

/// The text of a string, or the JSON of anything else.
pub(crate) fn shown(value: &serde_json::Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Cow::Borrowed)
}

/// The types of assistants.
pub(crate) fn types() -> &'static [&'static str] {
    if let Shape::Choice(types) = Field::Type.spec().shape { types } else { &[] }
}

/// Makes the document. With `vendor`, the other parameters are those of the API's list. Without it, `name` is a part of a
/// configured name or of its `vendor:id`.
///
/// # Errors
/// A parameter is unknown or invalid, or there is no such account. Why an account gives no list is a part of the document.
pub(crate) async fn assistants(operator: &Operator, query: Option<&str>) -> Result<Assistants, Problem> {
    query_names(query, &["vendor", "name", "status", "type", "limit", "cursor"])?;
    let accounts = accounts(operator);
    let document = Assistants {
        accounts,
        vendor: None,
        data: None,
        names: BTreeMap::new(),
        not_listed: None,
        problem: None,
        configured: None,
        next_cursor: None,
    };
    let Some(vendor) = query::text(query, "vendor")? else {
        let is_there = |name: &&str| !matches!(query::text(query, name), Ok(None));
        if let Some(other) = ["status", "type"].into_iter().find(is_there) {
            return Err(must(
                other,
                "stand with `vendor`: without one no vendor is asked, and no configuration knows it",
            ));
        }
        let names = Names::read(operator, query, None, query::text(query, "name")?.as_deref())?;
        return Ok(Assistants { next_cursor: names.next_cursor.clone(), configured: Some(names), ..document });
    };
    if !operator.gateway().routes.accounts.contains_key(&*vendor) {
        return Err(unknown_vendor(&document.accounts, &vendor));
    }
    let document = Assistants { vendor: Some(vendor.clone().into_owned()), ..document };
    let told = operator.api().read_assistants(&operator.context, None, query.unwrap_or_default()).await;
    match told {
        Ok(response) => listed(operator, query, document, &body(response.into_body()).await),
        // What the caller has to change stays an error of this document; the rest is reported in it.
        Err(problem) if problem.code == Code::InvalidRequest => Err(problem),
        Err(problem) => {
            let names = Names::read(operator, Some("limit=1000"), Some(&vendor), None)?;
            let problem = Some(Told::new(problem, PATH, &operator.context));
            Ok(Assistants { problem, configured: Some(names), ..document })
        }
    }
}

/// The bytes of a body that is there already.
pub(super) async fn body(body: Full<Bytes>) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

/// The document with what the API has listed.
fn listed(
    operator: &Operator,
    query: Option<&str>,
    document: Assistants,
    answer: &[u8],
) -> Result<Assistants, Problem> {
    let unread = |error| Problem::internal("the list of assistants cannot be read", error);
    let Answer { data, next_cursor } = serde_json::from_slice(answer).map_err(unread)?;
    let data = data.into_iter().map(Entry::of).collect::<Result<Vec<_>, _>>().map_err(unread)?;
    let vendor = document.vendor.as_deref().unwrap_or_default();
    let mut configured = BTreeMap::<&str, Vec<String>>::new();
    for (name, named) in &operator.gateway().routes.assistants {
        if *named.account.name == *vendor {
            configured.entry(&named.id).or_default().push(name.to_string());
        }
    }
    configured.values_mut().for_each(|names| names.sort_unstable());
    let mut names = BTreeMap::new();
    for entry in &data {
        if let Some(found) = configured.remove(entry.read.id()) {
            names.insert(format!("{vendor}:{}", entry.read.id()), found);
        }
    }
    // Only a whole list shows what is missing.
    let is_whole = next_cursor.is_none()
        && ["name", "status", "type", "cursor"].into_iter().all(|name| matches!(query::text(query, name), Ok(None)));
    let not_listed = is_whole.then(|| configured.into_values().flatten().collect());
    Ok(Assistants { data: Some(data), names, not_listed, next_cursor, ..document })
}

fn accounts(operator: &Operator) -> Vec<Account> {
    let routes = &operator.gateway().routes;
    let mut configured = BTreeMap::<&str, usize>::new();
    for named in routes.assistants.values() {
        *configured.entry(&named.account.name).or_default() += 1;
    }
    let accounts = routes.by_name().into_iter().map(|account| Account {
        vendor: account.name.to_string(),
        dialect: account.dialect.name,
        lists: account.dialect.operations.list.is_some(),
        configured: configured.get(&*account.name).copied().unwrap_or_default(),
    });
    accounts.collect()
}

fn unknown_vendor(accounts: &[Account], vendor: &str) -> Problem {
    let names = || accounts.iter().map(|account| &*account.vendor);
    let all = format!("there are `{}`", names().collect::<Vec<_>>().join("`, `"));
    let rest = did_you_mean(nearest(vendor, names()), all);
    Problem::new(Code::InvalidRequest, format!("no vendor is named `{}`; {rest}", excerpt(vendor, 64)))
}
