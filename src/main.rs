//! The command line: parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run(std::env::vars_os().collect(), &mut std::io::stdout(), &mut std::io::stderr())
}
