//! Environment variables that set proxies for other programs.

use crate::config::Environment;

/// The variables, which programs read in small and in capital letters.
const NAMES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// Warns once if any is set: the gateway calls vendors directly, and says so instead of failing without a reason.
pub(super) fn warn_of(environment: &Environment) {
    let variables = set(environment).join(", ");
    if !variables.is_empty() {
        tracing::warn!(
            variables,
            "proxies that environment variables set are not used: vendors are called directly (docs/operating.md, Proxies)"
        );
    }
}

fn set(environment: &Environment) -> Vec<&str> {
    let is_set = |name: &&str| environment.get(name).is_some_and(|value| !value.is_empty());
    let is_ours = |name: &&str| NAMES.iter().any(|ours| name.eq_ignore_ascii_case(ours));
    environment.names().filter(is_ours).filter(is_set).collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::proxy_variables::*;

    #[test]
    fn variables_that_are_set_are_named_however_they_are_written() {
        let environment =
            [("HTTPS_PROXY", "http://p:1"), ("https_proxy", "http://p:1"), ("ALL_PROXY", ""), ("PROXY", "x")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        assert_eq!(set(&environment), ["HTTPS_PROXY", "https_proxy"]);
    }
}
