//! `switchboard history`: what became of the changes of an assistant, newest first.

mod values;

use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::Value;

use crate::cli::admin_client::{AdminArgs, AdminClient};
use crate::cli::records::{
    Column, Format, attempts, column, data, fields, print, print_whether_more, printable, read_list, reason, right,
    rows, text,
};
use crate::cli::style::Style;
use crate::cli::table::width;
use crate::cli::{Failure, Terminal, block_on};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The assistant: a name, `vendor:id` or an id
    #[arg(value_name = "ASSISTANT")]
    assistant: String,
    /// Only changes by this client
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// Only changes that ended so, or wait so; several with commas between them
    #[arg(long, value_name = "STATES")]
    state: Option<String>,
    /// Only changes of this kind: update, create, delete or copy
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Only changes with this field
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Only changes from that time on: as 2026-01-31T08:00:00Z, or so long ago, as 2d
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<String>,
    /// Only changes before that time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<String>,
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Show the value of each field and the one before it, where the journal has them
    #[arg(long)]
    values: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    admin: AdminArgs,
}

const COLUMNS: &[Column] = &[
    column("time", 0, |record| when(&record["created_at"])),
    column("state", 0, |record| text(record, "state")),
    column("what", 2, |record| text(record, "operation")),
    column("fields", 1, fields),
    column("who", 3, |record| text(record, "client")),
    right("attempts", 4, attempts),
    column("reason", 6, reason),
    column("update", 5, |record| text(record, "update")),
];

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let client = AdminClient::new(&args.admin, &terminal.environment)?;
    let list = block_on(read(&client, args))??;
    if args.format == Format::Json {
        writeln!(terminal.out, "{list:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let records = data(&list);
    if records.is_empty() {
        writeln!(terminal.out, "no change of {} is recorded", printable(&args.assistant))?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::for_stdout(&terminal.environment);
    match args.values {
        true => print_with_values(terminal, records, style, width(&terminal.environment))?,
        false => print(terminal, COLUMNS, records, style)?,
    }
    print_whether_more(terminal, &list, style)?;
    Ok(ExitCode::SUCCESS)
}

async fn read(client: &AdminClient, args: &Args) -> Result<Value, Failure> {
    let parameters = [
        ("assistant", Some(args.assistant.as_str())),
        ("client", args.client.as_deref()),
        ("state", args.state.as_deref()),
        ("operation", args.operation.as_deref()),
        ("field", args.field.as_deref()),
        ("since", args.since.as_deref()),
        ("until", args.until.as_deref()),
    ];
    read_list(client, "/admin/history", &parameters, usize::try_from(args.limit).unwrap_or(usize::MAX)).await
}

/// Each record's line with the values of its fields below it.
fn print_with_values(
    terminal: &mut Terminal<'_>,
    records: &[Value],
    style: Style,
    width: Option<u16>,
) -> Result<(), Failure> {
    let changes = values::changes(records);
    // Only columns that never wrap, so that a record is a line.
    let columns: Vec<_> = COLUMNS.iter().copied().filter(|column| column.title != "fields").collect();
    let mut lines = rows(&columns, records, style, width).into_iter();
    if let Some(titles) = lines.next() {
        writeln!(terminal.out, "{titles}")?;
    }
    for (line, changes) in lines.zip(changes) {
        writeln!(terminal.out, "{line}")?;
        for change in changes {
            writeln!(terminal.out, "    {}", values::cut(&change, width.map(|width| width.saturating_sub(4))))?;
        }
    }
    Ok(())
}

/// A time to the second, in UTC.
fn when(time: &Value) -> String {
    let text = time.as_str().unwrap_or_default();
    text.get(..19).map_or_else(|| "-".to_owned(), |second| second.replace('T', " "))
}

/// A time on the command line, as the gateway reads it.
fn time(text: &str) -> Result<String, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let then = SystemTime::now().checked_sub(ago).filter(|then| *then > SystemTime::UNIX_EPOCH);
        return Ok(humantime::format_rfc3339_seconds(then.unwrap_or(SystemTime::UNIX_EPOCH)).to_string());
    }
    match time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a time is as 2026-01-31T08:00:00Z, or so long ago, as 90m or 2d".to_owned()),
    }
}
