//! `switchboard health`: exit status for container health checks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use http::{Request, StatusCode, Uri};
use http_body_util::Full;

use crate::cli::address::Administration;
use crate::cli::admin_client::no_such_path;
use crate::cli::client::send;
use crate::cli::{Failure, Terminal, block_on};

/// What every gateway has at its admin listener.
const LIVEZ: &str = "/livez";
const READYZ: &str = "/readyz";

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to ask, /livez unless it has a path [default: `server.admin_listen` of the configuration]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The gateway's configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    timeout: u64,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let (asked, wrong) = Administration::probe(args.url.as_deref(), args.config.as_deref(), &terminal.environment)?;
    if let Some(wrong) = wrong {
        writeln!(terminal.err, "warning: {wrong}; asking {}", asked.base)?;
    }
    let path = asked.path.as_deref().unwrap_or(LIVEZ);
    let url: Uri = format!("{}{path}", asked.base).parse()?;
    let request = Request::get(url.clone()).body(Full::default())?;
    let response = block_on(send(request, Duration::from_secs(args.timeout), asked.certificate.as_deref()))??;
    if response.status() == StatusCode::NOT_FOUND && [LIVEZ, READYZ].contains(&path) {
        return Err(no_such_path(&asked.base, path));
    }
    writeln!(terminal.out, "{url} answered {}", response.status())?;
    Ok(if response.status().is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
