//! Requests to the admin listener of a gateway, with its token.

use std::path::PathBuf;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::config::Environment;

use super::Failure;
use super::address::Administration;
use super::client::send;

/// Where the admin listener is, and its token.
#[derive(Debug, clap::Args)]
pub(crate) struct AdminArgs {
    /// The gateway's admin listener [default: `server.admin_listen` of the configuration]
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
    /// The gateway's configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "url", global = true)]
    config: Option<PathBuf>,
    /// The environment variable that holds the token [default without --url: `admin.token` of the configuration]
    #[arg(long, value_name = "NAME", global = true)]
    token_env: Option<String>,
    /// How long to wait for each response, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3, global = true)]
    timeout: u64,
}

/// The admin listener of a gateway.
pub(crate) struct AdminClient {
    base: String,
    token: Option<HeaderValue>,
    timeout: Duration,
    certificate: Option<PathBuf>,
}

/// A problem that the gateway answered with.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// Its code.
    pub(crate) code: String,
    /// What happened.
    pub(crate) detail: String,
}

impl AdminClient {
    pub(crate) fn new(args: &AdminArgs, environment: &Environment) -> Result<Self, Failure> {
        let found = Administration::find(args.url.as_deref(), args.config.as_deref(), environment)?;
        let token = args.token_env.as_deref().map(|name| {
            let token = environment.get(name);
            let token = token.ok_or_else(|| format!("the environment variable `{name}` is not set"))?;
            let header = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
            header.map_err(|_| Failure::from(format!("the environment variable `{name}` holds no token")))
        });
        let configured =
            found.token.and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok());
        let token = token.transpose()?.or(configured);
        let timeout = Duration::from_secs(args.timeout);
        Ok(Self { base: found.base, token, timeout, certificate: found.certificate })
    }

    /// The address, for messages.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The document at a path of administration, as JSON text and read.
    ///
    /// # Errors
    /// It does not answer, refuses, or is no administration.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        let base = &self.base;
        match self.call(Method::GET, path).await? {
            Ok(document) if document.is_object() => Ok(document),
            Ok(_) => Err(format!("{base} is not the administration of a gateway").into()),
            // What the command line asks for is wrong; the detail says it whole.
            Err(Refusal { code, detail }) if code == "invalid_request" => Err(detail.into()),
            Err(Refusal { code, detail }) => Err(format!("{base} refuses with `{code}`: {detail}").into()),
        }
    }

    /// Posts to a path of administration.
    ///
    /// # Errors
    /// It does not answer, or is no administration. What it refuses is the inner error.
    pub(crate) async fn post(&self, path: &str) -> Result<Result<Value, Refusal>, Failure> {
        self.call(Method::POST, path).await
    }

    async fn call(&self, method: Method, path: &str) -> Result<Result<Value, Refusal>, Failure> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let mut request = request.header(ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        let base = &self.base;
        let response = send(request.body(Full::default())?, self.timeout, self.certificate.as_deref()).await?;
        let document: Option<Value> = serde_json::from_slice(response.body()).ok();
        match (response.status(), document) {
            (status, Some(document)) if status.is_success() => Ok(Ok(document)),
            (StatusCode::UNAUTHORIZED, _) => Err(self.unauthenticated()),
            (StatusCode::NOT_FOUND, Some(problem)) if problem["code"] == "not_found" => Err(no_such_path(base, path)),
            (_, Some(problem)) if problem["code"].is_string() => {
                let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
                Ok(Err(Refusal { code: text("code"), detail: text("detail") }))
            }
            (status, _) => Err(format!("{base} is not the administration of a gateway: it answered {status}").into()),
        }
    }

    fn unauthenticated(&self) -> Failure {
        let base = &self.base;
        match &self.token {
            Some(_) => format!("{base} refuses this token: it is not that of `admin.token`").into(),
            None => format!(
                "{base} wants the token of `admin.token`: name the environment variable that holds it with --token-env"
            )
            .into(),
        }
    }
}

/// What answers has no such path, as a gateway's API has none of administration.
pub(crate) fn no_such_path(base: &str, path: &str) -> Failure {
    let path = path.split('?').next().unwrap_or_default();
    format!(
        "{base} has no {path}: it is a gateway's API, or an older gateway; administration is at `server.admin_listen`, name \
         that with --url"
    )
    .into()
}

/// A path with these parameters as its query; those without a value are left out.
pub(crate) fn path_with(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut target = path.to_owned();
    for (name, value) in parameters {
        if let Some(value) = value {
            target.push(if target.contains('?') { '&' } else { '?' });
            target += &format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
    }
    target
}
