//! The environment variables, passed in once so that loading depends on its arguments only.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::config::types::secret::Secret;

/// A snapshot of the environment. Any variable may hold a secret, so none is shown and all are wiped.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Secret>);

impl Environment {
    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }

    /// Adds variables, or replaces their values.
    #[must_use]
    pub fn with(mut self, variables: impl Iterator<Item = (String, String)>) -> Self {
        self.0.extend(variables.map(|(name, value)| (name, Secret::new(value))));
        self
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The variables that set keys, with the rest of their names, in the order of their names.
    ///
    /// Left out are the configuration's path and what container platforms set for a service called "switchboard".
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
            let ours =
                prefix.eq_ignore_ascii_case(PREFIX) && !name.eq_ignore_ascii_case(PATH) && !is_service_link(rest);
            ours.then_some((name.as_str(), rest, value.expose()))
        })
    }
}

/// What the names of variables that set keys start with.
const PREFIX: &str = "SWITCHBOARD_";

/// The variable that names the configuration file.
pub(crate) const PATH: &str = "SWITCHBOARD_CONFIG";

/// Names such as `PORT`, `PORT_8080_TCP_ADDR` and `SERVICE_HOST`, which Kubernetes sets.
fn is_service_link(rest: &str) -> bool {
    rest == "PORT"
        || rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
        || rest.strip_prefix("PORT_").is_some_and(|port| port.starts_with(|first: char| first.is_ascii_digit()))
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
    }
}

/// Variables that are not UTF-8 cannot be meant for the gateway and are left out.
impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load::environment::Environment;

    #[test]
    fn only_variables_that_set_keys_are_settings() {
        let environment: Environment = [
            ("SWITCHBOARD_SERVER__LISTEN", "a"),
            ("switchboard_log__level", "b"),
            ("SWITCHBOARD_CONFIG", "c"),
            ("SWITCHBOARD_PORT", "tcp://10.0.0.1:8080"),
            ("SWITCHBOARD_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("SWITCHBOARD_SERVICE_HOST", "10.0.0.1"),
            ("SWITCHBOARD_SERVICE_PORT_HTTP", "8080"),
            ("PATH", "/bin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
        let rests: Vec<&str> = environment.settings().map(|(_, rest, _)| rest).collect();
        assert_eq!(rests, ["SERVER__LISTEN", "log__level"]);
    }
}
