//! Which vendor account is verified: one of the configuration, or one put together on the command line.

use std::path::PathBuf;
use std::sync::Arc;

use vendors::registry;

use crate::config::{self, Environment, Known, Settings};
use crate::gateway::Gateway;
use crate::upstream::{Account, Tasks};

/// Where an account is described.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The account's name in the configuration, or a dialect's.
    pub vendor: String,
    /// The configuration file, if one is named.
    pub config: Option<PathBuf>,
    /// Another base URL than the configured or documented one.
    pub base_url: Option<String>,
    /// The environment variable that holds the token.
    pub token_env: Option<String>,
}

/// An account to be verified, and what keeps it going.
pub struct Chosen {
    /// The account.
    pub account: Arc<Account>,
    /// Its tasks.
    pub tasks: Tasks,
}

impl Source {
    /// Builds the account; call it within a tokio runtime.
    ///
    /// # Errors
    /// A sentence for people: the configuration is not valid or has no such account.
    pub fn choose(&self, environment: &Environment) -> Result<Chosen, String> {
        let settings = self.settings(environment)?;
        let tasks = Tasks::default();
        let gateway = Gateway::build(settings, None, &tasks).map_err(|error| error.to_string())?;
        let account = gateway.routes.accounts.get(self.vendor.as_str()).cloned();
        Ok(Chosen { account: account.ok_or_else(|| self.unknown(&gateway.settings))?, tasks })
    }

    fn settings(&self, environment: &Environment) -> Result<Settings, String> {
        let known = Known::of_registry();
        let loaded = if self.config.is_some() || (self.base_url.is_none() && self.token_env.is_none()) {
            config::load(self.config.as_deref(), &self.overriding(environment), &known)
        } else {
            config::load_text(&self.table()?, environment, &known)
        };
        loaded.map_err(|problems| format!("the configuration cannot be used:\n\n{problems}"))
    }

    /// A configuration with nothing but this account.
    fn table(&self) -> Result<String, String> {
        let dialect = registry::dialect(&self.vendor).ok_or_else(|| self.unknown_dialect())?;
        let base_url = self.base_url.as_deref().unwrap_or(dialect.base_url);
        let variable = self.token_env.clone().unwrap_or_else(|| format!("{}_TOKEN", dialect.name.to_uppercase()));
        Ok(format!(
            "[auth]\nmode = \"none\"\n[vendors.{}]\nbase_url = {}\ntoken = {{ env = {} }}\n",
            dialect.name,
            quoted(base_url),
            quoted(&variable)
        ))
    }

    /// The environment in which the configured account has the command line's base URL and token.
    fn overriding(&self, environment: &Environment) -> Environment {
        let name = self.vendor.replace(['-', '.'], "_");
        let key = |rest: &str| format!("SWITCHBOARD_VENDORS__{name}__{rest}");
        let base_url = self.base_url.as_ref().map(|url| (key("BASE_URL"), url.clone()));
        let token = self.token_env.as_ref().map(|name| (key("TOKEN__ENV"), name.clone()));
        environment.clone().with(base_url.into_iter().chain(token))
    }

    fn unknown(&self, settings: &Settings) -> String {
        let known: Vec<_> = settings.vendors.keys().map(String::as_str).collect();
        format!(
            "the configuration has no account `{}`; it has {}. With --base-url or --token-env, name a dialect instead",
            self.vendor,
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )
    }

    fn unknown_dialect(&self) -> String {
        let known: Vec<_> = registry::DIALECTS.iter().map(|dialect| dialect.name).collect();
        format!("no vendor is called `{}`; there are {}", self.vendor, known.join(", "))
    }
}

/// A TOML string, which JSON's are.
fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    vendors::json::push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
