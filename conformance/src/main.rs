//! The command line of the conformance check.

use std::process::ExitCode;

use clap::Parser;
use conformance::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run(&std::env::vars_os().collect(), &mut anstream::stdout(), &mut std::io::stderr())
}
