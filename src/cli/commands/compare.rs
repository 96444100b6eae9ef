//! `switchboard compare`: what an assistant, or one update, would lose by moving from one vendor to another.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;
use vendors::document::{compare, compare_update};
use vendors::{Dialect, Field, Update, registry};

use crate::cli::input::{VendorName, dialect, read};
use crate::cli::style::Style;
use crate::cli::table::{table, width};
use crate::cli::{Failure, Terminal};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The vendor it is at
    #[arg(value_parser = VendorName)]
    from: String,
    /// The vendor it would move to
    #[arg(value_parser = VendorName)]
    to: String,
    /// A canonical update to compare instead of all fields; `-` is standard input
    file: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The fields under the three headings of the output.
#[derive(Default)]
struct Losses {
    lost: Vec<(String, String)>,
    gained: Vec<String>,
    resolve: Vec<String>,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let (from, to) = (dialect(&args.from)?, dialect(&args.to)?);
    let losses = match &args.file {
        None => of_vendors(from, to),
        Some(file) => {
            let body = read(file)?;
            let update = Update::read(&body).map_err(|error| format!("the update is not valid JSON: {error}"))?;
            of_update(&update, from, to)?
        }
    };
    let (subject, what) = if args.file.is_some() { ("this update", "pointer") } else { ("an assistant", "field") };
    if args.format == Format::Json {
        let lost: Vec<_> = losses.lost.iter().map(|(place, detail)| json!({ what: place, "detail": detail })).collect();
        let (gained, resolve) = (&losses.gained, &losses.resolve);
        let document =
            json!({ "from": from.name, "to": to.name, "lost": lost, "gained": gained, "look_up_again": resolve });
        writeln!(terminal.out, "{document:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&losses, from, to, subject, terminal)?;
    Ok(ExitCode::SUCCESS)
}

fn of_vendors(from: &Dialect, to: &Dialect) -> Losses {
    let comparison = compare(from, to);
    let names = |fields: &[Field]| fields.iter().map(|field| field.name().to_owned()).collect();
    Losses {
        lost: comparison.losses.into_iter().map(|loss| (loss.field.name().to_owned(), loss.detail)).collect(),
        gained: names(&comparison.gains),
        resolve: names(&comparison.resolve),
    }
}

/// What the second vendor does not support although the first does. An update that is invalid at both is an error.
fn of_update(update: &Update<'_>, from: &'static Dialect, to: &'static Dialect) -> Result<Losses, Failure> {
    let compared = compare_update(update, (from.name, from), (to.name, to), &registry::Names).map_err(|wrong| {
        let wrong: Vec<_> = wrong.iter().map(|item| format!("  {:<32} {}", item.pointer, item.detail)).collect();
        format!("the update is wrong for both vendors:\n{}", wrong.join("\n"))
    })?;
    Ok(Losses {
        lost: compared.losses.into_iter().map(|item| (item.pointer, item.detail)).collect(),
        gained: compared.gains,
        resolve: compared.resolve.iter().map(|field| field.name().to_owned()).collect(),
    })
}

fn print(
    losses: &Losses,
    from: &Dialect,
    to: &Dialect,
    subject: &str,
    terminal: &mut Terminal<'_>,
) -> std::io::Result<()> {
    let (style, width) = (Style::for_stdout(&terminal.environment), width(&terminal.environment));
    let out = &mut terminal.out;
    let names = |names: &[String], indent, out: &mut dyn std::io::Write| match names {
        [] => Ok(()),
        names => writeln!(out, "{}", table([[names.join(", ")]], indent, width).trim_fmt()),
    };
    let heading = format!("Lost by moving {subject} from {} to {}: {}", from.title, to.title, losses.lost.len());
    writeln!(out, "{}", style.bold(&heading))?;
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (place, detail) in &losses.lost {
        match groups.iter_mut().find(|(known, _)| known == detail) {
            Some((_, places)) => places.push(place.clone()),
            None => groups.push((detail, vec![place.clone()])),
        }
    }
    for (detail, places) in groups {
        names(&places, 2, out)?;
        writeln!(out, "{}", table([[detail]], 6, width).trim_fmt())?;
    }
    writeln!(out, "{}", style.bold(&format!("Gained: {}", losses.gained.len())))?;
    names(&losses.gained, 2, out)?;
    let resolve = format!("To be looked up again, since ids are each vendor's own: {}", losses.resolve.len());
    writeln!(out, "{}", style.bold(&resolve))?;
    names(&losses.resolve, 2, out)
}
