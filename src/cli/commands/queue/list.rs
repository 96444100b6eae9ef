//! What waits and what is dead, as tables.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::cli::admin_client::AdminClient;
use crate::cli::records::{
    Column, Format, age, attempts, column, data, fields, named_vendors, print, print_whether_more, printable,
    read_list, reason, right, short, text, until,
};
use crate::cli::style::Style;
use crate::cli::{Failure, Terminal};

use super::ListArgs;

const WAITING: &[Column] = &[
    column("update", 0, |record| text(record, "update")),
    column("state", 1, |record| text(record, "state")),
    column("assistant", 1, |record| text(record, "assistant")),
    column("vendor", 3, |record| text(record, "vendor")),
    right("age", 2, |record| age(record, "created_at")),
    right("attempts", 4, attempts),
    right("next in", 5, |record| until(record, "next_attempt_at")),
    column("reason", 6, reason),
    column("client", 7, |record| text(record, "client")),
    column("fields", 8, fields),
];

const DEAD: &[Column] = &[
    column("update", 0, |record| text(record, "update")),
    column("assistant", 1, |record| text(record, "assistant")),
    column("vendor", 4, |record| text(record, "vendor")),
    right("dead since", 2, |record| age(record, "updated_at")),
    right("attempts", 6, attempts),
    column("reason", 5, reason),
    column("replay", 3, |record| text(&record["replay"], "state")),
    column("client", 7, |record| text(record, "client")),
    column("fields", 8, fields),
];

/// `queue list`.
pub(super) async fn waiting(
    client: &AdminClient,
    args: &ListArgs,
    format: Format,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, Failure> {
    let list = read(client, "/admin/queue", args).await?;
    if format == Format::Json {
        writeln!(terminal.out, "{list:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::for_stdout(&terminal.environment);
    let (waiting, most) = (&list["waiting"], &list["max_total"]);
    let callbacks = &list["callbacks"];
    let verb = if *waiting == 1 { "change waits" } else { "changes wait" };
    let headline = style.bold(&format!("{waiting} {verb}"));
    writeln!(
        terminal.out,
        "{headline}, at most {most} may; {} callbacks wait, {} were given up",
        callbacks["waiting"], callbacks["given_up"]
    )?;
    if let Some(why) = list["store"]["failing"].as_str() {
        writeln!(terminal.out, "{} the store fails: {}", style.red("!"), printable(why))?;
    }
    let vendors = named_vendors(&list["vendors"]);
    if !vendors.is_empty() {
        writeln!(terminal.out)?;
        print(terminal, VENDORS, &vendors, style)?;
    }
    print_records(terminal, WAITING, &list, style)
}

/// `queue dead`.
pub(super) async fn dead(
    client: &AdminClient,
    args: &ListArgs,
    format: Format,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, Failure> {
    let list = read(client, "/admin/dead", args).await?;
    if format == Format::Json {
        writeln!(terminal.out, "{list:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::for_stdout(&terminal.environment);
    if data(&list).is_empty() {
        writeln!(terminal.out, "no change is dead")?;
        return Ok(ExitCode::SUCCESS);
    }
    print_records(terminal, DEAD, &list, style)
}

async fn read(client: &AdminClient, path: &str, args: &ListArgs) -> Result<Value, Failure> {
    let parameters = [("vendor", args.vendor.as_deref()), ("assistant", args.assistant.as_deref())];
    read_list(client, path, &parameters, usize::try_from(args.limit).unwrap_or(usize::MAX)).await
}

const VENDORS: &[Column] = &[
    column("vendor", 0, |vendor| text(vendor, "vendor")),
    right("queued", 1, |vendor| vendor["queued"].to_string()),
    right("sending", 1, |vendor| vendor["sending"].to_string()),
    right("held", 1, |vendor| vendor["held"].to_string()),
    right("oldest", 1, oldest),
];

fn oldest(vendor: &Value) -> String {
    let seconds = vendor["oldest_seconds"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.map_or_else(|| "-".to_owned(), short)
}

fn print_records(
    terminal: &mut Terminal<'_>,
    columns: &[Column],
    list: &Value,
    style: Style,
) -> Result<ExitCode, Failure> {
    let records = data(list);
    if !records.is_empty() {
        if list["waiting"].is_number() {
            writeln!(terminal.out)?;
        }
        print(terminal, columns, records, style)?;
    }
    print_whether_more(terminal, list, style)?;
    Ok(ExitCode::SUCCESS)
}
