//! `switchboard status`: what a running gateway is doing, as a table.

pub(crate) mod table;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::config::Environment;

use crate::cli::admin_client::{AdminArgs, AdminClient};
use crate::cli::style::Style;
use crate::cli::table::width;
use crate::cli::{Failure, Terminal, block_on};

/// Moves the cursor to the top; lines are overwritten in place, so that nothing flickers.
const CURSOR_HOME: &str = "\u{1b}[H";
const CLEAR_LINE_END: &str = "\u{1b}[K\n";
const CLEAR_SCREEN_END: &str = "\u{1b}[J";

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    admin: AdminArgs,
    /// Repeat every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
    /// Print the JSON document instead
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let client = AdminClient::new(&args.admin, &terminal.environment)?;
    let renderer = Renderer { json: args.json, environment: &terminal.environment };
    match args.watch {
        None => write!(terminal.out, "{}", renderer.render(&block_on(status(&client))??))?,
        Some(seconds) => block_on(watch(&client, renderer, Duration::from_secs(seconds), terminal.out))??,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the status again and again until the output is closed; a gateway that does not answer may come back.
async fn watch(
    client: &AdminClient,
    renderer: Renderer<'_>,
    every: Duration,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let screen = std::io::stdout().is_terminal();
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        let text = match status(client).await {
            Ok(status) => renderer.render(&status),
            Err(failure) => format!("{failure}\n"),
        };
        if screen {
            write!(out, "{CURSOR_HOME}{}{CLEAR_SCREEN_END}", text.replace('\n', CLEAR_LINE_END))?;
        } else {
            writeln!(out, "{text}")?;
        }
        out.flush()?;
    }
}

/// The format of the output.
#[derive(Clone, Copy)]
struct Renderer<'e> {
    json: bool,
    environment: &'e Environment,
}

impl Renderer<'_> {
    fn render(self, status: &Value) -> String {
        if self.json {
            return format!("{status:#}\n");
        }
        table::text(status, Style::for_stdout(self.environment), width(self.environment))
    }
}

/// The status document.
async fn status(client: &AdminClient) -> Result<Value, Failure> {
    let status = client.get("/admin/status").await?;
    let is_status = status["vendors"].is_object();
    is_status
        .then_some(status)
        .ok_or_else(|| format!("{} is not the administration of a gateway", client.base()).into())
}
