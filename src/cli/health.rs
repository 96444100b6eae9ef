//! `switchboard health`: exit status for container health checks.

use std::process::ExitCode;
use std::time::Duration;

use http::Uri;

use super::client::get;
use super::{Failure, Terminal, end, runtime};

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090/livez")]
    url: Uri,
    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    timeout: u64,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    let asked = runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(args.timeout), get(args.url.clone())).await });
    end(runtime);
    let reply = match asked {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => return Err(format!("{} does not answer: {error}", args.url).into()),
        Err(_) => return Err(format!("{} did not answer within {} s", args.url, args.timeout).into()),
    };
    writeln!(terminal.out, "{} answered {}", args.url, reply.status)?;
    Ok(if reply.status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
