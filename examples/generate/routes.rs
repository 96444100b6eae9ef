//! The tables of requests, from the tables that the listeners serve: the API's in the README, the admin listener's in
//! docs/operating.md.

use switchboard::admin::routes as admin;
use switchboard::api::{self, Endpoint, routes};

use super::{Failure, replace_between};

const BEGIN: &str = "<!-- requests: written by `just generate` from the table of routes -->\n";
const END: &str = "<!-- end of requests -->\n";

/// The README with the API's table renewed.
pub(crate) fn within_readme(readme: &str) -> Result<String, Failure> {
    let needs = |operation: &routes::Operation| match operation.permission {
        _ if !operation.listed => None,
        routes::Permission::Public => Some("nothing"),
        routes::Permission::Client => Some("a client"),
    };
    replace_between(readme, BEGIN, END, &table(routes::ENDPOINTS, needs))
}

/// The page on operating with the admin listener's table renewed.
pub(crate) fn within_operating(page: &str) -> Result<String, Failure> {
    let needs = |operation: &admin::Operation| match operation.permission {
        admin::Permission::Open => Some("nothing"),
        admin::Permission::Metrics => Some("`admin.metrics_token`, `admin.viewer_token` or `admin.token`"),
        admin::Permission::Viewer => Some("`admin.token` or `admin.viewer_token`"),
        admin::Permission::Administrator => Some("`admin.token`"),
    };
    replace_between(page, BEGIN, END, &table(admin::ENDPOINTS, needs))
}

fn table<O>(endpoints: &'static [Endpoint<O>], needs: impl Fn(&O) -> Option<&'static str>) -> String {
    let rows = api::by_path(endpoints).flat_map(|path| path.chunk_by(|one, next| one.summary == next.summary));
    let rows = rows.filter_map(|same| {
        let first = same.first()?;
        let methods: Vec<_> = same.iter().map(|endpoint| endpoint.method.as_str()).collect();
        let needs = needs(&first.operation)?;
        Some(format!("| `{} {}` | {} | {needs} |\n", methods.join(", "), first.path, first.summary))
    });
    format!("| request | does | needs |\n| --- | --- | --- |\n{}", rows.collect::<String>())
}
