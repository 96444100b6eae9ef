//! The tables of requests in the README, from the tables that the listeners serve.

use switchboard::admin::routes as admin;
use switchboard::api::{self, Endpoint, routes};

use super::Failure;

const BEGIN: &str = "<!-- requests: written by `just generate` from the tables of routes -->\n";
const END: &str = "<!-- end of requests -->\n";

/// The README with its tables renewed.
pub(crate) fn within(readme: &str) -> Result<String, Failure> {
    let lacking = || "README.md has no place for the requests";
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(lacking)?;
    let (_, after) = rest.split_once(END).ok_or_else(lacking)?;
    let api = table(routes::ENDPOINTS, |operation| match operation.permission {
        routes::Permission::Public => "nothing",
        routes::Permission::Client => "a client",
    });
    let admin = table(admin::ENDPOINTS, |operation| match operation.permission {
        admin::Permission::Open => "nothing",
        admin::Permission::Metrics => "`admin.metrics_token` or `admin.token`",
        admin::Permission::Admin => "`admin.token`",
    });
    Ok(format!(
        "{before}{BEGIN}\n{api}\nOn the administration listener, which asks for tokens where they are configured:\n\n{admin}\n{END}{after}"
    ))
}

fn table<O>(endpoints: &'static [Endpoint<O>], needs: impl Fn(&O) -> &'static str) -> String {
    let rows = api::by_path(endpoints).flat_map(|path| path.chunk_by(|one, next| one.summary == next.summary));
    let rows = rows.filter_map(|same| {
        let first = same.first()?;
        let methods: Vec<_> = same.iter().map(|endpoint| endpoint.method.as_str()).collect();
        let needs = needs(&first.operation);
        Some(format!("| `{} {}` | {} | {needs} |\n", methods.join(", "), first.path, first.summary))
    });
    format!("| request | does | needs |\n| --- | --- | --- |\n{}", rows.collect::<String>())
}
