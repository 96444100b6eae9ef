//! `switchboard coverage`: the field × vendor matrix.

use std::process::ExitCode;

use clap::ValueEnum;
use vendors::document::{Named, coverage_json, coverage_markdown, coverage_table};
use vendors::registry;

use crate::cli::{Failure, Terminal};

/// Arguments of `coverage`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Markdown,
    Json,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let named: Vec<Named<'_>> = registry::DIALECTS.iter().map(|dialect| (dialect.name, *dialect)).collect();
    match args.format {
        Format::Table => write!(terminal.out, "{}", coverage_table(&named))?,
        Format::Markdown => write!(terminal.out, "{}", coverage_markdown(&named))?,
        Format::Json => writeln!(terminal.out, "{:#}", coverage_json(&named))?,
    }
    Ok(ExitCode::SUCCESS)
}
