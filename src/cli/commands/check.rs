//! `switchboard check`: everything that is wrong with a configuration, without network.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{self};
use crate::reload::Source;

use crate::cli::{Failure, Terminal};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the JSON Schema of the configuration instead, for editors
    #[arg(long, conflicts_with = "config")]
    schema: bool,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    if args.schema {
        writeln!(terminal.out, "{:#}", config::schema())?;
        return Ok(ExitCode::SUCCESS);
    }
    let source = Source { path: args.config.clone(), environment: terminal.environment.clone() };
    match source.load() {
        Ok(settings) => {
            if !settings.warnings.is_empty() {
                writeln!(terminal.err, "{}", settings.warnings)?;
            }
            writeln!(
                terminal.out,
                "configuration is valid: {}, {}, {}",
                counted(settings.vendors.len(), "vendor"),
                counted(settings.assistants.len(), "named assistant"),
                counted(settings.clients.len(), "client"),
            )?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            writeln!(terminal.err, "{problems}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
