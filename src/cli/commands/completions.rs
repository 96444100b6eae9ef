//! `switchboard completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::{Cli, Failure, Terminal};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    // Written at once: the generator panics when its reader goes away.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "switchboard", &mut script);
    terminal.out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
