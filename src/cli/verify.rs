//! `switchboard verify`: a vendor account held against what its pages say.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::verify::{Chosen, Finding, FindingKind, Outcome, Report, Source, Wishes, verify};

use super::paint::Paint;
use super::{Failure, Terminal, end, runtime};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An account of the configuration; with --base-url or --token-env, and without --config, a dialect
    vendor: String,
    /// The vendor's id of an assistant to verify with
    #[arg(long, value_name = "ID")]
    assistant: String,
    /// The configuration file [default: $SWITCHBOARD_CONFIG, else config/switchboard.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Another base URL than the configured or documented one
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The environment variable that holds the token [default: <DIALECT>_TOKEN]
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// Send updates too: each field set to the value that it has, and some that the vendor must refuse
    #[arg(long)]
    write: bool,
    /// Time between two requests, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 700)]
    pause: u64,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// Neither yes nor no: it could not be found out.
const NO_ANSWER: u8 = 2;

pub(super) fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let paint = Paint::for_stdout(&terminal.environment);
    let wishes = Wishes { assistant: args.assistant, write: args.write, pause: Duration::from_millis(args.pause) };
    let source =
        Source { vendor: args.vendor, config: args.config, base_url: args.base_url, token_env: args.token_env };
    let report = match report(&source, &wishes, terminal) {
        Ok(report) => report,
        Err(failure) => {
            writeln!(terminal.err, "error: {failure}")?;
            return Ok(NO_ANSWER.into());
        }
    };
    if args.json {
        writeln!(terminal.out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report, paint, terminal.out)?;
    }
    if let Some(stopped) = &report.stopped {
        writeln!(terminal.err, "error: stopped early: {stopped}")?;
        return Ok(NO_ANSWER.into());
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(source: &Source, wishes: &Wishes, terminal: &mut Terminal<'_>) -> Result<Report, Failure> {
    let runtime = runtime()?;
    let verified = runtime.block_on(async {
        let Chosen { account, tasks: _tasks } = source.choose(&terminal.environment)?;
        // Not to standard output, so that the report can be piped; a closed terminal stops nothing.
        let mut say = |what: &str| drop(writeln!(terminal.err, "{what}"));
        verify(&account, wishes, &mut say).await.map_err(Failure::from)
    });
    end(runtime);
    verified
}

fn print(report: &Report, paint: Paint, out: &mut dyn Write) -> std::io::Result<()> {
    let Report { vendor, dialect, assistant, reads, writes, .. } = report;
    let title = format!("{vendor} (dialect {dialect}), assistant {assistant}");
    writeln!(out, "{}", paint.bold(&title))?;
    writeln!(
        out,
        "{reads} requests read, {writes} updates sent{}",
        if report.write { "" } else { " (--write sends some)" }
    )?;
    findings(&report.findings, paint, out)?;
    for (outcome, what) in [
        (Outcome::Confirmed, "took the value that it has"),
        (Outcome::Shown, "shown by the list"),
        (Outcome::NotShown, "not shown by the list, so not verified"),
        (Outcome::NoValue, "without a value that an update could set"),
        (Outcome::LeftAlone, "left alone, because it holds a credential"),
    ] {
        let fields = report.fields_with(outcome);
        let many = matches!(outcome, Outcome::Confirmed | Outcome::Shown);
        if many && !fields.is_empty() {
            writeln!(out, "{} fields {what}", fields.len())?;
        } else if !fields.is_empty() {
            writeln!(out, "{}", paint.dim(&format!("{what}: {}", fields.join(", "))))?;
        }
    }
    let changed = report.findings.iter().any(|finding| finding.kind == FindingKind::Changed);
    if report.read_again && !changed {
        writeln!(out, "read again: the assistant is as it was")?;
    }
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn findings(findings: &[Finding], paint: Paint, out: &mut dyn Write) -> std::io::Result<()> {
    if findings.is_empty() {
        return writeln!(out, "{}", paint.green("no drift"));
    }
    let name = |finding: &Finding| match (finding.field, &finding.vendor_field) {
        (Some(field), Some(name)) if field != name => format!("{field} ({name})"),
        (Some(field), _) => field.to_owned(),
        (None, Some(name)) => name.clone(),
        (None, None) => "-".to_owned(),
    };
    let names: Vec<_> = findings.iter().map(name).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
    let kinds = widest(&mut findings.iter().map(|finding| finding.kind.as_str().len()));
    let width = widest(&mut names.iter().map(|name| name.chars().count())).min(40);
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    writeln!(out, "{}", paint.red(&format!("drift: {} {noun}", findings.len())))?;
    for (finding, name) in findings.iter().zip(&names) {
        let kind = paint.bold(&format!("{:kinds$}", finding.kind.as_str()));
        writeln!(out, "  {kind}  {name:width$}  {}", finding.detail)?;
    }
    Ok(())
}
