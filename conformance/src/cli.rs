//! The command line: checks one account and prints the report.
//!
//! Exit codes: 0 no drift; 1 drift, or the report could not be written; 2 the check could not be completed, or the
//! command line is wrong.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::Parser;
use switchboard::config::Environment;

use crate::{Finding, FindingKind, Options, Outcome, Progress, Report, Source, verify};

/// Checks a live vendor account against the vendor's documentation: read-only, or with updates that change nothing.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, about, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// An account of the configuration; with --base-url or --token-env, and without --config, a dialect
    vendor: String,
    /// The vendor's id of an assistant to check with
    #[arg(long, value_name = "ID")]
    assistant: String,
    /// The configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A base URL that replaces the configured or documented one
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The environment variable that holds the token [default: for the dialect sondos, SONDOS_TOKEN]
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// Send updates too: each field set to the value that it has, and some that the vendor must refuse; then make, change
    /// and delete an assistant of its own
    #[arg(long)]
    write: bool,
    /// With --write, if the assistant is published: allow that updates leave a draft version behind
    #[arg(long, requires = "write")]
    draft: bool,
    /// Time between two requests, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 700)]
    pause: u64,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// The exit code when the check could not be completed.
const INCOMPLETE: u8 = 2;

impl Cli {
    /// Runs the check. The report goes to `out`; progress and errors go to `err`.
    pub fn run(self, environment: &Environment, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
        match self.check(environment, out, err) {
            Ok(code) => code,
            // `conformance … | head` is not a failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                let _unwritable = writeln!(err, "error: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn check(self, environment: &Environment, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<ExitCode> {
        let json = self.json;
        let report = match self.report(environment, err)? {
            Ok(report) => report,
            Err(reason) => {
                writeln!(err, "error: {reason}")?;
                return Ok(INCOMPLETE.into());
            }
        };
        if json {
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        } else {
            print(&report, out)?;
        }
        if let Some(stopped) = &report.stopped {
            writeln!(err, "error: stopped early: {stopped}")?;
            return Ok(INCOMPLETE.into());
        }
        Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn report(self, environment: &Environment, err: &mut dyn Write) -> io::Result<Result<Report, String>> {
        let pause = Duration::from_millis(self.pause);
        let options = Options { assistant: self.assistant, write: self.write, draft: self.draft, pause };
        let source =
            Source { vendor: self.vendor, config: self.config, base_url: self.base_url, token_env: self.token_env };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let report = runtime.block_on(async {
            let account = source.build(environment)?.reporting(progress());
            // Not to standard output, so that the report can be piped; an unwritable terminal stops nothing.
            let mut announce = |what: &str| {
                let clear = if progress().is_some() { CLEAR_LINE } else { "" };
                drop(writeln!(err, "{clear}{what}"));
            };
            verify(&account, &options, &mut announce).await.map_err(|stop| stop.to_string())
        });
        if progress().is_some() {
            write!(err, "{CLEAR_LINE}")?;
        }
        // A name lookup that hangs must not delay the end.
        runtime.shutdown_timeout(Duration::from_secs(1));
        Ok(report)
    }
}

const CLEAR_LINE: &str = "\r\u{1b}[K";

/// A counter of requests on standard error, if that is a terminal.
fn progress() -> Option<Progress> {
    let count = |number: usize| drop(write!(io::stderr(), "{CLEAR_LINE}{number} requests …"));
    io::stderr().is_terminal().then(|| Box::new(count) as Progress)
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();

fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Report { vendor, dialect, assistant, reads, writes, .. } = report;
    writeln!(out, "{BOLD}{vendor} (dialect {dialect}), assistant {assistant}{BOLD:#}")?;
    let hint = if report.write { "" } else { " (--write sends some)" };
    writeln!(out, "{reads} requests read, {writes} requests that write{hint}")?;
    print_findings(&report.findings, out)?;
    let is_nested = vendors::registry::dialect(dialect).is_some_and(|dialect| dialect.plan.is_some());
    for (outcome, what) in [
        (Outcome::Confirmed, "took the value that it has"),
        (Outcome::Shown, if is_nested { "told" } else { "shown by the list" }),
        (
            Outcome::NotShown,
            if is_nested { "not told, so not verified" } else { "not shown by the list, so not verified" },
        ),
        (Outcome::NoValue, "without a value that an update could set"),
        (Outcome::LeftAlone, "left alone, because it holds a credential"),
    ] {
        let fields = report.fields_with(outcome);
        let many = matches!(outcome, Outcome::Confirmed | Outcome::Shown);
        if many && !fields.is_empty() {
            writeln!(out, "{} fields {what}", fields.len())?;
        } else if !fields.is_empty() {
            writeln!(out, "{DIM}{what}: {}{DIM:#}", fields.join(", "))?;
        }
    }
    let changed = report.findings.iter().any(|finding| finding.kind == FindingKind::Changed);
    if report.read_again && !changed {
        writeln!(out, "read again: the assistant is as it was")?;
    }
    for own in report.own_assistants.iter().filter(|own| own.deleted) {
        writeln!(out, "made, read, changed and deleted: {} ({})", own.name, own.id)?;
    }
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn print_findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return writeln!(out, "{GREEN}no drift{GREEN:#}");
    }
    let name = |finding: &Finding| match (finding.field, &finding.vendor_field) {
        (Some(field), Some(name)) if field != name => format!("{field} ({name})"),
        (Some(field), _) => field.to_owned(),
        (None, Some(name)) => name.clone(),
        (None, None) => "-".to_owned(),
    };
    let names: Vec<_> = findings.iter().map(name).collect();
    let kinds = findings.iter().map(|finding| finding.kind.as_str().len()).max().unwrap_or_default();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default().min(40);
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    writeln!(out, "{RED}drift: {} {noun}{RED:#}", findings.len())?;
    for (finding, name) in findings.iter().zip(&names) {
        let kind = finding.kind.as_str();
        writeln!(out, "  {BOLD}{kind:kinds$}{BOLD:#}  {name:width$}  {}", finding.detail)?;
        if let [page, table] = finding.files.as_slice() {
            writeln!(out, "  {:kinds$}  {:width$}  {DIM}if it stays: {page}, then {table}{DIM:#}", "", "")?;
        }
    }
    Ok(())
}
