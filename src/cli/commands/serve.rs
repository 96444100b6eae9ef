//! `switchboard serve`: the gateway.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::app::{App, StartError};
use crate::net::listener::BindError;
use crate::net::shutdown::DrainOutcome;
use crate::net::signals::Signals;
use crate::reload::{self, Source};
use crate::telemetry::log;

use super::check::{nothing_named, refused};
use crate::cli::{Failure, Terminal, core_dumps, open_files, proxy_variables, runtime, shut_down};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    // Before a secret is read.
    let core_dumps = core_dumps::switch_off();
    let source = Source { path: args.config.clone(), environment: terminal.environment.clone() };
    let settings = match source.load() {
        Ok(settings) => settings,
        Err(problems) => {
            refused(&problems, terminal.err)?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let control = log::start(&reload::log(&settings.log))?;
    if source.file().is_none() {
        tracing::warn!("no configuration file is read: {}", nothing_named());
    }
    if let Err(error) = core_dumps {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
    open_files::raise();
    proxy_variables::warn_of(&terminal.environment);
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let signals = Signals::install()?;
        let app = App::start(settings, Some(source), Some(control.clone())).await.map_err(explained)?;
        Ok::<_, Failure>(app.run(signals).await)
    });
    shut_down(runtime);
    control.flush();
    Ok(match ended? {
        DrainOutcome::Drained => ExitCode::SUCCESS,
        DrainOutcome::Forced | DrainOutcome::Abandoned { .. } => ExitCode::FAILURE,
    })
}

/// The error with what to do, if an address cannot be listened on.
fn explained(error: StartError) -> Failure {
    let StartError::Bind(BindError { address, source }) = &error else { return error.into() };
    let help = match source.kind() {
        ErrorKind::AddrInUse => format!(
            "another program listens there; `ss -ltnp 'sport = :{}'` shows which; end it, or choose another port in `[server]`",
            address.port()
        ),
        ErrorKind::PermissionDenied => "ports below 1024 need the capability CAP_NET_BIND_SERVICE (systemd: \
                                        `AmbientCapabilities=CAP_NET_BIND_SERVICE`); grant it, or choose a higher port in `[server]`"
            .to_owned(),
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address; `ip address` lists those that it has".to_owned()
        }
        _ => return error.into(),
    };
    format!("{error}\n  help: {help}").into()
}
