//! The environment variables, passed in once so that loading depends on its arguments only.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use crate::config::types::secret::Secret;

/// A snapshot of the environment. Any variable may hold a secret, so none is shown and all are wiped.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
    /// The names of variables that are not UTF-8; what is not UTF-8 in a name itself is replaced.
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(Secret::expose)
    }

    /// Adds variables, or replaces their values.
    #[must_use]
    pub fn with(mut self, variables: impl Iterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables.map(|(name, value)| (name, Secret::new(value))));
        self
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The variables that set keys, with the rest of their names, in the order of their names.
    ///
    /// Left out are the configuration's path, the address and key that callers export, the key of a store, and what
    /// Kubernetes sets for services whose names begin with "switchboard".
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.variables.iter().filter_map(|(name, value)| {
            let rest = after_prefix(name)?;
            let ours = !NO_SETTINGS.iter().any(|other| name.eq_ignore_ascii_case(other)) && !is_service_link(rest);
            ours.then_some((name.as_str(), rest, value.expose()))
        })
    }

    /// Whether any variable sets a key.
    #[must_use]
    pub fn has_settings(&self) -> bool {
        self.settings().next().is_some() || self.unreadable_settings().next().is_some()
    }

    /// The variables of this gateway that are not UTF-8.
    pub(crate) fn unreadable_settings(&self) -> impl Iterator<Item = &str> {
        let names = self.unreadable.iter().map(String::as_str);
        names.filter(|name| after_prefix(name).is_some_and(|rest| !is_service_link(rest)))
    }

    /// Whether the variable is set to something that is not UTF-8.
    pub(crate) fn is_unreadable(&self, name: &str) -> bool {
        self.unreadable.contains(name)
    }
}

/// What the names of variables that set keys start with.
const PREFIX: &str = "SWITCHBOARD_";

/// The variable that names the configuration file.
pub(crate) const PATH: &str = "SWITCHBOARD_CONFIG";

/// Variables with our prefix that set no keys: two are for callers, one is the name under which `keygen --store` prints the
/// key of a store, for `{ env = "…" }`, and one is for tests.
const NO_SETTINGS: &[&str] = &[
    PATH,
    "SWITCHBOARD_URL",
    "SWITCHBOARD_KEY",
    "SWITCHBOARD_STORE_KEY",
    #[cfg(feature = "failpoints")]
    "SWITCHBOARD_FAIL",
];

fn after_prefix(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(rest)
}

/// Whether Kubernetes sets the variable for a service: `switchboard` gives `PORT`, `PORT_8080_TCP_ADDR` and
/// `SERVICE_HOST`, `switchboard-admin` the same after `ADMIN_`. Keys in tables have `__` in their names.
fn is_service_link(rest: &str) -> bool {
    const WORDS: [&str; 3] = ["SERVICE_HOST", "SERVICE_PORT", "PORT"];
    let is_link = |from: &str| {
        WORDS.iter().filter_map(|word| from.strip_prefix(word)).any(str::is_empty)
            || from.starts_with("SERVICE_PORT_")
            || from.strip_prefix("PORT_").is_some_and(|port| port.starts_with(|first: char| first.is_ascii_digit()))
    };
    let starts = std::iter::once(0).chain(rest.match_indices('_').map(|(underscore, _)| underscore + 1));
    !rest.contains("__") && starts.filter_map(|start| rest.get(start..)).any(is_link)
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self::default().with(variables.into_iter())
    }
}

/// Of a variable that is not UTF-8 only the name is kept.
impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => {
                    environment.variables.insert(name, Secret::new(value));
                }
                (name, _) => {
                    let name = name.unwrap_or_else(|name| name.to_string_lossy().into_owned());
                    environment.unreadable.insert(name);
                }
            }
        }
        environment
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({} variables)", self.variables.len())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use crate::config::load::environment::Environment;

    fn settings(names: &[&str]) -> Vec<String> {
        let variables = names.iter().map(|name| ((*name).to_owned(), "value".to_owned()));
        let environment: Environment = variables.collect();
        environment.settings().map(|(_, rest, _)| rest.to_owned()).collect()
    }

    #[test]
    fn only_variables_that_set_keys_are_settings() {
        let names = [
            "SWITCHBOARD_SERVER__LISTEN",
            "switchboard_log__level",
            "SWITCHBOARD_CONFIG",
            "SWITCHBOARD_URL",
            "SWITCHBOARD_KEY",
            "SWITCHBOARD_STORE_KEY",
            "PATH",
        ];
        assert_eq!(settings(&names), ["SERVER__LISTEN", "log__level"]);
    }

    #[test]
    fn what_kubernetes_sets_for_services_of_any_name_is_left_out() {
        for service in ["", "ADMIN_", "CONFIG_", "CANARY_METRICS_", "V2_", "PORT_", "SERVICE_"] {
            for variable in [
                "SERVICE_HOST",
                "SERVICE_PORT",
                "SERVICE_PORT_HTTP",
                "SERVICE_PORT_METRICS_TLS",
                "PORT",
                "PORT_8080_TCP",
                "PORT_8080_TCP_PROTO",
                "PORT_53_UDP_ADDR",
                "PORT_132_SCTP_PORT",
            ] {
                let name = format!("SWITCHBOARD_{service}{variable}");
                assert!(settings(&[&name]).is_empty(), "{name}");
            }
        }
        for mistaken in ["SERVER__PORT", "VENDORS__SONDOS__SERVICE_HOST", "ADMIN_PORTS", "IMPORT", "PORT_X", "LISTEN"] {
            assert_eq!(settings(&[&format!("SWITCHBOARD_{mistaken}")]), [mistaken]);
        }
    }

    #[test]
    fn variables_that_are_not_utf_8_keep_their_names() {
        let variable =
            |name: &[u8], value: &[u8]| (OsString::from_vec(name.to_owned()), OsString::from_vec(value.to_owned()));
        let environment: Environment = [
            variable(b"SWITCHBOARD_LOG__LEVEL", b"\xff"),
            variable(b"switchboard_\xff", b"a"),
            variable(b"SWITCHBOARD_ADMIN_PORT", b"\xff"),
            variable(b"LS_COLORS", b"\xff"),
        ]
        .into_iter()
        .collect();
        let unreadable: Vec<_> = environment.unreadable_settings().collect();
        assert_eq!(unreadable, ["SWITCHBOARD_LOG__LEVEL", "switchboard_\u{fffd}"]);
        assert!(environment.is_unreadable("LS_COLORS") && environment.get("LS_COLORS").is_none());
    }
}
