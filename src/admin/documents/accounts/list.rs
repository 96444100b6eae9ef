//! `GET /admin/vendors`: all vendor accounts, with the last quarter of an hour of each.

use serde::Serialize;

use crate::admin::Operator;
use crate::api::query_names;
use crate::problem::Problem;
use crate::telemetry::metrics::ChartSeries;

use super::state::{Vendor, vendor};

/// All vendor accounts, by name.
#[derive(Debug, Serialize)]
pub(crate) struct Vendors {
    pub(crate) vendors: Vec<Row>,
}

/// A vendor account.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// As the status has it.
    #[serde(flatten)]
    pub(crate) state: Vendor,
    /// The last quarter of an hour.
    pub(crate) lines: Option<ChartSeries>,
}

/// All vendor accounts.
///
/// # Errors
/// The query has a parameter.
pub(crate) fn vendors(operator: &Operator, query: Option<&str>) -> Result<Vendors, Problem> {
    query_names(query, &[])?;
    let gateway = operator.gateway();
    let accounts = gateway.routes.by_name().into_iter();
    let rows = accounts.map(|account| Row {
        name: account.name.to_string(),
        state: vendor(gateway, account),
        lines: gateway.meters.get(&account.name).map(|meters| meters.recent.lines()),
    });
    Ok(Vendors { vendors: rows.collect() })
}
