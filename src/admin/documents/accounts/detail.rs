//! `GET /admin/vendor?name=`: everything that is known of one vendor account.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use vendors::json::excerpt;
use vendors::{Field, FieldPolicy, did_you_mean, nearest};

use crate::account::Account;
use crate::admin::Operator;
use crate::api::{query_names, query_text};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::telemetry::metrics::ChartSeries;
use crate::upstream::BreakerChange;

use crate::admin::documents::attention::{Attention, vendor_attention};

use super::catalogs::{CatalogState, Found, find, states};
use super::state::{Vendor, vendor};

/// A vendor account.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    pub(crate) name: String,
    /// The vendor's name.
    pub(crate) title: &'static str,
    /// The vendor's documentation.
    pub(crate) documentation: &'static str,
    /// Whether no live account has confirmed its dialect yet.
    pub(crate) experimental: bool,
    /// As the status has it.
    #[serde(flatten)]
    pub(crate) state: Vendor,
    /// What needs attention there, as in the status.
    pub(crate) attention: Vec<Attention>,
    /// The last quarter of an hour.
    pub(crate) lines: Option<ChartSeries>,
    /// The last changes of the breaker's state, the newest first.
    pub(crate) breaker_changes: Vec<BreakerChange>,
    /// What happens to fields that the vendor does not document.
    pub(crate) handling: &'static str,
    /// The fields for which the configuration decides otherwise.
    pub(crate) field_policies: BTreeMap<&'static str, &'static str>,
    /// The age from which on a catalog is read again when it is used.
    pub(crate) catalog_ttl_seconds: u64,
    /// The catalogs that the vendor documents.
    pub(crate) known_catalogs: Vec<CatalogState>,
    /// The entries of the catalog `kind`, or of all, with `q` in their id or name; empty without both.
    pub(crate) found: Vec<Found>,
    /// Its settings in force, secrets redacted.
    pub(crate) settings: Value,
}

/// One vendor account.
///
/// # Errors
/// The query names no account, none that there is, or a catalog that the vendor does not document.
pub(crate) fn detail(operator: &Operator, query: Option<&str>) -> Result<Detail, Problem> {
    query_names(query, &["name", "kind", "q"])?;
    let gateway = operator.gateway();
    let name = query_text(query, "name")?.filter(|name| !name.is_empty());
    let account = account_named(gateway, &name.ok_or_else(|| unnamed(gateway))?)?;
    let (kind, part) = (query_text(query, "kind")?, query_text(query, "q")?);
    let policy = |field: Field| Some((field.name(), policy_word(account.policies.get(field)?)));
    let settings = gateway.redacted_settings.pointer("/vendors").and_then(|vendors| vendors.get(&*account.name));
    Ok(Detail {
        name: account.name.to_string(),
        title: account.dialect.title,
        documentation: account.dialect.documentation,
        experimental: account.dialect.experimental,
        state: vendor(gateway, account),
        lines: gateway.meters.get(&account.name).map(|meters| meters.recent.lines()),
        breaker_changes: account.stack.breaker_changes(),
        handling: account.handling().as_str(),
        field_policies: Field::ALL.into_iter().filter_map(policy).collect(),
        catalog_ttl_seconds: account.live.ttl().as_secs(),
        known_catalogs: states(account),
        found: find(account, kind.as_deref(), part.as_deref())?,
        attention: vendor_attention(gateway, account),
        settings: settings.cloned().unwrap_or_default(),
    })
}

/// The account of that name.
///
/// # Errors
/// There is none.
pub(super) fn account_named<'g>(gateway: &'g Gateway, name: &str) -> Result<&'g Account, Problem> {
    gateway.routes.accounts.get(name).map(|account| &**account).ok_or_else(|| {
        let nearest = nearest(name, gateway.routes.accounts.keys().map(|known| &**known));
        let rest = did_you_mean(nearest, "`GET /admin/vendors` has those that there are");
        Problem::new(Code::NotFound, format!("there is no vendor account `{}`; {rest}", excerpt(name, 64)))
    })
}

fn unnamed(gateway: &Gateway) -> Problem {
    let names: Vec<_> =
        gateway.routes.by_name().iter().take(5).map(|account| format!("`name={}`", account.name)).collect();
    let detail = format!("the query parameter `name` must say which vendor account, such as {}", names.join(" or "));
    Problem::new(Code::InvalidRequest, detail)
}

const fn policy_word(policy: FieldPolicy) -> &'static str {
    match policy {
        FieldPolicy::Drop => "drop",
        FieldPolicy::Refuse => "refuse",
        FieldPolicy::Send => "send",
    }
}
