//! `switchboard completions`: a script that completes the command line in a shell.

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
    // Generated into memory first, because the generator panics when the output is closed.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "switchboard", &mut script);
    terminal.out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
