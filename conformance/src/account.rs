//! Builds the account to check: one of the configuration, or one put together from the command line.

use std::path::PathBuf;

use switchboard::config::{self, Environment, Settings};
use vendors::registry;

use crate::SingleAccount;

/// Where an account is described.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The account's name in the configuration, or a dialect's.
    pub vendor: String,
    /// The configuration file, if one is named.
    pub config: Option<PathBuf>,
    /// A base URL that replaces the configured or documented one.
    pub base_url: Option<String>,
    /// The environment variable that holds the token.
    pub token_env: Option<String>,
}

impl Source {
    /// Builds the account. Call it within a tokio runtime.
    ///
    /// # Errors
    /// A sentence for the operator: the configuration is not valid or has no such account.
    pub fn build(&self, environment: &Environment) -> Result<SingleAccount, String> {
        if let Some(name) = self.token_env.as_deref().filter(|name| environment.get(name).is_none()) {
            return Err(format!("the environment variable {name} (--token-env) is not set"));
        }
        let settings = self.settings(environment)?;
        if !settings.vendors.contains_key(&self.vendor) {
            return Err(self.unknown_account(&settings));
        }
        SingleAccount::build(settings, &self.vendor).map_err(|error| error.to_string())
    }

    fn settings(&self, environment: &Environment) -> Result<Settings, String> {
        let loaded = if self.config.is_some() || (self.base_url.is_none() && self.token_env.is_none()) {
            config::load(self.config.as_deref(), &self.with_overrides(environment))
        } else {
            config::load_text(&self.one_account(environment)?, environment)
        };
        loaded.map_err(|problems| format!("the configuration cannot be used:\n\n{problems}"))
    }

    /// A configuration that holds only this account.
    fn one_account(&self, environment: &Environment) -> Result<String, String> {
        let dialect = registry::dialect(&self.vendor).ok_or_else(|| self.unknown_dialect())?;
        let base_url = self.base_url.as_deref().unwrap_or(dialect.base_url);
        let variable = self.token_env.clone().unwrap_or_else(|| format!("{}_TOKEN", dialect.name.to_uppercase()));
        if environment.get(&variable).is_none() {
            return Err(format!("the environment variable {variable} is not set; name another one with --token-env"));
        }
        Ok(format!(
            "[auth]\nmode = \"none\"\n[vendors.{}]\nbase_url = {}\ntoken = {{ env = {} }}\n",
            dialect.name,
            quoted(base_url),
            quoted(&variable)
        ))
    }

    /// The environment, in which the command line's base URL and token override those of the configured account.
    fn with_overrides(&self, environment: &Environment) -> Environment {
        let name = self.vendor.replace(['-', '.'], "_");
        let key = |rest: &str| format!("SWITCHBOARD_VENDORS__{name}__{rest}");
        let base_url = self.base_url.as_ref().map(|url| (key("BASE_URL"), url.clone()));
        let token = self.token_env.as_ref().map(|name| (key("TOKEN__ENV"), name.clone()));
        environment.clone().with(base_url.into_iter().chain(token))
    }

    fn unknown_account(&self, settings: &Settings) -> String {
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

/// A TOML string; every JSON string is one.
fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    vendors::json::push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
