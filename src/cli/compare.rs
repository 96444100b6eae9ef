//! `switchboard compare`: what an assistant would lose by moving.

use std::process::ExitCode;

use vendors::document::compare;

use super::input::dialect;
use super::paint::Paint;
use super::{Failure, Terminal};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The vendor it is at
    from: String,
    /// The vendor it would move to
    to: String,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let (from, to) = (dialect(&args.from)?, dialect(&args.to)?);
    let comparison = compare(from, to);
    let paint = Paint::for_stdout(&terminal.environment);
    let heading = |text: String| paint.bold(&text);
    writeln!(
        terminal.out,
        "{}",
        heading(format!("Lost by moving from {} to {}: {}", from.title, to.title, comparison.losses.len()))
    )?;
    for loss in &comparison.losses {
        writeln!(terminal.out, "  {:<32} {}", loss.field.name(), loss.detail)?;
    }
    let names = |fields: &[vendors::Field]| fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(", ");
    writeln!(terminal.out, "{}", heading(format!("Gained: {}", comparison.gains.len())))?;
    writeln!(terminal.out, "  {}", names(&comparison.gains))?;
    writeln!(
        terminal.out,
        "{}",
        heading(format!("To be looked up anew, since ids are each vendor's own: {}", comparison.resolve.len()))
    )?;
    writeln!(terminal.out, "  {}", names(&comparison.resolve))?;
    Ok(ExitCode::SUCCESS)
}
