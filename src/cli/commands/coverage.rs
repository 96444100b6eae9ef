//! `switchboard coverage`: the field × vendor matrix.

use std::process::ExitCode;

use clap::ValueEnum;
use comfy_table::{ColumnConstraint, Row};
use vendors::document::{Named, coverage_json, coverage_markdown, coverage_rows, differs};
use vendors::json::excerpt;
use vendors::{Field, registry};

use crate::cli::input::{VendorName, dialect};
use crate::cli::table::{natural_width, table, width};
use crate::cli::{Failure, Terminal};
use crate::value::Glob;

/// Arguments of `coverage`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these vendors [default: all]
    #[arg(value_name = "VENDOR", value_parser = VendorName)]
    vendors: Vec<String>,
    /// Only fields that these vendors support in different ways
    #[arg(long)]
    differs: bool,
    /// Only fields whose names match a pattern such as `voice*`; may be given several times
    #[arg(long = "field", value_name = "GLOB")]
    fields: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Columns, cut to the width of the terminal
    Table,
    Markdown,
    Json,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let mut named: Vec<Named<'_>> = registry::DIALECTS.iter().map(|dialect| (dialect.name, *dialect)).collect();
    if !args.vendors.is_empty() {
        named = args.vendors.iter().map(|name| Ok((name.as_str(), dialect(name)?))).collect::<Result<_, Failure>>()?;
    }
    let globs: Vec<_> = args.fields.iter().map(Glob::new).collect();
    if let Some(name) =
        args.fields.iter().find(|name| !Field::ALL.iter().any(|field| Glob::new(name).matches(field.name())))
    {
        let rest = match Field::nearest(name) {
            Some(field) => format!("did you mean `{}`?", field.name()),
            None => "`switchboard coverage` lists all fields".to_owned(),
        };
        return Err(format!("no field matches `{}`; {rest}", excerpt(name, 64)).into());
    }
    let is_wanted = |field: &Field| {
        (globs.is_empty() || globs.iter().any(|glob| glob.matches(field.name())))
            && (!args.differs || differs(&named, *field))
    };
    let fields: Vec<_> = Field::ALL.into_iter().filter(is_wanted).collect();
    match args.format {
        Format::Table => writeln!(terminal.out, "{}", text(&named, &fields, width(&terminal.environment)))?,
        Format::Markdown => write!(terminal.out, "{}", coverage_markdown(&named, &fields))?,
        Format::Json => writeln!(terminal.out, "{:#}", coverage_json(&named, &fields))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each field. If the lines are too long, the types are left out and cells are cut.
fn text(named: &[Named<'_>], fields: &[Field], width: Option<u16>) -> String {
    let (head, body) = coverage_rows(named, fields);
    let rows = std::iter::once(head).chain(body).map(|cells| {
        let mut row = Row::from(cells);
        row.max_height(1);
        row
    });
    let mut table = table(rows, 0, width);
    let is_narrow = width.is_some_and(|width| natural_width(&table) > width);
    let constraints = [ColumnConstraint::ContentWidth, ColumnConstraint::Hidden];
    for (column, constraint) in table.column_iter_mut().zip(constraints).filter(|_| is_narrow) {
        column.set_constraint(constraint);
    }
    table.set_truncation_indicator("…").trim_fmt()
}
