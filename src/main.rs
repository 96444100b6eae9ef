//! The command line: parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::Cli;

/// A tenth less CPU for an update than with glibc's, and less memory kept (docs/decisions/0020-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run(std::env::vars_os().collect(), &mut std::io::stdout(), &mut std::io::stderr())
}
