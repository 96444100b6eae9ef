//! `switchboard status`: what a running gateway is doing, as a table.

pub(crate) mod table;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;

use crate::config::Environment;

use crate::cli::address::Administration;
use crate::cli::client::send;
use crate::cli::style::Style;
use crate::cli::table::width;
use crate::cli::{Failure, Terminal, runtime, shut_down};

/// Moves the cursor to the top; lines are overwritten in place, so that nothing flickers.
const CURSOR_HOME: &str = "\u{1b}[H";
const CLEAR_LINE_END: &str = "\u{1b}[K\n";
const CLEAR_SCREEN_END: &str = "\u{1b}[J";

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The gateway's admin listener [default: `server.admin_listen` of the configuration]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The gateway's configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    /// The environment variable that holds the token [default without --url: `admin.token` of the configuration]
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// Repeat every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
    /// Print the JSON document instead
    #[arg(long)]
    json: bool,
    /// How long to wait for the response, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    timeout: u64,
}

/// The admin listener of a gateway.
struct AdminClient {
    base: String,
    token: Option<HeaderValue>,
    timeout: Duration,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let client = AdminClient::new(args, &terminal.environment)?;
    let renderer = Renderer { json: args.json, environment: &terminal.environment };
    let runtime = runtime()?;
    let result = match args.watch {
        None => runtime
            .block_on(client.status())
            .and_then(|status| Ok(write!(terminal.out, "{}", renderer.render(&status))?)),
        Some(seconds) => runtime.block_on(watch(&client, renderer, Duration::from_secs(seconds), terminal.out)),
    };
    shut_down(runtime);
    result.map(|()| ExitCode::SUCCESS)
}

/// Prints the status again and again until the output is closed; a gateway that does not answer may come back.
async fn watch(
    client: &AdminClient,
    renderer: Renderer<'_>,
    every: Duration,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let screen = std::io::stdout().is_terminal();
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        let text = match client.status().await {
            Ok(status) => renderer.render(&status),
            Err(failure) => format!("{failure}\n"),
        };
        if screen {
            write!(out, "{CURSOR_HOME}{}{CLEAR_SCREEN_END}", text.replace('\n', CLEAR_LINE_END))?;
        } else {
            writeln!(out, "{text}")?;
        }
        out.flush()?;
    }
}

/// The format of the output.
#[derive(Clone, Copy)]
struct Renderer<'e> {
    json: bool,
    environment: &'e Environment,
}

impl Renderer<'_> {
    fn render(self, status: &Value) -> String {
        if self.json {
            return format!("{status:#}\n");
        }
        table::text(status, Style::for_stdout(self.environment), width(self.environment))
    }
}

impl AdminClient {
    fn new(args: &Args, environment: &Environment) -> Result<Self, Failure> {
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
        Ok(Self { base: found.base, token, timeout: Duration::from_secs(args.timeout) })
    }

    async fn status(&self) -> Result<Value, Failure> {
        let mut request = Request::get(format!("{}/admin/status", self.base)).header(ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        let base = &self.base;
        let response = send(request.body(Full::default())?, self.timeout).await?;
        let document: Option<Value> = serde_json::from_slice(response.body()).ok();
        match (response.status(), document) {
            (StatusCode::OK, Some(status)) if status["vendors"].is_object() => Ok(status),
            (StatusCode::UNAUTHORIZED, _) => Err(self.unauthenticated()),
            (StatusCode::NOT_FOUND, Some(problem)) if problem["code"] == "not_found" => {
                Err(format!("{base} is a gateway's API; its status is at `server.admin_listen`, name that with --url")
                    .into())
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
