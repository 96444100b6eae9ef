//! `switchboard queue`: what waits for delivery and what was given up, and moving it.
//!
//! Exit codes: 0 everything was listed or moved; 1 the gateway does not answer, or refused to move some; 2 the command line
//! is wrong.

mod list;
mod moving;
mod progress;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::admin_client::{AdminArgs, AdminClient};
use crate::cli::records::Format;
use crate::cli::{Failure, Terminal, block_on};

/// Arguments of `queue`.
#[derive(Debug, clap::Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    admin: AdminArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits, newest first, and how much by vendor; without a command, too.
    List(ListArgs),
    /// Changes that were given up, newest first.
    Dead(ListArgs),
    /// Send dead changes again, as new records. Exits with 1 if one of them was refused.
    Replay(ReplayArgs),
    /// Withdraw changes that wait. Exits with 1 if one of them was refused.
    Cancel(CancelArgs),
}

/// Which records a list has.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those of this vendor account
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<String>,
    /// Only those of this assistant: a name, `vendor:id` or an id
    #[arg(long, value_name = "ASSISTANT")]
    assistant: Option<String>,
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct ReplayArgs {
    /// The records: their member `update`
    #[arg(value_name = "UPDATE")]
    updates: Vec<String>,
    /// All dead changes that were not sent again yet, the newest first, so that an older one never overwrites it
    #[arg(long, conflicts_with = "updates")]
    all: bool,
    /// With --all: only those of this vendor account
    #[arg(long, value_name = "VENDOR", requires = "all")]
    vendor: Option<String>,
    /// With --all: only those of this assistant
    #[arg(long, value_name = "ASSISTANT", requires = "all")]
    assistant: Option<String>,
    /// Send only the fields that no newer change has
    #[arg(long)]
    remaining: bool,
    /// Send all fields, over newer changes
    #[arg(long, conflicts_with_all = ["remaining", "all"])]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct CancelArgs {
    /// The records: their member `update`
    #[arg(value_name = "UPDATE", required = true)]
    updates: Vec<String>,
}

/// The exit code of a command line that is wrong, as clap has it.
const USAGE: u8 = 2;

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    if let Some(Command::Replay(ReplayArgs { updates, all: false, .. })) = &args.command
        && updates.is_empty()
    {
        writeln!(terminal.err, "error: name the records (`switchboard queue dead` lists them), or say `--all`")?;
        return Ok(ExitCode::from(USAGE));
    }
    let client = AdminClient::new(&args.admin, &terminal.environment)?;
    let all = ListArgs { vendor: None, assistant: None, limit: 50 };
    block_on(async {
        match &args.command {
            None => list::waiting(&client, &all, args.format, terminal).await,
            Some(Command::List(list)) => list::waiting(&client, list, args.format, terminal).await,
            Some(Command::Dead(list)) => list::dead(&client, list, args.format, terminal).await,
            Some(Command::Replay(replay)) => moving::replay(&client, replay, args.format, terminal).await,
            Some(Command::Cancel(cancel)) => moving::cancel(&client, &cancel.updates, args.format, terminal).await,
        }
    })?
}
