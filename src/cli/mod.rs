//! The command line: one file per command.
//!
//! Exit codes: 0 done; 1 the command ran and the answer is no (a configuration with problems, a refused update, an
//! unhealthy gateway) or it failed; 2 the command line itself is wrong.

mod check;
mod client;
mod compare;
mod completions;
mod coverage;
#[cfg(feature = "simulators")]
mod demo;
mod explain;
mod health;
mod heap;
mod input;
mod keygen;
mod man;
mod open_files;
mod paint;
mod serve;
#[cfg(feature = "simulators")]
mod simulate;
mod status;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Environment;

/// One canonical API in front of several AI voice assistant vendors.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, about, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "simulators")]
    /// Five vendor simulators and a gateway in front of them, on loopback.
    Demo(demo::Args),
    /// The gateway.
    Serve(serve::Args),
    #[cfg(feature = "simulators")]
    /// One vendor's documented behaviour as a server.
    Simulate(simulate::Args),
    /// Validate a configuration, without network; lists every problem.
    Check(check::Args),
    /// Translate a canonical update for one vendor and say what happens to each field, without network.
    Explain(explain::Args),
    /// The field × vendor matrix.
    Coverage(coverage::Args),
    /// What an assistant, or one update, would lose by moving from one vendor to another.
    Compare(compare::Args),
    /// A new API key for a client, shown once, and the line for the configuration.
    Keygen(keygen::Args),
    /// Ask a running gateway whether it is well; for container health checks.
    Health(health::Args),
    /// What a running gateway is doing, as a table: vendors, rates, latencies, and what needs attention.
    Status(status::Args),
    /// A script that completes this command line, for your shell.
    Completions(completions::Args),
    /// The manual page, for `man -l -`.
    Man,
}

/// What a command has to write to and read from.
pub(crate) struct Terminal<'a> {
    pub(crate) environment: Environment,
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
}

/// A command that could not do its work.
pub(crate) type Failure = Box<dyn std::error::Error>;

impl Cli {
    /// Runs the command.
    pub fn run(self, environment: Environment, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
        let mut terminal = Terminal { environment, out, err };
        let result = match self.command {
            #[cfg(feature = "simulators")]
            Command::Demo(args) => demo::run(args, &mut terminal),
            Command::Serve(args) => serve::run(&args, &mut terminal),
            #[cfg(feature = "simulators")]
            Command::Simulate(args) => simulate::run(args, &mut terminal),
            Command::Check(args) => check::run(&args, &mut terminal),
            Command::Explain(args) => explain::run(&args, &mut terminal),
            Command::Coverage(args) => coverage::run(&args, &mut terminal),
            Command::Compare(args) => compare::run(&args, &mut terminal),
            Command::Keygen(args) => keygen::run(&args, &mut terminal),
            Command::Health(args) => health::run(&args, &mut terminal),
            Command::Status(args) => status::run(&args, &mut terminal),
            Command::Completions(args) => completions::run(&args, &mut terminal),
            Command::Man => man::run(&mut terminal),
        };
        match result {
            Ok(code) => code,
            Err(failure) if is_broken_pipe(&*failure) => ExitCode::SUCCESS,
            Err(failure) => {
                let _unwritable = writeln!(terminal.err, "error: {failure}");
                ExitCode::FAILURE
            }
        }
    }
}

/// `switchboard coverage | head` is no failure.
fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    failure.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The runtime of the commands that use the network.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Ends a runtime without waiting for a name look-up that hangs.
fn end(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
}
