//! `switchboard health`: exit status for container health checks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use http::{Request, Uri};
use http_body_util::Full;

use crate::cli::address::Administration;
use crate::cli::client::send;
use crate::cli::{Failure, Terminal, runtime, shut_down};

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
    let asked = Administration::find(args.url.as_deref(), args.config.as_deref(), &terminal.environment)?;
    let url: Uri = format!("{}{}", asked.base, asked.path.as_deref().unwrap_or("/livez")).parse()?;
    let runtime = runtime()?;
    let request = Request::get(url.clone()).body(Full::default())?;
    let sent = runtime.block_on(send(request, Duration::from_secs(args.timeout), asked.certificate.as_deref()));
    shut_down(runtime);
    let response = sent?;
    writeln!(terminal.out, "{url} answered {}", response.status())?;
    Ok(if response.status().is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
