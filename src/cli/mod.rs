//! The command line: one file per command.
//!
//! Exit codes: 0 the command succeeded; 1 it failed, or its result is negative (a configuration with problems, a
//! refused update, an unhealthy gateway, a record of several that could not be moved); 2 the command line is wrong.

mod address;
mod admin_client;
mod client;
mod commands;
mod core_dumps;
mod examples;
mod input;
mod open_files;
mod proxy_variables;
mod records;
mod style;
mod table;

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
    #[command(after_help = examples::DEMO)]
    Demo(commands::demo::Args),
    /// The gateway.
    #[command(after_help = examples::SERVE)]
    Serve(commands::serve::Args),
    #[cfg(feature = "simulators")]
    /// One vendor's documented behaviour as a server.
    #[command(after_help = examples::SIMULATE)]
    Simulate(commands::simulate::Args),
    /// Validate a configuration, without network; lists every problem.
    #[command(after_help = examples::CHECK)]
    Check(commands::check::Args),
    /// Translate a canonical update for one vendor and say what happens to each field, without network.
    #[command(after_help = examples::EXPLAIN)]
    Explain(commands::explain::Args),
    /// The field × vendor matrix.
    #[command(after_help = examples::COVERAGE)]
    Coverage(commands::coverage::Args),
    /// What an assistant, or one update, would lose by moving from one vendor to another.
    #[command(after_help = examples::COMPARE)]
    Compare(commands::compare::Args),
    /// A new API key for a client, or a key for a store, shown once, and the lines for the configuration.
    #[command(after_help = examples::KEYGEN)]
    Keygen(commands::keygen::Args),
    /// Ask a running gateway whether it is well; for container health checks.
    #[command(after_help = examples::HEALTH)]
    Health(commands::health::Args),
    /// What a running gateway is doing, as a table: vendors, rates, latencies, and what needs attention.
    #[command(after_help = examples::STATUS)]
    Status(commands::status::Args),
    /// What waits for delivery at a running gateway and what was given up; cancel it, or send it again.
    #[command(after_help = examples::QUEUE)]
    Queue(commands::queue::Args),
    /// What became of the changes of an assistant: when, what, who, and the values as the journal has them.
    #[command(after_help = examples::HISTORY)]
    History(commands::history::Args),
    /// A script that completes this command line, for your shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(commands::completions::Args),
    /// The manual page, for `man -l -`.
    #[command(after_help = examples::MAN)]
    Man,
}

/// The streams and the environment of a command.
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
            Command::Demo(args) => commands::demo::run(args, &mut terminal),
            Command::Serve(args) => commands::serve::run(&args, &mut terminal),
            #[cfg(feature = "simulators")]
            Command::Simulate(args) => commands::simulate::run(args, &mut terminal),
            Command::Check(args) => commands::check::run(&args, &mut terminal),
            Command::Explain(args) => commands::explain::run(&args, &mut terminal),
            Command::Coverage(args) => commands::coverage::run(&args, &mut terminal),
            Command::Compare(args) => commands::compare::run(&args, &mut terminal),
            Command::Keygen(args) => commands::keygen::run(&args, &mut terminal),
            Command::Health(args) => commands::health::run(&args, &mut terminal),
            Command::Status(args) => commands::status::run(&args, &mut terminal),
            Command::Queue(args) => commands::queue::run(&args, &mut terminal),
            Command::History(args) => commands::history::run(&args, &mut terminal),
            Command::Completions(args) => commands::completions::run(&args, &mut terminal),
            Command::Man => commands::man::run(&mut terminal),
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

/// Whether the reader of the output went away, as in `switchboard coverage | head`, which is no failure.
fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    failure.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The runtime of the commands that use the network.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Runs what uses the network.
fn block_on<T>(network: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = runtime()?;
    let done = runtime.block_on(network);
    shut_down(runtime);
    Ok(done)
}

/// Shuts a runtime down without waiting for a name look-up that hangs.
fn shut_down(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
}
