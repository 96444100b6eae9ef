//! `switchboard check`: everything that is wrong with a configuration, without network.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::{self, Problems, WatchedFile};
use crate::reload::Source;

use crate::cli::{Failure, Terminal};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the JSON Schema of the configuration instead, for editors
    #[arg(long)]
    schema: bool,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    if args.schema {
        writeln!(terminal.out, "{:#}", config::schema())?;
        return Ok(ExitCode::SUCCESS);
    }
    let source = Source { path: args.config.clone(), environment: terminal.environment.clone() };
    let file = source.file();
    if file.is_none() && !source.environment.has_settings() {
        writeln!(terminal.err, "error: there is no configuration to check: {}", nothing_named())?;
        return Ok(ExitCode::FAILURE);
    }
    let settings = match source.load() {
        Ok(settings) => settings,
        Err(problems) => {
            refused(&problems, terminal.err)?;
            return Ok(ExitCode::FAILURE);
        }
    };
    if !settings.warnings.is_empty() {
        writeln!(terminal.err, "{}", settings.warnings)?;
    }
    match file {
        Some(_) => name_files(&settings.files, terminal.err)?,
        None => writeln!(terminal.err, "only SWITCHBOARD_ variables are read: {}", nothing_named())?,
    }
    writeln!(
        terminal.out,
        "configuration is valid: {}, {}, {}",
        counted(settings.vendors.len(), "vendor"),
        counted(settings.assistants.len(), "named assistant"),
        counted(settings.clients.len(), "client"),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Writes why a configuration cannot be used, and which files it consists of.
pub(crate) fn refused(problems: &Problems, err: &mut dyn Write) -> std::io::Result<()> {
    writeln!(err, "{problems}")?;
    name_files(problems.files(), err)
}

fn name_files(files: &[WatchedFile], err: &mut dyn Write) -> std::io::Result<()> {
    let read = WatchedFile::list(files);
    if read.is_empty() { Ok(()) } else { writeln!(err, "read {read}") }
}

/// Why there is no file, and what to do.
pub(crate) fn nothing_named() -> String {
    const HERE: &str = "switchboard.toml";
    let none = "neither `--config` nor SWITCHBOARD_CONFIG names a file, and there is no `config/switchboard.toml`";
    match Path::new(HERE).exists() {
        true => format!("{none}; to read the `{HERE}` in this folder, add `--config {HERE}`"),
        false => format!("{none}; name a file with `--config FILE`"),
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
